import fc from "fast-check";
import { expect, it } from "vitest";
import { englandFrom } from "../../shared/domain/england.ts";
import type { AuthorityFigures } from "../../shared/domain/statistics-csv.ts";
import { type Shown, shownNumber, shownParts } from "../../shared/domain/suppression.ts";

const c = "c";
const nothing = { byYearGroup: {}, byReason: {}, byDuration: {} };

const figures = (total: Shown, bySex: Record<string, Shown>, inTheYear: Shown): AuthorityFigures => ({
  authority: "201",
  name: "City of London",
  gssCode: "E09000001",
  onCensusDay: { total, bySex, ...nothing },
  atAnyPoint: { academicYear: "2025/26", total: inTheYear },
});

it("England lies between the sums of what each of its authorities can be", () => {
  const england = englandFrom(
    [
      figures(147, { F: 87, M: 60, U: 0 }, 320),
      // 90 are hidden: U from 1 to 4, and F is the rest.
      figures(150, { F: c, M: 60, U: c }, 410),
      // Nobody is seen: each from 0 to 23.
      figures(23, { F: c, M: c, U: c }, c),
      // From 1 to 4 altogether.
      figures(c, { F: c, M: c, U: c }, 6),
      figures(0, { F: 0, M: 0, U: 0 }, 0),
    ],
    "2025/26",
  );
  expect(england).toEqual({
    onCensusDay: {
      // 147 + 150 + 23 + 1 to 4
      total: { atLeast: 321, atMost: 324 },
      bySex: {
        // 87 + 86 to 89 + 0 to 23 + 0 to 4
        F: { atLeast: 173, atMost: 203 },
        M: { atLeast: 120, atMost: 147 },
        // 1 to 4 + 0 to 23 + 0 to 4
        U: { atLeast: 1, atMost: 31 },
      },
      ...nothing,
    },
    // 320 + 410 + 1 to 4 + 6
    atAnyPoint: { academicYear: "2025/26", total: { atLeast: 737, atMost: 740 } },
  });
});

it("is exact where nothing is hidden", () => {
  const england = englandFrom(
    [figures(12, { F: 7, M: 5, U: 0 }, 30), figures(10, { F: 0, M: 10, U: 0 }, 30)],
    "2025/26",
  );
  expect([england.onCensusDay, england.atAnyPoint.total]).toEqual([
    {
      total: { atLeast: 22, atMost: 22 },
      bySex: { F: { atLeast: 7, atMost: 7 }, M: { atLeast: 15, atMost: 15 }, U: { atLeast: 0, atMost: 0 } },
      ...nothing,
    },
    { atLeast: 60, atMost: 60 },
  ]);
});

type Sexes = { F: number; M: number; U: number };
/** From what the lists are, by way of what is shown of them. */
const englandOf = (...lists: Sexes[]) =>
  englandFrom(
    lists.map((bySex) => {
      const total = bySex.F + bySex.M + bySex.U;
      return figures(shownNumber(total), shownParts(total, bySex), shownNumber(total));
    }),
    "2025/26",
  );

it("is the same for children who are shown the same, so it tells nothing more of them", () => {
  const one = englandOf({ F: 86, M: 60, U: 4 }, { F: 3, M: 1, U: 0 }, { F: 20, M: 3, U: 0 });
  const other = englandOf({ F: 89, M: 60, U: 1 }, { F: 0, M: 0, U: 1 }, { F: 2, M: 19, U: 2 });
  expect(one).toEqual(other);
  expect(one.onCensusDay.bySex.U).toEqual({ atLeast: 1, atMost: 31 });
});

it("gives no hidden number away, not even to an authority that knows its own", () => {
  // Every list of so many children, so that nothing is missing among those that are shown alike.
  const upTo = (most: number) => Array.from({ length: most + 1 }, (_, number) => number);
  const lists = upTo(14).flatMap((F) => upTo(14 - F).flatMap((M) => upTo(14 - F - M).map((U): Sexes => ({ F, M, U }))));
  const shownOf = (bySex: Sexes): string => {
    const total = bySex.F + bySex.M + bySex.U;
    return JSON.stringify([shownNumber(total), shownParts(total, bySex)]);
  };
  const alike = Map.groupBy(lists, shownOf);
  const list = fc.constantFrom(...lists);
  fc.assert(
    fc.property(list, list, list, (own, one, other) => {
      const england = JSON.stringify(englandOf(own, one, other));
      // Whoever sees England, the others' answers and its own list tries every pair of lists that these could be of.
      const possible = (alike.get(shownOf(one)) ?? []).flatMap((first) =>
        (alike.get(shownOf(other)) ?? [])
          .filter((second) => JSON.stringify(englandOf(own, first, second)) === england)
          .map((second) => ({ first, second })),
      );
      const hiddenOf = (bySex: Sexes) =>
        (["F", "M", "U"] as const).filter((code) => shownParts(bySex.F + bySex.M + bySex.U, bySex)[code] === c);
      for (const code of hiddenOf(one))
        expect(new Set(possible.map(({ first }) => first[code])).size).toBeGreaterThan(1);
      for (const code of hiddenOf(other))
        expect(new Set(possible.map(({ second }) => second[code])).size).toBeGreaterThan(1);
    }),
    { seed: 2_026, numRuns: 40 },
  );
});
