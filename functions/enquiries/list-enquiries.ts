import { listEnquiries as route } from "../../shared/contract/enquiries.ts";
import { defaultLimit } from "../../shared/contract/listing.ts";
import { enquiryOfAnyKindOf } from "../../shared/contract/present.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { readEnquiryBox } from "../../shared/store/enquiries.ts";
import { tableNames } from "../../shared/store/table-names.ts";

const dependencies = () => ({ dynamo: dynamoClient(), tables: tableNames("enquiries") });

const listEnquiries: Operation<typeof route, ReturnType<typeof dependencies>> = async (call, { dynamo, tables }) => {
  const { authority } = call.caller;
  const { box, state, limit = defaultLimit, cursor } = call.query;
  const { items, next } = await readEnquiryBox(dynamo, tables.enquiries, authority, { box, state, limit, cursor });
  return reply(route, 200, { items: items.map((enquiry) => enquiryOfAnyKindOf(enquiry, authority)), next });
};

export const handler = serve(route, dependencies, listEnquiries);
