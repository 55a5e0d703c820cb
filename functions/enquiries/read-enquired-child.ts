import { enquiredChild } from "../../shared/contract/enquired-child.ts";
import { readEnquiredChild as route } from "../../shared/contract/enquiries.ts";
import { canonicalJson } from "../../shared/domain/canonical.ts";
import { isGoingOn } from "../../shared/domain/enquiry.ts";
import { recordErased } from "../../shared/domain/refusals.ts";
import { recordReply } from "../../shared/http/record-reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { readAll } from "../../shared/store/dynamo.ts";
import { recordPlace } from "../../shared/store/records.ts";
import {
  type DisclosureDependencies,
  discloseOfEnquiry,
  disclosureDependencies,
  openPart,
} from "./disclose-of-enquiry.ts";

const readEnquiredChild: Operation<typeof route, DisclosureDependencies> = (call, deps) =>
  discloseOfEnquiry(call, deps, "record", async (enquiry, client) => {
    if (!isGoingOn(enquiry.state)) throw recordErased();
    const answer = recordReply(call.accept, client);
    const subject = { kind: "enquiry", id: enquiry.enquiryId } as const;
    const [item] = await readAll(deps.dynamo, [recordPlace(deps.tables.records, subject, "record")]);
    const text = await openPart(call, deps, enquiry, "record", item);
    return answer(canonicalJson(enquiredChild.parse(JSON.parse(text))));
  });

export const handler = serve(route, disclosureDependencies, readEnquiredChild);
