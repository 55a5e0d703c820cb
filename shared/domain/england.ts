import type { AuthorityFigures, EnglandFigures } from "./statistics-csv.ts";
import { type Between, numberBetween, partsBetween, type Shown } from "./suppression.ts";

/**
 * Between what England's figures lie, from nothing but the figures of its authorities as they are shown. So whoever sees
 * those, or is one of them and knows its own as well, learns nothing more of any other: that is all there is to prove.
 *
 * The exact sums would tell more, and no rule about when to show them mends it. Where each of the authorities that are
 * hidden at a reason has one child, its sum is their number and gives all of them away; where it is withheld for that, the
 * gap beside sums that are shown says that they are all alike. And each row has a total of its own, so that what is open in
 * every column by itself may be settled by several together.
 */
export const englandFrom = (items: readonly AuthorityFigures[], academicYear: string): EnglandFigures => {
  const days = items.map(({ onCensusDay }) => onCensusDay);
  const by = (breakdown: Exclude<keyof (typeof days)[number], "total">): Record<string, Between> =>
    sumOfParts(days.map((day) => partsBetween(day.total, day[breakdown])));
  return {
    onCensusDay: {
      total: sumOfShown(days.map(({ total }) => total)),
      bySex: by("bySex"),
      byYearGroup: by("byYearGroup"),
      byReason: by("byReason"),
      byDuration: by("byDuration"),
    },
    atAnyPoint: { academicYear, total: sumOfShown(items.map(({ atAnyPoint }) => atAnyPoint.total)) },
  };
};

const nobody: Between = { atLeast: 0, atMost: 0 };
const sumOf = (all: readonly Between[]): Between =>
  all.reduce((sum, each) => ({ atLeast: sum.atLeast + each.atLeast, atMost: sum.atMost + each.atMost }), nobody);

const sumOfShown = (all: readonly Shown[]): Between => sumOf(all.map(numberBetween));

const sumOfParts = (all: readonly Record<string, Between>[]): Record<string, Between> =>
  Object.fromEntries(Object.keys(all[0] ?? {}).map((code) => [code, sumOf(all.map((parts) => parts[code] ?? nobody))]));
