import { listAuthorities as route } from "../../shared/contract/contact-list.ts";
import { defaultLimit } from "../../shared/contract/listing.ts";
import { dateInEngland } from "../../shared/domain/working-days.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { type Authority, existsOn, readAuthorities } from "../../shared/store/directory.ts";
import { pageOf } from "../../shared/store/page.ts";
import { bearsGssCode, type DirectoryDependencies, directoryDependencies, presentAuthority } from "./find-authority.ts";

const listAuthorities: Operation<typeof route, DirectoryDependencies> = async (call, { dynamo, tables }) => {
  const { region, nation, q, limit = defaultLimit, cursor } = call.query;
  const today = dateInEngland(call.now);
  const authorities = (await readAuthorities(dynamo, tables.directory))
    .filter((each) => existsOn(each, today))
    .filter((each) => region === undefined || folded(each.region) === folded(region))
    .filter((each) => nation === undefined || each.nation === nation)
    .filter((each) => q === undefined || matches(each, q))
    .map(presentAuthority);
  const list = ["authorities", region ?? null, nation ?? null, q ?? null];
  return reply(
    route,
    200,
    pageOf(authorities, ({ code }) => code, { list, limit, cursor }),
  );
};

const matches = (authority: Authority, q: string): boolean =>
  authority.code === q ||
  bearsGssCode(authority, q.toUpperCase()) ||
  folded(authority.name).includes(folded(q)) ||
  folded(authority.councilName).includes(folded(q));

const folded = (text: string): string => text.trim().toLocaleLowerCase("en-GB");

export const handler = serve(route, directoryDependencies, listAuthorities);
