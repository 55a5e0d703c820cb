import { healthz as route } from "../../shared/contract/oversight.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { readAuthority } from "../../shared/store/directory.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { tableNames } from "../../shared/store/table-names.ts";

const dependencies = () => ({ dynamo: dynamoClient(), tables: tableNames("directory") });

/** Healthy is an exchange that can read: a down database is answered as 503 like everywhere else. */
const getHealth: Operation<typeof route, ReturnType<typeof dependencies>> = async (_call, { dynamo, tables }) => {
  await readAuthority(dynamo, tables.directory, "201");
  return reply(route, 200, { status: "ok" });
};

export const handler = serve(route, dependencies, getHealth);
