import { stringify } from "csv-stringify/sync";
import { reasonMissingCodes } from "./figures.ts";
import { academicYearName, academicYearOf, bandCodes, partsOf, sexes, type Term, yearGroups } from "./statistics.ts";
import type { Shown } from "./suppression.ts";

/** One authority's figures as they are shown. */
export type AuthorityFigures = {
  authority: string;
  name: string;
  gssCode: string;
  onCensusDay: {
    total: Shown;
    bySex: Record<string, Shown>;
    byYearGroup: Record<string, Shown>;
    byReason: Record<string, Shown>;
    byDuration: Record<string, Shown>;
  };
  atAnyPoint: { academicYear: string; total: Shown };
};

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
export const statisticsCsv = (term: Term, censusDate: string, items: readonly AuthorityFigures[]): string => {
  const { season } = partsOf(term);
  const rows = items.flatMap(({ authority, name, gssCode, onCensusDay, atAnyPoint }) => {
    const row = (measure: string, [topic, breakdown]: readonly [string, string], number: Shown, period: string) => ({
      time_period: period.replace("/", ""),
      time_identifier: `${season[0]?.toUpperCase()}${season.slice(1)} term`,
      census_date: censusDate,
      geographic_level: "Local authority",
      new_la_code: gssCode,
      old_la_code: authority,
      la_name: name,
      measure,
      breakdown_topic: topic,
      breakdown,
      number,
    });
    const ofDay = (breakdown: readonly [string, string], number: Shown) =>
      row("On census day", breakdown, number, academicYearName(academicYearOf(censusDate)));
    return [
      ofDay(["Total", "Total"], onCensusDay.total),
      ...topics.flatMap(([topic, by, codes]) => codes.map((code) => ofDay([topic, code], onCensusDay[by][code] ?? 0))),
      {
        ...row("At any point in the academic year", ["Total", "Total"], atAnyPoint.total, atAnyPoint.academicYear),
        time_identifier: "Academic year",
      },
    ];
  });
  return stringify(rows, {
    header: true,
    columns: Object.keys(rows[0] ?? {}),
    bom: true,
    record_delimiter: "windows",
    escape_formulas: true,
  });
};
