import { describe, expect, it } from "vitest";
import {
  type Between,
  numberBetween,
  partsBetween,
  type Shown,
  shownNumber,
  shownParts,
} from "../../shared/domain/suppression.ts";

const c = "c";
const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** The parts of a total in their order, under names that JavaScript keeps in it. */
const shown = (numbers: readonly number[]): Shown[] =>
  Object.values(shownParts(sum(numbers), Object.fromEntries(numbers.map((number, at) => [`part ${at}`, number]))));

it("a number below five is not shown by itself, and zero is", () => {
  expect([0, 1, 4, 5, 143].map(shownNumber)).toEqual([0, c, c, 5, 143]);
});

describe("the parts of a total", () => {
  it.each<[string, number[], Shown[]]>([
    ["none below five", [5, 0, 143], [5, 0, 143]],
    ["nobody at all", [0, 0, 0], [0, 0, 0]],
    ["one below five: the total would tell it, so another goes too", [140, 3, 90, 0], [c, c, 90, 0]],
    ["which is the first by the list, not by size", [0, 90, 140, 6, 3], [0, c, 140, 6, c]],
    ["two that are together five or more", [140, 3, 4, 0], [140, c, c, 0]],
    ["two that are together below five", [140, 1, 3, 90], [c, c, c, 90]],
    ["five of one each, which their sum would tell", [1, 1, 1, 1, 1, 60, 70], [c, c, c, c, c, c, 70]],
    ["two of four each, which their sum would tell", [4, 4, 60, 70], [c, c, c, 70]],
    ["nothing but zeros left to see", [3, 60, 0, 0], [c, c, c, c]],
    ["a total below five", [2, 0, 1], [c, c, c]],
    ["a total below five of one part", [0, 4, 0], [c, c, c]],
  ])("%s", (_, numbers, expected) => {
    expect(shown(numbers)).toEqual(expected);
  });
});

/** All ways to divide a number into so many parts. */
function* divisions(total: number, parts: number): Generator<number[]> {
  if (parts === 1) yield [total];
  else
    for (let first = 0; first <= total; first += 1)
      for (const rest of divisions(total - first, parts - 1)) yield [first, ...rest];
}

/** All tables of so many parts of at most that size. */
function* tables(parts: number, most: number): Generator<number[]> {
  if (parts === 0) yield [];
  else
    for (let first = 0; first <= most; first += 1) for (const rest of tables(parts - 1, most)) yield [first, ...rest];
}

/**
 * Somebody who sees the total and the parts, and knows the rules by heart: tries every table that the hidden parts could be
 * made of, and strikes out those that would have been shown otherwise.
 * @returns the places that have one value in all that is left, with it
 */
const foundOut = (answer: readonly Shown[], total: number, rules = shown): [number, number][] => {
  const hidden = answer.flatMap((each, at) => (each === c ? [at] : []));
  const open = new Map(hidden.map((at) => [at, new Set<number>()]));
  const rest = total - sum(answer.filter((each) => each !== c));
  for (const values of divisions(rest, hidden.length)) {
    const table = answer.map((each) => (each === c ? 0 : each));
    for (const [index, at] of hidden.entries()) table[at] = values[index] ?? 0;
    if (rules(table).join() !== answer.join()) continue;
    for (const at of hidden) open.get(at)?.add(table[at] ?? 0);
    if ([...open.values()].every(({ size }) => size > 1)) return [];
  }
  return [...open].flatMap(([at, values]) =>
    values.size === 1 ? [...values].map((value): [number, number] => [at, value]) : [],
  );
};

describe("whoever knows the rules", () => {
  it.each([
    [2, 20],
    [3, 13],
    [4, 8],
    [5, 5],
  ])("finds out no hidden part of any table of %i parts up to %i", (parts, most) => {
    const answers = new Map<string, { answer: Shown[]; total: number; table: number[] }>();
    for (const table of tables(parts, most)) {
      const [answer, total] = [shown(table), sum(table)];
      if (total >= 5 && answer.includes(c)) answers.set(`${answer.join()} of ${total}`, { answer, total, table });
    }
    const found = [...answers.values()].filter(({ answer, total }) => foundOut(answer, total).length > 0);
    expect(found).toEqual([]);
    expect(answers.size).toBeGreaterThan(10);
  });

  it("finds out none where the total is hidden, which is one to four", () => {
    const totals = [1, 2, 3, 4];
    for (const parts of [1, 2, 3]) {
      const hidden = totals.flatMap((total) => [...divisions(total, parts)]);
      for (const table of hidden) expect(shown(table)).toEqual(Array(parts).fill(c));
      for (let at = 0; at < parts; at += 1) expect(new Set(hidden.map((table) => table[at])).size).toBeGreaterThan(1);
    }
  });

  it.each<[string, (numbers: readonly number[]) => Shown[], number[], [number, number][]]>([
    ["only those below five were hidden", (numbers) => numbers.map(shownNumber), [140, 3, 90], [[1, 3]]],
    [
      "two were enough, whatever they are together",
      (numbers) => {
        const few = numbers.map(shownNumber);
        return few.filter((each) => each === c).length === 1 ? [c, ...few.slice(1, -1), c] : few;
      },
      [90, 1, 1, 140],
      [
        [1, 1],
        [2, 1],
      ],
    ],
  ])("would find them out if %s", (_, rules, numbers, found) => {
    expect(foundOut(rules(numbers), sum(numbers), rules)).toEqual(found);
    expect(foundOut(shown(numbers), sum(numbers))).toEqual([]);
  });
});

describe("what is hidden lies between", () => {
  const bounds = (total: Shown, answer: readonly Shown[]): Between[] =>
    Object.values(partsBetween(total, Object.fromEntries(answer.map((each, at) => [`part ${at}`, each]))));

  it("one and four, where it is a number by itself", () => {
    expect([numberBetween(c), numberBetween(0), numberBetween(143)]).toEqual([
      { atLeast: 1, atMost: 4 },
      { atLeast: 0, atMost: 0 },
      { atLeast: 143, atMost: 143 },
    ]);
  });

  it.each<[string, Shown, Shown[], string[]]>([
    [
      "one of five or more, which stands before the first that is shown",
      233,
      [c, 90, c, 0],
      ["139-142", "90", "1-4", "0"],
    ],
    ["either may be that one, if both stand before it", 233, [c, c, 90, 0], ["1-142", "1-142", "90", "0"]],
    ["none may, if all stand after it", 147, [140, c, c, 0], ["140", "3-4", "3-4", "0"]],
    ["nobody is seen", 63, [c, c, c], ["0-63", "0-63", "0-63"]],
    ["the total is hidden", c, [c, c, c], ["0-4", "0-4", "0-4"]],
    ["nothing is hidden", 148, [5, 0, 143], ["5", "0", "143"]],
  ])("%s", (_, total, answer, expected) => {
    const told = bounds(total, answer).map(({ atLeast, atMost }) =>
      atLeast === atMost ? `${atMost}` : `${atLeast}-${atMost}`,
    );
    expect(told).toEqual(expected);
  });

  it.each([
    [2, 20],
    [3, 13],
    [4, 8],
    [5, 6],
  ])("what holds for every table of %i parts up to %i", (parts, most) => {
    let hidden = 0;
    for (const table of tables(parts, most)) {
      const answer = shown(table);
      if (!answer.includes(c)) continue;
      hidden += 1;
      const outside = bounds(shownNumber(sum(table)), answer).filter(({ atLeast, atMost }, at) => {
        const number = table[at] ?? 0;
        return number < atLeast || number > atMost;
      });
      expect(outside, `${table} as ${answer}`).toEqual([]);
    }
    expect(hidden).toBeGreaterThan(100);
  });
});
