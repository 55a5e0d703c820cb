import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import type { JSONWebKeySet } from "jose";
import { digestOf } from "../../shared/domain/canonical.ts";
import { chainFault, type ReferralEvent } from "../../shared/domain/event-chain.ts";
import { type EvidenceClaims, verifyEvidence } from "../../shared/keys/evidence.ts";

const usage =
  "Usage: npm run verify -- receipt.jws jwks.json [--record child.json] [--events events.json …]\n" +
  "  receipt.jws   a receipt or removal certificate as the exchange answered it\n" +
  "  jwks.json     what the exchange publishes at /.well-known/jwks.json\n" +
  "  --record      the child's record: is it the one that was receipted?\n" +
  "  --events      the referral's events: does the trail hold, and is this in it? A page each, in order";

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

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { record: { type: "string" }, events: { type: "string", multiple: true } },
});
const [evidenceFile, keysFile] = positionals;
if (!evidenceFile || !keysFile || positionals.length > 2) {
  console.error(usage);
  process.exit(2);
}
try {
  const claims = await verifyEvidence(
    await readFile(evidenceFile, "utf8"),
    (await readJson(keysFile)) as JSONWebKeySet,
  );
  console.log(describe(claims));
  if (values.record) console.log(await checkRecord(values.record, claims));
  if (values.events) console.log(await checkEvents(values.events, claims));
  console.log(`VERIFIED: signed by ${claims.iss}`);
} catch (error) {
  console.error(`NOT VERIFIED: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
