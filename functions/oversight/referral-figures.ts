import { yearAndMonth } from "../../shared/domain/calendar.ts";
import { receiptCell, receiptsCounter, referralsCounter } from "../../shared/domain/counters.ts";
import type { ReferralCell } from "../../shared/domain/counts.ts";
import { type Party, type ReferralState, referralStates } from "../../shared/domain/lifecycle.ts";
import { bounds, countOf, type Histogram, percentile, united } from "../../shared/domain/time-to-receipt.ts";
import { dateInEngland } from "../../shared/domain/working-days.ts";
import { type Cells, readCounter } from "../../shared/store/counters.ts";
import type { Dynamo } from "../../shared/store/dynamo.ts";

/** What was counted of one authority's referrals. */
export type ReferralCells = { cells: Cells; times: Histogram };

const none: Cells = new Map();

/** What was counted of every authority's, each of its receipts in this calendar month and the eleven before it. */
export const readReferralCells = async (
  dynamo: Dynamo,
  table: string,
  now: string,
): Promise<(authority: string) => ReferralCells> => {
  const [referrals, ...receipts] = await Promise.all(
    [referralsCounter, ...months(now).map(receiptsCounter)].map((counter) => readCounter(dynamo, table, counter)),
  );
  const cellsOf = new Map(referrals?.map(({ bucket, cells }) => [bucket, cells]));
  const timesOf = Map.groupBy(receipts.flat(), ({ bucket }) => bucket);
  return (authority) => ({
    cells: cellsOf.get(authority) ?? none,
    times: united((timesOf.get(authority) ?? []).map(({ cells }) => histogramOf(cells))),
  });
};

const months = (now: string): string[] => {
  const [year, month] = yearAndMonth(dateInEngland(now));
  return Array.from({ length: 12 }, (_, back) => new Date(Date.UTC(year, month - 1 - back)).toISOString().slice(0, 7));
};

const histogramOf = (cells: Cells): Histogram =>
  new Map(
    bounds.flatMap((bound) => {
      const count = cells.get(receiptCell(bound));
      return count === undefined ? [] : [[bound, count] as const];
    }),
  );

/** What is told late may for a moment be counted out of a state before it is counted into it. */
const at = ({ cells }: ReferralCells, cell: ReferralCell): number => Math.max(0, cells.get(cell) ?? 0);

const byState = (all: readonly ReferralCells[], party: Party): Record<ReferralState, number> =>
  Object.fromEntries(
    referralStates.map((state) => [state, sum(all.map((each) => at(each, `${party}#${state}`)))]),
  ) as Record<ReferralState, number>;

const silenceOf = (all: readonly ReferralCells[]) => {
  const [once, twice, thrice] = ([1, 2, 3] as const).map((rung) => sum(all.map((each) => at(each, `rung#${rung}`))));
  return { overdue: (once ?? 0) + (twice ?? 0) + (thrice ?? 0), overdueThrice: thrice ?? 0 };
};

const timeToReceiptOf = (all: readonly ReferralCells[]) => {
  const times = united(all.map((each) => each.times));
  return {
    receipts: countOf(times),
    medianMinutes: percentile(times, 50),
    ninetiethPercentileMinutes: percentile(times, 90),
  };
};

export const referralFiguresOf = (counted: ReferralCells) => ({
  sent: byState([counted], "sender"),
  received: byState([counted], "recipient"),
  ...silenceOf([counted]),
  timeToReceipt: timeToReceiptOf([counted]),
});

/** Each referral has one recipient, so it is counted once. */
export const referralTotalsOf = (all: readonly ReferralCells[]) => ({
  byState: byState(all, "recipient"),
  ...silenceOf(all),
  timeToReceipt: timeToReceiptOf(all),
});

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
