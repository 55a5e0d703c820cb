import { readEnquiryNotes as route } from "../../shared/contract/enquiries.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { readAll } from "../../shared/store/dynamo.ts";
import { notePart, recordPlace } from "../../shared/store/records.ts";
import {
  type DisclosureDependencies,
  discloseOfEnquiry,
  disclosureDependencies,
  openPart,
} from "./disclose-of-enquiry.ts";

const readEnquiryNotes: Operation<typeof route, DisclosureDependencies> = (call, deps) =>
  discloseOfEnquiry(call, deps, "notes", async (enquiry) => {
    const subject = { kind: "enquiry", id: enquiry.enquiryId } as const;
    const stored = await readAll(
      deps.dynamo,
      enquiry.notes.map((sequence) => recordPlace(deps.tables.records, subject, notePart(sequence))),
    );
    const items = await Promise.all(
      enquiry.notes.map(async (sequence, index) => ({
        sequence,
        note: await openPart(call, deps, enquiry, notePart(sequence), stored[index]),
      })),
    );
    return reply(route, 200, { items });
  });

export const handler = serve(route, disclosureDependencies, readEnquiryNotes);
