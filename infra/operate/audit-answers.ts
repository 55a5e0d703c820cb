import * as z from "zod";
import type { Item } from "../../shared/store/dynamo.ts";
import { type Audit, type Counts, lostEntries, lostReferrals, report } from "./auditing.ts";
import type { FaultCode } from "./fault.ts";
import { eachPage } from "./read.ts";
import { newTally, partOf, type Tally } from "./tally.ts";

const location = /^\/v1\/(referrals|cme-list)\/([^/]+)$/;

/** What was made by the requests whose answers these are, by the address they were answered. */
const madeBy = (items: readonly Item[], path: "referrals" | "cme-list"): string[] =>
  items.flatMap(({ headers }) => {
    const { location: address } = z.object({ location: z.string().optional() }).catch({}).parse(headers);
    const [, kind, id] = location.exec(address ?? "") ?? [];
    return kind === path && id !== undefined ? [id] : [];
  });

const eachAnswers = (audit: Audit, take: (items: Item[]) => Promise<void>): Promise<void> =>
  eachPage(audit.dynamo, audit.names.answers, { ...audit, only: ["headers"] }, take);

export const auditAnswers = async (audit: Audit, counts: Counts, submissions: Tally): Promise<void> => {
  const answered = newTally();
  await eachAnswers(audit, async (items) => {
    counts.answers += items.length;
    const referrals = madeBy(items, "referrals");
    for (const id of referrals) answered.add(partOf(id), id);
    const code: FaultCode = "answer-without-deed";
    report(audit, [
      ...(await lostReferrals(audit, referrals)).map((referralId) => ({ code, referralId })),
      ...(await lostEntries(audit, madeBy(items, "cme-list"))).map((entryId) => ({ code, entryId })),
    ]);
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
    for (const id of madeBy(items, "referrals")) without.delete(id);
  });
  report(
    audit,
    [...without].map((referralId) => ({ code: "answer-missing", referralId })),
  );
};
