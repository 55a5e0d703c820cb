import { environment } from "../../shared/aws/environment.ts";
import { recordWarnings } from "../../shared/contract/child-record.ts";
import { correctRecord as route } from "../../shared/contract/correspondence.ts";
import { summaryOf } from "../../shared/contract/present.ts";
import { schoolAgeFaults } from "../../shared/contract/school-age-faults.ts";
import { canonicalJson, type Digest, digestOfText } from "../../shared/domain/canonical.ts";
import { mostCorrections, recordCorrected, recordVersion } from "../../shared/domain/correspondence.ts";
import { type Entry, isOnList, withFingerprints } from "../../shared/domain/entry.ts";
import { figuresOf } from "../../shared/domain/figures.ts";
import { fingerprintInputs } from "../../shared/domain/fingerprint-input.ts";
import { isOpen } from "../../shared/domain/lifecycle.ts";
import { mayRead, partyOf, type Referral, type Step } from "../../shared/domain/referral.ts";
import {
  type BodyFault,
  notFound,
  notOfThisKind,
  notYourRole,
  stateDoesNotAllow,
  validationFailed,
} from "../../shared/domain/refusals.ts";
import { emailsOfCorrespondence } from "../../shared/domain/who-is-told.ts";
import { actorOf } from "../../shared/http/actor.ts";
import type { Call } from "../../shared/http/call.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { seal } from "../../shared/keys/envelope.ts";
import { fingerprints } from "../../shared/keys/fingerprints.ts";
import { commitOnce } from "../../shared/store/commit-once.ts";
import { authorityFrom, authorityPlace, contactUnchanged } from "../../shared/store/directory.ts";
import type { Write } from "../../shared/store/dynamo.ts";
import { replaceEntry } from "../../shared/store/entries.ts";
import { findableWrites } from "../../shared/store/fingerprints.ts";
import { putEnvelope, referralContext, versionPart } from "../../shared/store/records.ts";
import { referralFrom, referralPlace, replaceReferral } from "../../shared/store/referrals.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { eventAndOutboxRow } from "../../shared/store/trail.ts";
import { actionDependencies, namedContact } from "./act-on-referral.ts";
import { entriesOf } from "./entries-of-referral.ts";

const dependencies = () => {
  const given = actionDependencies();
  return {
    ...given,
    tables: { ...given.tables, ...tableNames("fingerprints") },
    fingerprintKey: environment("FINGERPRINT_KEY").FINGERPRINT_KEY,
  };
};
type Dependencies = ReturnType<typeof dependencies>;

/** Either party corrects the record, as one whole that is judged like the first; nothing of the earlier versions is lost. */
const correctRecord: Operation<typeof route, Dependencies> = (call, deps) => {
  const { dynamo, tables, kms, recordKey, fingerprintKey } = deps;
  const { child, by } = call.body;
  const { id } = call.params;
  const places = [referralPlace(tables.referrals, id), authorityPlace(tables.directory, call.caller.authority)];
  return commitOnce(dynamo, tables, call, places, async ([referralItem, authorityItem], now) => {
    const authority = authorityFrom(authorityItem);
    const referral = correctable(referralFrom(referralItem), call.caller.authority);
    if (!authority) throw notFound();
    const record = canonicalJson(child);
    const payloadDigest = digestOfText(record);
    const faults = faultsOf(call, referral, payloadDigest, now);
    if (faults.length > 0) throw validationFailed(faults);
    const situation = { referral, authority, now };
    const contact = namedContact(situation, by, "/by");
    const part = versionPart(recordVersion(referral) + 1);
    const [envelope, knownBy, entries] = await Promise.all([
      seal(kms, recordKey, referralContext(referral, part), record),
      fingerprints(kms, fingerprintKey, fingerprintInputs(child.identity)),
      entriesOf(deps, referral),
    ]);
    const { after, event } = recordCorrected(
      referral,
      { payloadDigest, concern: child.safeguarding.concern, figures: figuresOf(child), fingerprints: knownBy },
      { at: now, actor: { ...actorOf(call.caller), contactId: contact.contactId } },
    );
    return {
      writes: [
        contactUnchanged(tables.directory, contact),
        replaceReferral(tables.referrals, referral, after),
        ...eventAndOutboxRow(
          tables,
          event,
          after,
          emailsOfCorrespondence("record-corrected", after, call.caller.authority),
        ),
        putEnvelope(tables.records, { kind: "referral", id }, part, envelope),
        ...Object.values(entries).flatMap((entry) => entryWrites(tables, entry, { before: referral, after }, now)),
      ],
      reply: reply(route, 201, { ...summaryOf(after, now), warnings: recordWarnings(child) }),
    };
  });
};

/** @throws Refusal `not-found`, `not-your-role` for the temporary authority, `state-does-not-allow` */
const correctable = (referral: Referral | undefined, caller: string): Referral => {
  if (!referral || !mayRead(referral, caller)) throw notFound();
  if (!partyOf(referral, caller)) throw notYourRole("sender or recipient");
  if (referral.kind === "register-transfer") throw notOfThisKind();
  if (!isOpen(referral.state)) throw stateDoesNotAllow(referral.state, referral.version);
  return referral;
};

const faultsOf = (
  { body }: Call<typeof route>,
  referral: Referral,
  payloadDigest: Digest,
  now: string,
): BodyFault[] => [
  ...schoolAgeFaults(body.child.identity.dateOfBirth, now),
  ...(payloadDigest === referral.payloadDigest
    ? [{ pointer: "/child", detail: "is the record as it stands already" }]
    : []),
  ...(referral.corrections.length < mostCorrections
    ? []
    : [{ pointer: "", detail: `is one correction more than the ${mostCorrections} that are kept of a referral` }]),
];

/**
 * What the entries on both lists are counted and matched by is made of the record as it stands: by what the earlier version
 * said wrongly, another child might be found.
 */
const entryWrites = (
  tables: Dependencies["tables"],
  entry: Entry | undefined,
  { before, after }: Pick<Step, "before" | "after">,
  at: string,
): Write[] => {
  if (!entry || !isOnList(entry) || !concerns(entry, after.referralId)) return [];
  const others = entry.fingerprints.filter((each) => !before.fingerprints.includes(each));
  const changed = withFingerprints({ ...entry, figures: after.figures, fingerprints: others }, after.fingerprints);
  return [replaceEntry(tables.entries, entry, changed), ...findableWrites(tables.fingerprints, entry, changed, at)];
};

/** A child who was referred again since is told of by that referral's record. */
const concerns = ({ openReferralId, openedByReferralId, referralId }: Entry, id: string): boolean =>
  openReferralId === id || (openedByReferralId === id && referralId === id);

export const handler = serve(route, dependencies, correctRecord);
