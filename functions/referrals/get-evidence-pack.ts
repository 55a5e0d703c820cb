import { environment } from "../../shared/aws/environment.ts";
import { getEvidencePack as route } from "../../shared/contract/evidence-packs.ts";
import { entryOf, summaryOf } from "../../shared/contract/present.ts";
import { digestOfText } from "../../shared/domain/canonical.ts";
import { recordVersion } from "../../shared/domain/correspondence.ts";
import { deadlineOfReferral } from "../../shared/domain/deadlines.ts";
import type { Entry } from "../../shared/domain/entry.ts";
import { partyOf, type Referral } from "../../shared/domain/referral.ts";
import { notFound } from "../../shared/domain/refusals.ts";
import { jsonFile, type PackFiles, signedPack } from "../../shared/evidence/pack.ts";
import { accessSettings } from "../../shared/http/authenticate.ts";
import type { Call } from "../../shared/http/call.ts";
import { fileReply } from "../../shared/http/reply.ts";
import { demandFile } from "../../shared/http/representation.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { keyRing } from "../../shared/keys/key-set.ts";
import { readCaseTrail } from "../../shared/store/case-events.ts";
import { readAll } from "../../shared/store/dynamo.ts";
import { entryFrom, entryPlace } from "../../shared/store/entries.ts";
import { readNoteEnvelopes, recordPlace, versionPart } from "../../shared/store/records.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { readTrail } from "../../shared/store/trail.ts";
import { discloseRecord, disclosureDependencies, openChecked, openPart, unreadable } from "./disclose-record.ts";
import { messagesOf } from "./messages-of-referral.ts";
import { stepsOf } from "./steps-of-referral.ts";

const dependencies = () => {
  const given = disclosureDependencies();
  return {
    ...given,
    tables: { ...given.tables, ...tableNames("entries", "caseEvents") },
    issuer: accessSettings().issuer,
    ring: keyRing(given.kms, environment("EVIDENCE_KEYS").EVIDENCE_KEYS),
  };
};
type Dependencies = ReturnType<typeof dependencies>;

/**
 * A party's answer to whoever asks what became of a child. What is in it is of one moment: the read commits only while the
 * referral is still as it was collected.
 */
const getEvidencePack: Operation<typeof route, Dependencies> = async (call, deps) => {
  demandFile(call.accept, "application/zip");
  return discloseRecord(call, deps, "evidence-pack", [], async (referral) => {
    const { authority } = call.caller;
    if (!partyOf(referral, authority)) throw notFound();
    const files = await filesOf(call, deps, referral);
    const about = { subject: `referral#${referral.referralId}`, madeFor: authority, at: call.now } as const;
    return fileReply(route, 200, await signedPack(deps, about, files));
  });
};

type PackCall = Call<typeof route>;

const filesOf = async (call: PackCall, deps: Dependencies, referral: Referral): Promise<PackFiles> => {
  const { referralId, receipt, certificate } = referral;
  const [trail, entries, steps, messages, notes, records, transferFile] = await Promise.all([
    readTrail(deps.dynamo, deps.tables.events, referralId),
    ownEntries(call, deps, referral),
    stepsOf(call, deps, referral),
    messagesOf(call, deps, referral),
    notesOf(call, deps, referral),
    recordsOf(call, deps, referral),
    commonTransferFileOf(call, deps, referral),
  ]);
  const chains = [{ subject: `referral#${referralId}`, events: trail }, ...entries.map(({ chain }) => chain)];
  return new Map([
    ["referral.json", jsonFile(summaryOf(referral, call.now))],
    ...entries.map(({ entry }) => [`entry-${entry.entryId}.json`, jsonFile(entryOf(entry))] as const),
    ["events.json", jsonFile({ chains })],
    ...(receipt === null ? [] : [["receipt.jws", receipt] as const]),
    ...(certificate === null ? [] : [["certificate.jws", certificate] as const]),
    ["deadlines.json", jsonFile({ items: [deadlineOfReferral(referral, trail, call.now)] })],
    ["steps.json", jsonFile({ items: steps })],
    ["correspondence.json", jsonFile({ items: messages })],
    ["notes.json", jsonFile({ items: notes })],
    ...records.map((text, index) => [`record-${index + 1}.json`, text] as const),
    ...(transferFile === undefined ? [] : [["common-transfer-file.xml", transferFile] as const]),
  ]);
};

/** The entries on the caller's own list: the other party's are its own business. */
const ownEntries = async (
  { caller }: PackCall,
  { dynamo, tables }: Dependencies,
  { senderEntryId, recipientEntryId }: Referral,
) => {
  const ids = [senderEntryId, recipientEntryId].filter((id) => id !== null);
  const items = await readAll(
    dynamo,
    ids.map((id) => entryPlace(tables.entries, id)),
  );
  const own = items.map(entryFrom).filter((entry): entry is Entry => entry?.authority === caller.authority);
  return Promise.all(
    own.map(async (entry) => {
      const subject = { kind: "entry", id: entry.entryId } as const;
      const events = await readCaseTrail(dynamo, tables.caseEvents, subject);
      return { entry, chain: { subject: `entry#${entry.entryId}`, events } };
    }),
  );
};

const notesOf = async (call: PackCall, deps: Dependencies, referral: Referral) => {
  const envelopes = await readNoteEnvelopes(deps.dynamo, deps.tables.records, referral.referralId);
  return Promise.all(
    envelopes.map(async ({ sequence, part, item }) => ({
      sequence,
      note: await openPart(call, deps, referral, part, item),
    })),
  );
};

/** Every version of the record, from the first. */
const recordsOf = async (call: PackCall, deps: Dependencies, referral: Referral): Promise<string[]> => {
  const versions = Array.from({ length: recordVersion(referral) }, (_, index) => index + 1);
  const subject = { kind: "referral", id: referral.referralId } as const;
  const items = await readAll(
    deps.dynamo,
    versions.map((version) => recordPlace(deps.tables.records, subject, versionPart(version))),
  );
  return Promise.all(versions.map((version) => openChecked(call, deps, referral, version, items[version - 1])));
};

/** What came with the referral, as it was sent. */
const commonTransferFileOf = async (
  call: PackCall,
  deps: Dependencies,
  referral: Referral,
): Promise<string | undefined> => {
  if (referral.commonTransferFile === null) return undefined;
  const subject = { kind: "referral", id: referral.referralId } as const;
  const [item] = await readAll(deps.dynamo, [recordPlace(deps.tables.records, subject, "ctf")]);
  const text = await openPart(call, deps, referral, "ctf", item);
  if (digestOfText(text) !== referral.commonTransferFile.digest) throw unreadable(call, referral, "digest-differs");
  return text;
};

export const handler = serve(route, dependencies, getEvidencePack);
