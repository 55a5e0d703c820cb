import { listEnquiryEvents as route } from "../../shared/contract/enquiries.ts";
import { defaultLimit } from "../../shared/contract/listing.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { readCaseEvents } from "../../shared/store/case-events.ts";
import { dynamoClient, readAll } from "../../shared/store/dynamo.ts";
import { enquiryOfAnyKindFrom, enquiryPlace } from "../../shared/store/enquiries.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { ownEnquiry } from "./act-on-enquiry.ts";

const dependencies = () => ({ dynamo: dynamoClient(), tables: tableNames("enquiries", "caseEvents") });

const listEnquiryEvents: Operation<typeof route, ReturnType<typeof dependencies>> = async (
  call,
  { dynamo, tables },
) => {
  const [item] = await readAll(dynamo, [enquiryPlace(tables.enquiries, call.params.id)]);
  const { enquiryId } = ownEnquiry(enquiryOfAnyKindFrom(item), call.caller);
  const { limit = defaultLimit, cursor } = call.query;
  const events = await readCaseEvents(dynamo, tables.caseEvents, { kind: "enquiry", id: enquiryId }, { limit, cursor });
  return reply(route, 200, events);
};

export const handler = serve(route, dependencies, listEnquiryEvents);
