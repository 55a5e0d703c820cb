import { statistics as route } from "../../shared/contract/oversight.ts";
import { censusBucket, listCounter, yearBucket } from "../../shared/domain/counters.ts";
import { englandFrom } from "../../shared/domain/england.ts";
import { notYourOwn, validationFailed } from "../../shared/domain/refusals.ts";
import {
  academicYearName,
  academicYearOf,
  cells,
  censusDateOf,
  censusFrom,
  type Term,
} from "../../shared/domain/statistics.ts";
import { type AuthorityFigures, statisticsCsv } from "../../shared/domain/statistics-csv.ts";
import { shownNumber, shownParts } from "../../shared/domain/suppression.ts";
import { startOfDayAfter } from "../../shared/domain/working-days.ts";
import type { Call } from "../../shared/http/call.ts";
import { reply } from "../../shared/http/reply.ts";
import { preferredMedia } from "../../shared/http/representation.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { readCounter, summed } from "../../shared/store/counters.ts";
import { type Authority, existsOn, readAuthorities, readAuthority } from "../../shared/store/directory.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { tableNames } from "../../shared/store/table-names.ts";

const dependencies = () => ({ dynamo: dynamoClient(), tables: tableNames("directory", "counters") });
type Dependencies = ReturnType<typeof dependencies>;

/** From what was counted as it happened: one read for each authority, and nobody's record or entry is looked at. */
const getStatistics: Operation<typeof route, Dependencies> = async (call, deps) => {
  const media = preferredMedia(call.accept, ["application/json", "text/csv"]);
  const { term } = call.query;
  const censusDate = endedCensusDay(term, call.now);
  const authorities = await authoritiesAsked(call, censusDate, deps);
  const items = await Promise.all(authorities.map((each) => figuresOf(each, censusDate, deps)));
  const england = isOfEngland(call) ? englandFrom(items, academicYearBefore(censusDate)) : undefined;
  const headers = { vary: "Accept" };
  if (media === "text/csv") {
    const contentType = "text/csv; charset=utf-8; header=present";
    const text = statisticsCsv(term, censusDate, items, england);
    return { status: 200, headers: { ...headers, "content-type": contentType }, text };
  }
  const shown = items.map(({ gssCode: _, ...item }) => item);
  const body = { term, censusDate, asOf: call.now, ...(england && { england }), items: shown };
  return reply(route, 200, body, headers);
};

/** @throws Refusal `validation-failed` while the list of that day can still change */
const endedCensusDay = (term: Term, now: string): string => {
  const censusDate = censusDateOf(term);
  if (now < startOfDayAfter(censusDate)) {
    throw validationFailed([
      { pointer: "/term", detail: `has its census day on ${censusDate}, which is not over yet` },
    ]);
  }
  return censusDate;
};

/** The DfE's question about every authority. */
const isOfEngland = ({ caller, query }: Call<typeof route>): boolean =>
  caller.authority === "dfe" && query.authority === undefined;

/** A year that is over by the census day. */
const academicYearBefore = (censusDate: string): string => academicYearName(academicYearOf(censusDate) - 1);

/** @throws Refusal `not-your-role`, `validation-failed` */
const authoritiesAsked = async (
  { caller, query }: Call<typeof route>,
  censusDate: string,
  { dynamo, tables }: Dependencies,
): Promise<Authority[]> => {
  const byDfe = caller.authority === "dfe";
  if (!byDfe && query.authority !== undefined && query.authority !== caller.authority) throw notYourOwn();
  const code = byDfe ? query.authority : caller.authority;
  if (code !== undefined) {
    const authority = await readAuthority(dynamo, tables.directory, code);
    if (authority?.nation === "England") return [authority];
    throw validationFailed([{ pointer: "/authority", detail: "is not a local authority in England" }]);
  }
  const all = await readAuthorities(dynamo, tables.directory);
  return all.filter((each) => each.nation === "England" && existsOn(each, censusDate));
};

const figuresOf = async (
  { code, name, gssCode }: Authority,
  censusDate: string,
  { dynamo, tables }: Dependencies,
): Promise<AuthorityFigures> => {
  const year = academicYearOf(censusDate) - 1;
  const buckets = await readCounter(dynamo, tables.counters, listCounter(code));
  const until = (first: string, last: string) =>
    summed(buckets.filter(({ bucket }) => bucket >= first && bucket <= last).map((each) => each.cells));
  const census = censusFrom(until(censusBucket(""), censusBucket(censusDate)), censusDate);
  const inTheYear = until(yearBucket(0), yearBucket(year)).get(cells.number) ?? 0;
  const { total } = census;
  return {
    authority: code,
    name,
    gssCode,
    onCensusDay: {
      total: shownNumber(total),
      bySex: shownParts(total, census.bySex),
      byYearGroup: shownParts(total, census.byYearGroup),
      byReason: shownParts(total, census.byReason),
      byDuration: shownParts(total, census.byDuration),
    },
    atAnyPoint: { academicYear: academicYearBefore(censusDate), total: shownNumber(inTheYear) },
  };
};

export const handler = serve(route, dependencies, getStatistics);
