import { stringify } from "csv-stringify/sync";
import { reasonMissingCodes } from "./figures.ts";
import { academicYearName, academicYearOf, bandCodes, partsOf, sexes, type Term, yearGroups } from "./statistics.ts";
import { type Between, confidential, type Shown } from "./suppression.ts";

/** The figures of a term, whichever way their numbers are told. */
type FiguresIn<Told> = {
  onCensusDay: {
    total: Told;
    bySex: Record<string, Told>;
    byYearGroup: Record<string, Told>;
    byReason: Record<string, Told>;
    byDuration: Record<string, Told>;
  };
  atAnyPoint: { academicYear: string; total: Told };
};

/** One authority's figures as they are shown. */
export type AuthorityFigures = FiguresIn<Shown> & { authority: string; name: string; gssCode: string };

/** Between what the sums over the authorities lie. */
export type EnglandFigures = FiguresIn<Between>;

const topics = [
  ["Sex", "bySex", sexes],
  ["Year group", "byYearGroup", yearGroups],
  ["Primary reason", "byReason", reasonMissingCodes],
  ["Length of time missing", "byDuration", bandCodes],
] as const;

/**
 * The figures as the DfE's Explore Education Statistics lays out its data sets: a row for each number, the period as
 * `202627`. UTF-8 with a byte-order mark, without which Excel takes it for Windows-1252.
 */
export const statisticsCsv = (
  term: Term,
  censusDate: string,
  items: readonly AuthorityFigures[],
  england: EnglandFigures | undefined,
): string => {
  const rows = [
    ...(england ? rowsOf(term, censusDate, england, national, columnsOfBetween) : []),
    ...items.flatMap((item) => rowsOf(term, censusDate, item, placeOf(item), columnsOfShown)),
  ];
  return stringify(rows, {
    header: true,
    columns: Object.keys(rows[0] ?? {}),
    bom: true,
    record_delimiter: "windows",
    escape_formulas: true,
  });
};

const placeOf = ({ authority, name, gssCode }: Omit<AuthorityFigures, keyof EnglandFigures>) => ({
  geographic_level: "Local authority",
  new_la_code: gssCode,
  old_la_code: authority,
  la_name: name,
});
const national = { geographic_level: "National", new_la_code: "", old_la_code: "", la_name: "" };

type NumberColumns = Record<"number" | "at_least" | "at_most", Shown>;
const columnsOfShown = (number: Shown): NumberColumns => ({ number, at_least: number, at_most: number });
const columnsOfBetween = ({ atLeast, atMost }: Between): NumberColumns => ({
  number: atLeast === atMost ? atLeast : confidential,
  at_least: atLeast,
  at_most: atMost,
});

const rowsOf = <Told>(
  term: Term,
  censusDate: string,
  { onCensusDay, atAnyPoint }: FiguresIn<Told>,
  place: ReturnType<typeof placeOf>,
  columnsOf: (number: Told) => NumberColumns,
) => {
  const { season } = partsOf(term);
  const row = (measure: string, [topic, breakdown]: readonly [string, string], number: Told, period: string) => ({
    time_period: period.replace("/", ""),
    time_identifier: `${season[0]?.toUpperCase()}${season.slice(1)} term`,
    census_date: censusDate,
    country_code: "E92000001",
    country_name: "England",
    ...place,
    measure,
    breakdown_topic: topic,
    breakdown,
    ...columnsOf(number),
  });
  const ofDay = (breakdown: readonly [string, string], number: Told) =>
    row("On census day", breakdown, number, academicYearName(academicYearOf(censusDate)));
  return [
    ofDay(["Total", "Total"], onCensusDay.total),
    ...topics.flatMap(([topic, by, codes]) =>
      codes.flatMap((code) => {
        const number = onCensusDay[by][code];
        return number === undefined ? [] : [ofDay([topic, code], number)];
      }),
    ),
    {
      ...row("At any point in the academic year", ["Total", "Total"], atAnyPoint.total, atAnyPoint.academicYear),
      time_identifier: "Academic year",
    },
  ];
};
