import * as z from "zod";
import type { Item } from "../../shared/store/dynamo.ts";
import { type Audit, type CaseTable, type Counts, lostAmong, report } from "./auditing.ts";
import { eachPage } from "./read.ts";
import { newTally, partOf, type Tally } from "./tally.ts";

const location = /^\/v1\/(referrals|cme-list|enquiries|notices)\/([^/]+)$/;
const tableAt = (path: string): CaseTable => (path === "cme-list" ? "entries" : (path as CaseTable));

/** What was made by the requests whose answers these are, by the address they were answered. */
const madeBy = (items: readonly Item[]): { table: CaseTable; id: string }[] =>
  items.flatMap(({ headers }) => {
    const { location: address } = z.object({ location: z.string().optional() }).catch({}).parse(headers);
    const [, path, id] = location.exec(address ?? "") ?? [];
    return path !== undefined && id !== undefined ? [{ table: tableAt(path), id }] : [];
  });

const referralsAmong = (made: ReturnType<typeof madeBy>): string[] =>
  made.filter(({ table }) => table === "referrals").map(({ id }) => id);

const eachAnswers = (audit: Audit, take: (items: Item[]) => Promise<void>): Promise<void> =>
  eachPage(audit.dynamo, audit.names.answers, { ...audit, only: ["headers"] }, take);

export const auditAnswers = async (audit: Audit, counts: Counts, submissions: Tally): Promise<void> => {
  const answered = newTally();
  await eachAnswers(audit, async (items) => {
    counts.answers += items.length;
    const made = madeBy(items);
    for (const id of referralsAmong(made)) answered.add(partOf(id), id);
    report(audit, await lostAmong(audit, made, { code: "answer-without-deed" }));
  });
  await nameUnanswered(audit, new Set(submissions.differingFrom(answered)));
};

/** The referrals in these parts that have no answer. They are read first: a referral's answer commits with it. */
const nameUnanswered = async (audit: Audit, parts: ReadonlySet<string>): Promise<void> => {
  if (parts.size === 0) return;
  const without = new Set<string>();
  await eachPage(audit.dynamo, audit.names.referrals, { ...audit, only: ["referralId"] }, async (items) => {
    for (const { referralId } of items) if (parts.has(partOf(String(referralId)))) without.add(String(referralId));
  });
  await eachAnswers(audit, async (items) => {
    for (const id of referralsAmong(madeBy(items))) without.delete(id);
  });
  report(
    audit,
    [...without].map((referralId) => ({ code: "answer-missing", referralId })),
  );
};
