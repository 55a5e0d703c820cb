import { environment } from "../../shared/aws/environment.ts";
import { digestOfText } from "../../shared/domain/canonical.ts";
import { digestOfVersion } from "../../shared/domain/correspondence.ts";
import { mayRead, type Referral, recordRead } from "../../shared/domain/referral.ts";
import { notFound } from "../../shared/domain/refusals.ts";
import { actorOf } from "../../shared/http/actor.ts";
import type { Caller, Proof, Reply } from "../../shared/http/call.ts";
import { kmsClient } from "../../shared/keys/kms.ts";
import { openRecord, unreadable as recordIsUnreadable } from "../../shared/keys/open-record.ts";
import type { Client } from "../../shared/store/clients.ts";
import { discloseOnce } from "../../shared/store/disclose-once.ts";
import { dynamoClient, type Item, type Place } from "../../shared/store/dynamo.ts";
import { envelopeFrom, type Part, referralContext, versionPart } from "../../shared/store/records.ts";
import { referralFrom, referralPlace, replaceReferral } from "../../shared/store/referrals.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { eventAndOutboxRow } from "../../shared/store/trail.ts";

export const disclosureDependencies = () => ({
  dynamo: dynamoClient(),
  tables: tableNames("proofs", "referrals", "records", "clients", "events", "outbox"),
  kms: kmsClient(),
  recordKey: environment("RECORD_KEY").RECORD_KEY,
});
export type DisclosureDependencies = ReturnType<typeof disclosureDependencies>;
type DisclosureTables = Omit<DisclosureDependencies["tables"], "records">;

type Opening = Pick<DisclosureDependencies, "kms" | "recordKey">;
type DisclosureCall = { requestId: string; params: { id: string }; caller: Caller; proof: Proof };

/** What is shown of a referral, as its event tells it. */
type Shown = "record" | "notes" | "messages" | "enquiry-steps" | "evidence-pack" | "common-transfer-file";

/**
 * Shows something about a child to one who may see it (R5): see {@link discloseOnce}.
 * @param what it is, for the event: with further facts where they depend on the referral
 * @param places what else is read in the same call as the referral
 * @throws Refusal `token-revoked`, `not-found`, `dpop-replayed`, `record-unreadable`
 */
export const discloseRecord = (
  call: DisclosureCall,
  { dynamo, tables }: Pick<DisclosureDependencies, "dynamo"> & { tables: DisclosureTables },
  what: Shown | ((referral: Referral) => { what: Shown } & Record<string, string>),
  places: readonly Place[],
  disclose: (referral: Referral, items: (Item | undefined)[], client: Client) => Promise<Reply>,
): Promise<Reply> =>
  discloseOnce(
    dynamo,
    tables,
    call,
    [referralPlace(tables.referrals, call.params.id), ...places],
    async ([item, ...items], client) => {
      const referral = referralFrom(item);
      if (!referral || !mayRead(referral, call.caller.authority)) throw notFound();
      const reply = await disclose(referral, items, client);
      const read = recordRead(referral, {
        at: new Date().toISOString(),
        actor: actorOf(call.caller),
        details: typeof what === "string" ? { what } : what(referral),
      });
      return {
        reply,
        writes: [
          replaceReferral(tables.referrals, referral, read.after),
          ...eventAndOutboxRow(tables, read.event, referral),
        ],
      };
    },
  );

/**
 * A version of the record as canonical JSON, opened and checked against the digest that the referral has of it: that which
 * is receipted.
 * @throws Refusal `record-unreadable` when it was altered, moved or is missing: nothing is disclosed, the operator is alerted
 */
export const openChecked = async (
  call: Pick<DisclosureCall, "requestId">,
  deps: Opening,
  referral: Referral,
  version: number,
  item: Item | undefined,
): Promise<string> => {
  const text = await openPart(call, deps, referral, versionPart(version), item);
  if (digestOfText(text) !== digestOfVersion(referral, version)) throw unreadable(call, referral, "digest-differs");
  return text;
};

export const openPart = (
  call: Pick<DisclosureCall, "requestId">,
  deps: Opening,
  referral: Referral,
  part: Part,
  item: Item | undefined,
): Promise<string> => openRecord(deps, referralContext(referral, part), envelopeFrom(item), openingOf(call, referral));

/** Tells the operator and nobody else why. */
export const unreadable = (call: Pick<DisclosureCall, "requestId">, referral: Referral, because: string) =>
  recordIsUnreadable(openingOf(call, referral), because);

const openingOf = ({ requestId }: Pick<DisclosureCall, "requestId">, { referralId }: Referral) => ({
  requestId,
  referralId,
});
