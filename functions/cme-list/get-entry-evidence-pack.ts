import { environment } from "../../shared/aws/environment.ts";
import { getEntryEvidencePack as route } from "../../shared/contract/evidence-packs.ts";
import { enquiryOfAnyKindOf, entryOf, summaryOf } from "../../shared/contract/present.ts";
import { deadlineOfEnquiry, deadlineOfReferral } from "../../shared/domain/deadlines.ts";
import { enquirySteps } from "../../shared/domain/enquiry-steps.ts";
import type { Entry } from "../../shared/domain/entry.ts";
import { sideOf } from "../../shared/domain/match-enquiry.ts";
import { partyOf, type Referral } from "../../shared/domain/referral.ts";
import { jsonFile, type PackFiles, signedPack } from "../../shared/evidence/pack.ts";
import { accessSettings } from "../../shared/http/authenticate.ts";
import type { Call } from "../../shared/http/call.ts";
import { fileReply } from "../../shared/http/reply.ts";
import { demandFile } from "../../shared/http/representation.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { keyRing } from "../../shared/keys/key-set.ts";
import { kmsClient } from "../../shared/keys/kms.ts";
import { openRecord } from "../../shared/keys/open-record.ts";
import { readCaseTrail } from "../../shared/store/case-events.ts";
import { dynamoClient, readAll } from "../../shared/store/dynamo.ts";
import { type Enquiry, enquiryIdsAbout, enquiryOfAnyKindFrom, enquiryPlace } from "../../shared/store/enquiries.ts";
import { noticeIdsAbout } from "../../shared/store/notices.ts";
import { entryContext, envelopeFrom, readEntryNoteEnvelopes } from "../../shared/store/records.ts";
import { referralFrom, referralIdsFrom, referralPlace } from "../../shared/store/referrals.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { readTrail } from "../../shared/store/trail.ts";
import { discloseOfEntry } from "./act-on-entry.ts";
import { recordOfEntry } from "./record-of-entry.ts";

const dependencies = () => {
  const kms = kmsClient();
  const { RECORD_KEY, EVIDENCE_KEYS } = environment("RECORD_KEY", "EVIDENCE_KEYS");
  return {
    dynamo: dynamoClient(),
    tables: tableNames(
      "proofs",
      "clients",
      "entries",
      "records",
      "referrals",
      "events",
      "caseEvents",
      "enquiries",
      "notices",
    ),
    kms,
    recordKey: RECORD_KEY,
    issuer: accessSettings().issuer,
    ring: keyRing(kms, EVIDENCE_KEYS),
  };
};
type Dependencies = ReturnType<typeof dependencies>;
type PackCall = Call<typeof route>;

/** An authority's answer to whoever asks what it did about a child on its list. */
const getEntryEvidencePack: Operation<typeof route, Dependencies> = async (call, deps) => {
  demandFile(call.accept, "application/zip");
  return discloseOfEntry(call, deps, "evidence-pack", async (entry) => {
    const files = await filesOf(call, deps, entry);
    const about = { subject: `entry#${entry.entryId}`, madeFor: call.caller.authority, at: call.now } as const;
    return fileReply(route, 200, await signedPack(deps, about, files));
  });
};

const filesOf = async (call: PackCall, deps: Dependencies, entry: Entry): Promise<PackFiles> => {
  const { entryId, authority } = entry;
  const trailOf = async (kind: "entry" | "enquiry" | "notice", id: string) => ({
    subject: `${kind}#${id}`,
    events: await readCaseTrail(deps.dynamo, deps.tables.caseEvents, { kind, id }),
  });
  const [own, referrals, enquiries, notices, notes, record] = await Promise.all([
    trailOf("entry", entryId),
    referralsOf(deps, entry),
    enquiriesOf(deps, entry),
    noticesOf(deps, entry),
    notesOf(call, deps, entry),
    entry.retained?.erasedAt ? undefined : recordOfEntry(deps, entry, call.requestId),
  ]);
  const further = await Promise.all([
    ...enquiries.map(({ enquiryId }) => trailOf("enquiry", enquiryId)),
    ...notices.map((noticeId) => trailOf("notice", noticeId)),
  ]);
  const ofReferrals = referrals.map(({ referral, trail }) => ({
    subject: `referral#${referral.referralId}`,
    events: trail,
  }));
  const deadlines = [
    ...referrals.map(({ referral, trail }) => deadlineOfReferral(referral, trail, call.now)),
    ...enquiries.flatMap((enquiry) => (enquiry.kind === "targeted" ? [deadlineOfEnquiry(enquiry, call.now)] : [])),
  ];
  return new Map([
    ["entry.json", jsonFile(entryOf(entry))],
    ["events.json", jsonFile({ chains: [own, ...ofReferrals, ...further] })],
    ...referrals.flatMap(({ referral }) => evidenceOf(referral, call.now)),
    ["deadlines.json", jsonFile({ items: deadlines })],
    ["steps.json", jsonFile({ items: stepsOf(entry, notes) })],
    ["notes.json", jsonFile({ items: notes })],
    ["enquiries.json", jsonFile({ items: enquiries.map((each) => enquiryOfAnyKindOf(each, authority)) })],
    ...(record ? [["record.json", record.text] as const] : []),
  ]);
};

/** Of the referrals by which the child came and went; what they tell of the child is in their own packs. */
const evidenceOf = (referral: Referral, now: string): (readonly [string, string])[] => {
  const { referralId, receipt, certificate } = referral;
  return [
    [`referral-${referralId}.json`, jsonFile(summaryOf(referral, now))],
    ...(receipt === null ? [] : [[`receipt-${referralId}.jws`, receipt] as const]),
    ...(certificate === null ? [] : [[`certificate-${referralId}.jws`, certificate] as const]),
  ];
};

const referralsOf = async ({ dynamo, tables }: Dependencies, entry: Entry) => {
  const { entryId, authority, referralId, openedByReferralId } = entry;
  const ids = new Set([openedByReferralId, referralId].filter((id) => id !== null));
  for await (const id of referralIdsFrom(dynamo, tables.referrals, authority, entryId)) ids.add(id);
  const items = await readAll(
    dynamo,
    [...ids].map((id) => referralPlace(tables.referrals, id)),
  );
  const own = items
    .map(referralFrom)
    .filter((each): each is Referral => each !== undefined && partyOf(each, authority) !== undefined)
    .sort((one, other) => one.submittedAt.localeCompare(other.submittedAt));
  return Promise.all(
    own.map(async (referral) => ({
      referral,
      trail: await readTrail(dynamo, tables.events, referral.referralId),
    })),
  );
};

const enquiriesOf = async ({ dynamo, tables }: Dependencies, { authority, entryId }: Entry): Promise<Enquiry[]> => {
  const ids = await enquiryIdsAbout(dynamo, tables.enquiries, authority, entryId);
  const items = await Promise.all(ids.map(async (id) => readAll(dynamo, [enquiryPlace(tables.enquiries, id)])));
  return items
    .map(([item]) => enquiryOfAnyKindFrom(item))
    .filter((each) => each !== undefined)
    .filter((each) => (each.kind === "match" ? sideOf(each) : each.asker) === authority);
};

const noticesOf = async ({ dynamo, tables }: Dependencies, { authority, entryId }: Entry): Promise<string[]> => {
  const ids: string[] = [];
  for await (const id of noticeIdsAbout(dynamo, tables.notices, authority, entryId)) ids.push(id);
  return ids;
};

type Note = { sequence: number; note: string };

const notesOf = async ({ requestId }: PackCall, deps: Dependencies, entry: Entry): Promise<Note[]> => {
  const { entryId } = entry;
  const envelopes = await readEntryNoteEnvelopes(deps.dynamo, deps.tables.records, entryId);
  return Promise.all(
    envelopes.map(async ({ sequence, part, item }) => ({
      sequence,
      note: await openRecord(deps, entryContext(entry, part), envelopeFrom(item), { requestId, entryId }),
    })),
  );
};

const stepsOf = ({ steps }: Entry, notes: readonly Note[]) =>
  steps.map(({ step, date, outcome, recordedAt, sequence }) => ({
    step,
    text: enquirySteps.find(({ code }) => code === step)?.text ?? step,
    date,
    outcome,
    recordedAt,
    note: notes.find((each) => each.sequence === sequence)?.note ?? null,
  }));

export const handler = serve(route, dependencies, getEntryEvidencePack);
