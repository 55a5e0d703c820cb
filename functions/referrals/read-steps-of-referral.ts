import { readStepsOfReferral as route } from "../../shared/contract/correspondence.ts";
import { enquiryStepsSource } from "../../shared/domain/enquiry-steps.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { discloseRecord, disclosureDependencies } from "./disclose-record.ts";
import { stepsOf } from "./steps-of-referral.ts";

const dependencies = () => {
  const given = disclosureDependencies();
  return { ...given, tables: { ...given.tables, ...tableNames("entries") } };
};

const readStepsOfReferral: Operation<typeof route, ReturnType<typeof dependencies>> = (call, deps) =>
  discloseRecord(call, deps, "enquiry-steps", [], async (referral) =>
    reply(route, 200, { items: await stepsOf(call, deps, referral), guidance: enquiryStepsSource }),
  );

export const handler = serve(route, dependencies, readStepsOfReferral);
