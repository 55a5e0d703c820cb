import { getEmailDomains as route } from "../../shared/contract/contact-list.ts";
import { etagOf, reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { dynamoClient, readAll } from "../../shared/store/dynamo.ts";
import { emailDomainsFrom, emailDomainsPlace } from "../../shared/store/email-domains.ts";
import { tableNames } from "../../shared/store/table-names.ts";

const dependencies = () => ({ dynamo: dynamoClient(), tables: tableNames("directory") });

const getEmailDomains: Operation<typeof route, ReturnType<typeof dependencies>> = async (_call, deps) => {
  const [item] = await readAll(deps.dynamo, [emailDomainsPlace(deps.tables.directory)]);
  const { domains, version } = emailDomainsFrom(item);
  return reply(route, 200, { domains, version }, etagOf({ version }));
};

export const handler = serve(route, dependencies, getEmailDomains);
