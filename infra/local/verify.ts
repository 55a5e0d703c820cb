import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import type { JSONWebKeySet } from "jose";
import { digestOf } from "../../shared/domain/canonical.ts";
import { chainFault, type ReferralEvent } from "../../shared/domain/event-chain.ts";
import { verifyPack } from "../../shared/evidence/verify-pack.ts";
import { type EvidenceClaims, verifyEvidence } from "../../shared/keys/evidence.ts";
import { verifyPublication } from "../../shared/keys/publication-signature.ts";

const usage =
  "Usage: npm run verify -- receipt.jws jwks.json [--record child.json] [--events events.json …]\n" +
  "       npm run verify -- contact-list.json.jws jwks.json --document contact-list.json\n" +
  "       npm run verify -- pack.zip [jwks.json]\n" +
  "  receipt.jws   a receipt or removal certificate as the exchange answered it\n" +
  "  jwks.json     what the exchange publishes at /.well-known/jwks.json\n" +
  "  pack.zip      an evidence pack; without jwks.json, by the keys that are in it\n" +
  "  --record      the child's record: is it the one that was receipted?\n" +
  "  --events      the referral's events: does the trail hold, and is this in it? A page each, in order\n" +
  "  --document    the publication of the contact list that the signature is of, JSON or CSV, as it was answered";

const readJson = async (path: string): Promise<unknown> => JSON.parse(await readFile(path, "utf8"));

const describe = ({ kind, by, at, referralId, sender, recipient }: EvidenceClaims): string =>
  [
    `${kind === "receipt" ? "Receipt" : "Removal certificate"} for referral ${referralId} from ${sender} to ${recipient}`,
    `${kind === "receipt" ? "confirmed" : "removed"} by ${by.name} (${by.contactId}, ${by.role}) at ${at}`,
  ].join("\n");

const checkRecord = async (path: string, claims: EvidenceClaims): Promise<string> => {
  if (digestOf(await readJson(path)) !== claims.payloadDigest)
    throw new Error("The record is not the one it speaks of.");
  return `The record is the one it speaks of: ${claims.payloadDigest}`;
};

type Page = { items: ReferralEvent[]; next: string | null };

const checkEvents = async (paths: readonly string[], claims: EvidenceClaims): Promise<string> => {
  const pages = (await Promise.all(paths.map(readJson))) as Page[];
  const items = pages.flatMap((page) => page.items);
  const fault = chainFault(items);
  if (fault) throw new Error(`The trail is broken at event ${fault.sequence} (${fault.fault}).`);
  const event = items.find(({ hash }) => hash === claims.eventHash);
  if (!event && pages.at(-1)?.next)
    throw new Error("The events are not all here: give the next page with --events too.");
  if (!event) throw new Error("The trail does not hold the event it speaks of.");
  return `The trail of ${items.length} events holds, and this is event ${event.sequence} (${event.type})`;
};

const checkEvidence = async (signed: string, keys: JSONWebKeySet): Promise<string> => {
  const claims = await verifyEvidence(signed, keys);
  console.log(describe(claims));
  if (values.record) console.log(await checkRecord(values.record, claims));
  if (values.events) console.log(await checkEvents(values.events, claims));
  return claims.iss;
};

const checkPublication = async (path: string, signature: string, keys: JSONWebKeySet): Promise<string> => {
  const { issuer, number, signedAt, format } = await verifyPublication(signature, await readFile(path), keys);
  console.log(`Publication ${number} of the contact list, ${format.toUpperCase()}, signed at ${signedAt}`);
  return issuer;
};

const checkPack = async (path: string, keys: JSONWebKeySet | undefined): Promise<string> => {
  const { claims, ownKeys, findings } = await verifyPack(await readFile(path), keys);
  console.log(`Evidence pack of ${claims.subject}, made for ${claims.madeFor} at ${claims.at}`);
  for (const finding of findings) console.log(finding);
  return ownKeys
    ? `${claims.iss} by the keys in the pack: compare them with ${claims.iss}/.well-known/jwks.json`
    : claims.iss;
};

const check = async (path: string, keys: JSONWebKeySet | undefined): Promise<string> => {
  if (!keys || path.endsWith(".zip")) return checkPack(path, keys);
  const signed = await readFile(path, "utf8");
  return values.document ? checkPublication(values.document, signed, keys) : checkEvidence(signed, keys);
};

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    record: { type: "string" },
    events: { type: "string", multiple: true },
    document: { type: "string" },
  },
});
const [signedFile, keysFile] = positionals;
const isPack = signedFile?.endsWith(".zip") ?? false;
if (
  !signedFile ||
  (!keysFile && !isPack) ||
  positionals.length > 2 ||
  (values.document && (values.record || values.events))
) {
  console.error(usage);
  process.exit(2);
}
try {
  const keys = keysFile ? ((await readJson(keysFile)) as JSONWebKeySet) : undefined;
  const issuer = await check(signedFile, keys);
  console.log(`VERIFIED: signed by ${issuer}`);
} catch (error) {
  console.error(`NOT VERIFIED: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
