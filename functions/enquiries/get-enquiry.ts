import { getEnquiry as route } from "../../shared/contract/enquiries.ts";
import { enquiryOfAnyKindOf } from "../../shared/contract/present.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { dynamoClient, readAll } from "../../shared/store/dynamo.ts";
import { enquiryOfAnyKindFrom, enquiryPlace } from "../../shared/store/enquiries.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { ownEnquiry } from "./act-on-enquiry.ts";

const dependencies = () => ({ dynamo: dynamoClient(), tables: tableNames("enquiries") });

const getEnquiry: Operation<typeof route, ReturnType<typeof dependencies>> = async (call, { dynamo, tables }) => {
  const [item] = await readAll(dynamo, [enquiryPlace(tables.enquiries, call.params.id)]);
  return reply(
    route,
    200,
    enquiryOfAnyKindOf(ownEnquiry(enquiryOfAnyKindFrom(item), call.caller), call.caller.authority),
  );
};

export const handler = serve(route, dependencies, getEnquiry);
