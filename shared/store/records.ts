import { QueryCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import type { EncryptionContext } from "../keys/envelope.ts";
import type { Dynamo, Item, Key, Place, Write } from "./dynamo.ts";

/** What an encrypted text belongs to: the child's record of a referral or of an entry, or a note with an event. */
export type Subject = { kind: "referral" | "entry"; id: string };
export type Part = "record" | `note#${string}`;

const key = (subject: Subject, part: Part): Key => ({ subject: `${subject.kind}#${subject.id}`, part });

/** Notes sort in the order of the events they were written with. */
export const notePart = (sequence: number): Part => `note#${String(sequence).padStart(6, "0")}`;

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

/** A referral's texts open only for this referral between these two parties. */
export const referralContext = (
  referral: { referralId: string; sender: string; recipient: string },
  part: Part,
): EncryptionContext => ({
  referral: referral.referralId,
  sender: referral.sender,
  recipient: referral.recipient,
  ...(part !== "record" && { part }),
});

export const entryContext = (entry: { entryId: string; authority: string }): EncryptionContext => ({
  entry: entry.entryId,
  authority: entry.authority,
});

/** The notes of a referral with the sequence numbers of their events, in order. */
export const readNoteEnvelopes = async (
  dynamo: Dynamo,
  table: string,
  referralId: string,
): Promise<{ sequence: number; part: Part; item: Item }[]> => {
  const { Items = [] } = await dynamo.send(
    new QueryCommand({
      TableName: table,
      KeyConditionExpression: "subject = :subject AND begins_with(part, :note)",
      ExpressionAttributeValues: { ":subject": `referral#${referralId}`, ":note": "note#" },
      ConsistentRead: true,
    }),
  );
  return Items.map((item) => {
    const part = z.templateLiteral(["note#", z.string().regex(/^\d{6}$/)]).parse(item.part);
    return { sequence: Number(part.slice("note#".length)), part, item };
  });
};
