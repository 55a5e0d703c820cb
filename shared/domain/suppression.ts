/** Numbers of children below this are not shown. */
const few = 5;

/** In place of a number that is not shown: the DfE's and the ONS's symbol for "confidential". */
export const confidential = "c";
export type Shown = number | typeof confidential;

const isFew = (number: number): boolean => number > 0 && number < few;

/**
 * A number by itself. Zero is shown, as in the DfE's statistics: that nobody is there tells nothing of anybody.
 */
export const shownNumber = (number: number): Shown => (isFew(number) ? confidential : number);

/**
 * A total's parts as they may be shown beside it, so that none that is hidden can be found out from those that are,
 * even by somebody who knows these rules:
 * 1. Where the total is hidden, so are all parts, zeros too; else as many parts as there are could give it away.
 * 2. Those below five are hidden.
 * 3. Further parts are hidden, in the order of the list and so whatever their size, until the hidden ones leave
 *    something open: they are two or more, together five or more, and not all one or all four.
 * 4. Where nothing but zeros would be left to see, all are hidden.
 *
 * Each list of parts that belongs to the same total may be hidden by itself: they have nothing but the total in common.
 */
export const shownParts = <Code extends string>(
  total: number,
  parts: Readonly<Record<Code, number>>,
): Record<Code, Shown> => {
  const codes = Object.keys(parts) as Code[];
  const hidden = isFew(total) ? new Set(codes) : hiddenAmong(parts, codes);
  return Object.fromEntries(codes.map((code) => [code, hidden.has(code) ? confidential : parts[code]])) as Record<
    Code,
    Shown
  >;
};

const hiddenAmong = <Code extends string>(parts: Readonly<Record<Code, number>>, codes: Code[]): Set<Code> => {
  const hidden = new Set(codes.filter((code) => isFew(parts[code])));
  if (hidden.size === 0) return hidden;
  const leavesOpen = () => isOpen([...hidden].map((code) => parts[code]));
  for (const code of codes) if (parts[code] >= few && !leavesOpen()) hidden.add(code);
  const seesNothing = codes.every((code) => parts[code] === 0 || hidden.has(code));
  return seesNothing || !leavesOpen() ? new Set(codes) : hidden;
};

const isOpen = (numbers: readonly number[]): boolean => {
  const together = numbers.reduce((sum, number) => sum + number, 0);
  const mostIfFew = (few - 1) * numbers.length;
  return (
    numbers.length >= 2 &&
    together >= few &&
    together > numbers.length &&
    (together < mostIfFew || numbers.some((number) => !isFew(number)))
  );
};

/** What a number of children can be, to whoever sees what is shown. */
export type Between = { atLeast: number; atMost: number };

export const numberBetween = (shown: Shown): Between =>
  shown === confidential ? { atLeast: 1, atMost: few - 1 } : exactly(shown);

const exactly = (number: number): Between => ({ atLeast: number, atMost: number });

/**
 * What a total's parts can be to somebody who sees the answer of {@link shownParts} and knows its rules: a hidden part is
 * not zero where anybody is shown, and at most one of them is five or more, which stands before all that are shown.
 */
export const partsBetween = (total: Shown, parts: Readonly<Record<string, Shown>>): Record<string, Between> => {
  const numbers = Object.values(parts);
  const seen = numbers.filter((number) => number !== confidential).reduce((sum, number) => sum + number, 0);
  const hidden = numbers.filter((number) => number === confidential).length;
  const rest = numberBetween(total).atMost - seen;
  const mostOfOne = rest - (hidden - 1);
  const firstSeen = numbers.findIndex((number) => number !== confidential && number > 0);
  const mostAt = numbers.map((number, at) => {
    if (number !== confidential) return 0;
    return at < firstSeen ? mostOfOne : Math.min(mostOfOne, few - 1);
  });
  const mostOfAll = mostAt.reduce((sum, most) => sum + most, 0);
  const between = (number: Shown, at: number): Between => {
    if (number !== confidential) return exactly(number);
    if (firstSeen < 0) return { atLeast: 0, atMost: rest };
    const atMost = mostAt[at] ?? 0;
    return { atLeast: Math.max(1, rest - (mostOfAll - atMost)), atMost };
  };
  return Object.fromEntries(Object.entries(parts).map(([code, number], at) => [code, between(number, at)]));
};
