import { environment } from "../../shared/aws/environment.ts";
import { digestOfText } from "../../shared/domain/canonical.ts";
import { digestOfVersion } from "../../shared/domain/correspondence.ts";
import { mayRead, type Referral, recordRead } from "../../shared/domain/referral.ts";
import { busy, notFound, recordUnreadable, tokenRevoked } from "../../shared/domain/refusals.ts";
import type { Caller, Proof, Reply } from "../../shared/http/call.ts";
import { EnvelopeRefused, open } from "../../shared/keys/envelope.ts";
import { kmsClient } from "../../shared/keys/kms.ts";
import { log } from "../../shared/observability/log.ts";
import { type Client, clientFrom, clientPlace } from "../../shared/store/clients.ts";
import { attempts, commit, dynamoClient, type Item, type Place, readAll } from "../../shared/store/dynamo.ts";
import { proofReplayed, spendInTransaction } from "../../shared/store/proofs.ts";
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
 * Shows something about a child to one who may see it (R5), and never without a trace: the answer leaves only after the
 * read has committed as an event, together with the use of the proof. A client that was deactivated is shown nothing more
 * by the token that it still has: its registration is read in the same call as the referral.
 * @param what it is, for the event: with further facts where they depend on the referral
 * @param places what else is read in the same call as the referral
 * @throws Refusal `token-revoked`, `not-found`, `dpop-replayed`, `record-unreadable`
 */
export const discloseRecord = async (
  call: DisclosureCall,
  { dynamo, tables }: Pick<DisclosureDependencies, "dynamo"> & { tables: DisclosureTables },
  what: Shown | ((referral: Referral) => { what: Shown } & Record<string, string>),
  places: readonly Place[],
  disclose: (referral: Referral, items: (Item | undefined)[], client: Client) => Promise<Reply>,
): Promise<Reply> => {
  for await (const _ of attempts()) {
    const [item, clientItem, ...items] = await readAll(dynamo, [
      referralPlace(tables.referrals, call.params.id),
      clientPlace(tables.clients, call.caller.clientId),
      ...places,
    ]);
    const client = clientFrom(clientItem);
    if (!client?.active) throw tokenRevoked();
    const referral = referralFrom(item);
    if (!referral || !mayRead(referral, call.caller.authority)) throw notFound();
    const answer = await disclose(referral, items, client);
    const { authority, clientId } = call.caller;
    const read = recordRead(referral, {
      at: new Date().toISOString(),
      actor: { authority, clientId, contactId: null },
      details: typeof what === "string" ? { what } : what(referral),
    });
    const outcome = await commit(dynamo, [
      spendInTransaction(tables.proofs, call.proof),
      replaceReferral(tables.referrals, referral, read.after),
      ...eventAndOutboxRow(tables, read.event, referral),
    ]);
    if (outcome.committed) {
      call.proof.spent = true;
      return answer;
    }
    if (outcome.lost.has("proof")) throw proofReplayed();
  }
  throw busy();
};

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

export const openPart = async (
  call: Pick<DisclosureCall, "requestId">,
  { kms, recordKey }: Opening,
  referral: Referral,
  part: Part,
  item: Item | undefined,
): Promise<string> => {
  const envelope = envelopeFrom(item);
  if (envelope === undefined) throw unreadable(call, referral, "missing");
  try {
    return await open(kms, recordKey, referralContext(referral, part), envelope);
  } catch (error) {
    throw error instanceof EnvelopeRefused ? unreadable(call, referral, error.because) : error;
  }
};

/** Tells the operator and nobody else why. */
export const unreadable = (call: Pick<DisclosureCall, "requestId">, referral: Referral, because: string) => {
  log("record-unreadable", { requestId: call.requestId, referralId: referral.referralId, because, alarm: true });
  return recordUnreadable();
};
