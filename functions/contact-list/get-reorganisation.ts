import { getReorganisation as route } from "../../shared/contract/reorganisations.ts";
import { notFound } from "../../shared/domain/refusals.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { dynamoClient, readAll } from "../../shared/store/dynamo.ts";
import { reorganisationFrom, reorganisationPlace } from "../../shared/store/reorganisations.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { showReorganisation } from "./show-reorganisation.ts";

const dependencies = () => ({ dynamo: dynamoClient(), tables: tableNames("reorganisations") });

const getReorganisation: Operation<typeof route, ReturnType<typeof dependencies>> = async (
  call,
  { dynamo, tables },
) => {
  const [item] = await readAll(dynamo, [reorganisationPlace(tables.reorganisations, call.params.id)]);
  const reorganisation = reorganisationFrom(item);
  if (!reorganisation) throw notFound();
  return reply(route, 200, showReorganisation(reorganisation));
};

export const handler = serve(route, dependencies, getReorganisation);
