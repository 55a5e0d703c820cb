import * as z from "zod";
import type { CaseKind } from "../domain/case-events.ts";
import type { TargetedEnquiry } from "../domain/enquiry.ts";
import type { Entry } from "../domain/entry.ts";
import type { Notice } from "../domain/notice.ts";
import type { Referral } from "../domain/referral.ts";
import type { EncryptionContext } from "../keys/envelope.ts";
import { type Dynamo, type Item, type Key, type Place, queried, type Write } from "./dynamo.ts";

/** What an encrypted text belongs to: the child's record of a referral or of an entry, or a note with an event. */
export type Subject = { kind: "referral" | CaseKind; id: string };
/** The record's first version is `record`, those that correct it are numbered from 2. */
export type Part = "record" | `record#${string}` | `note#${string}` | `message#${string}` | "ctf";

const key = (subject: Subject, part: Part): Key => ({ subject: `${subject.kind}#${subject.id}`, part });

/** A file's text with its byte order mark, so that sealed and opened again it has the very same bytes. */
export const fileText = (bytes: Uint8Array): string =>
  new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);

/** Notes sort in the order of the events they were written with. */
export const notePart = (sequence: number): Part => `note#${numbered(sequence)}`;

/** A message, likewise by the number of its event. */
export const messagePart = (sequence: number): Part => `message#${numbered(sequence)}`;

export const versionPart = (version: number): Part => (version === 1 ? "record" : `record#${numbered(version)}`);

const numbered = (number: number): string => String(number).padStart(6, "0");

export const recordPlace = (table: string, subject: Subject, part: Part): Place => ({
  table,
  key: key(subject, part),
});

const stored = z.object({ envelope: z.string() });

export const envelopeFrom = (item: Item | undefined): string | undefined => item && stored.parse(item).envelope;

export const putEnvelope = (table: string, subject: Subject, part: Part, envelope: string): Write => ({
  name: `record ${subject.kind} ${part}`,
  item: {
    Put: {
      TableName: table,
      Item: { ...key(subject, part), envelope },
      ConditionExpression: "attribute_not_exists(subject)",
    },
  },
});

/** In the place of what may be there already: the version of what it belongs to decides who comes first. */
export const replaceEnvelope = (table: string, subject: Subject, part: Part, envelope: string): Write => ({
  name: `record ${subject.kind} ${part}`,
  item: { Put: { TableName: table, Item: { ...key(subject, part), envelope } } },
});

/** Erases it: the data key under which it was sealed is nowhere but in the item itself, as KMS wrapped it. */
export const deleteEnvelope = (table: string, subject: Subject, part: Part): Write => ({
  name: `record ${subject.kind} ${part}`,
  item: { Delete: { TableName: table, Key: key(subject, part) } },
});

/**
 * A referral's texts open only for this referral between the two parties it was submitted between: who they are now, after
 * a reorganisation, the referral says itself, and nobody else is shown the text.
 */
export const referralContext = (
  { referralId, sender, recipient, sealedFor }: Pick<Referral, "referralId" | "sender" | "recipient" | "sealedFor">,
  part: Part,
): EncryptionContext => ({
  referral: referralId,
  ...(sealedFor ?? { sender, recipient }),
  ...(part !== "record" && { part }),
});

/** An entry's texts open only for this entry of the authority that sealed them. */
export const entryContext = (
  { entryId, authority, sealedFor }: Pick<Entry, "entryId" | "authority" | "sealedFor">,
  part: Part,
): EncryptionContext => ({
  entry: entryId,
  authority: sealedFor ?? authority,
  ...(part !== "record" && { part }),
});

/** An enquiry's texts open only for this enquiry of the one authority to the other, like a referral's. */
export const enquiryContext = (
  { enquiryId, asker, asked, sealedFor }: Pick<TargetedEnquiry, "enquiryId" | "asker" | "asked" | "sealedFor">,
  part: Part,
): EncryptionContext => ({
  enquiry: enquiryId,
  ...(sealedFor ?? { asker, asked }),
  ...(part !== "record" && { part }),
});

/** A notice's record opens only for this notice of the one authority to the other, like a referral's. */
export const noticeContext = ({
  noticeId,
  sender,
  recipient,
  sealedFor,
}: Pick<Notice, "noticeId" | "sender" | "recipient" | "sealedFor">): EncryptionContext => ({
  notice: noticeId,
  ...(sealedFor ?? { sender, recipient }),
});

/** The notes of a referral with the sequence numbers of their events, in order. */
export const readNoteEnvelopes = (dynamo: Dynamo, table: string, referralId: string): Promise<NumberedEnvelope[]> =>
  readNumbered(dynamo, table, { kind: "referral", id: referralId }, "note");

/** The messages of a referral, likewise. */
export const readMessageEnvelopes = (dynamo: Dynamo, table: string, referralId: string): Promise<NumberedEnvelope[]> =>
  readNumbered(dynamo, table, { kind: "referral", id: referralId }, "message");

/** The notes of an entry, those of its steps among them. */
export const readEntryNoteEnvelopes = (dynamo: Dynamo, table: string, entryId: string): Promise<NumberedEnvelope[]> =>
  readNumbered(dynamo, table, { kind: "entry", id: entryId }, "note");

export type NumberedEnvelope = { sequence: number; part: Part; item: Item };

const readNumbered = async (
  dynamo: Dynamo,
  table: string,
  subject: Subject,
  kind: "note" | "message",
): Promise<NumberedEnvelope[]> => {
  const query = {
    TableName: table,
    KeyConditionExpression: "subject = :subject AND begins_with(part, :kind)",
    ExpressionAttributeValues: { ":subject": `${subject.kind}#${subject.id}`, ":kind": `${kind}#` },
    ConsistentRead: true,
  };
  const found: NumberedEnvelope[] = [];
  for await (const item of queried(dynamo, query)) {
    const part = z.templateLiteral([`${kind}#`, z.string().regex(/^\d{6}$/)]).parse(item.part);
    found.push({ sequence: Number(part.slice(`${kind}#`.length)), part, item });
  }
  return found;
};

const storedPart = z.object({ part: z.custom<Part>((part) => typeof part === "string") });

/** Which texts there are of a subject. */
export const readParts = async (dynamo: Dynamo, table: string, subject: Subject): Promise<Part[]> => {
  const query = {
    TableName: table,
    KeyConditionExpression: "subject = :subject",
    ExpressionAttributeValues: { ":subject": `${subject.kind}#${subject.id}` },
    ProjectionExpression: "part",
    ConsistentRead: true,
  };
  const parts: Part[] = [];
  for await (const item of queried(dynamo, query)) parts.push(storedPart.parse(item).part);
  return parts;
};
