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
