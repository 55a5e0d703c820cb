import { environment } from "../../shared/aws/environment.ts";
import { listSteps as route } from "../../shared/contract/cme-list.ts";
import { enquirySteps, enquiryStepsSource, missingSteps } from "../../shared/domain/enquiry-steps.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { kmsClient } from "../../shared/keys/kms.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { discloseOfEntry } from "./act-on-entry.ts";
import { notesOf } from "./notes-of-steps.ts";
import { recordsOf, stepOf } from "./present-steps.ts";

const dependencies = () => ({
  dynamo: dynamoClient(),
  tables: tableNames("proofs", "clients", "entries", "records", "caseEvents"),
  kms: kmsClient(),
  recordKey: environment("RECORD_KEY").RECORD_KEY,
});
type Dependencies = ReturnType<typeof dependencies>;

const listSteps: Operation<typeof route, Dependencies> = (call, deps) =>
  discloseOfEntry(call, deps, "steps", async (entry) => {
    const notes = await notesOf(entry, call.requestId, deps);
    return reply(route, 200, {
      items: enquirySteps.map(({ code, text }) => ({
        step: code,
        text,
        records: entry.steps
          .filter(({ step }) => step === code)
          .map((record) => ({ ...stepOf(record), note: notes.get(record.sequence) ?? null })),
      })),
      missing: missingSteps(recordsOf(entry)),
      guidance: enquiryStepsSource,
    });
  });

export const handler = serve(route, dependencies, listSteps);
