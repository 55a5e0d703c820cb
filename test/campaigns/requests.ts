import { randomInt, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Answer } from "../../infra/local/client.ts";
import type { History } from "./history.ts";
import type { Action, Deed, ListDeed, ReferralDeed, Submission } from "./model.ts";
import type { EnquiryDeed } from "./model-of-enquiries.ts";
import { entryAt, kindOf, newChild, placeOf, referralAt, type Subject } from "./world.ts";

/** A request that was sent for a deed; `answer` is its last one. */
export type Sent = { deed: Deed; path: string; body: unknown; key: string; answer?: Answer };

const nowhere = "0199a000-0000-7000-8000-000000000000";

/** What the exchange calls a thing. */
export const idOf = ({ ids }: History, subject: Subject): string => ids[kindOf(subject)][placeOf(subject)] ?? "";

const referralId = (history: History, place: number | "nowhere"): string =>
  place === "nowhere" ? nowhere : idOf(history, `referral#${place}`);

const example = JSON.parse(readFileSync(new URL("../data/example-referral.json", import.meta.url), "utf8")) as {
  child: { identity: object; addresses: { lastKnown: object } };
};

const consonants = "bcdfghjklmnpqrstvwxz";

/** Children of one history share no fingerprint with each other, or with those of another history. */
export const newFamily = (): { surname: string; number: number } => ({
  surname: Array.from({ length: 12 }, () => consonants[randomInt(consonants.length)]).join(""),
  number: randomInt(1_000_000_000),
});

const identityOf = ({ family }: History, child: number) => ({
  ...example.child.identity,
  // Letters that no rule of spelling folds together.
  surname: `Q${family.surname}${[...String(child)].map((digit) => consonants[Number(digit)]).join("")}x`,
  formerSurnames: [],
  upn: `A${String(family.number).padStart(9, "0")}${String(child).padStart(3, "0")}`,
});

const recordOf = (history: History, child: number) => ({
  ...example.child,
  identity: identityOf(history, child),
});

/** The request for a deed, ready to be sent any number of times. */
export const requestFor = (history: History, deed: Deed): Sent => {
  const someoneElse = history.authorities.find((each) => each !== deed.by) ?? "";
  const contact = `${deed.wrongContact ? someoneElse : deed.by}-${["lead", "inbox"][deed.variant]}`;
  return { deed, key: randomUUID(), ...requestOf(history, deed, contact) };
};

type Request = { path: string; body?: unknown };

const requestOf = (history: History, deed: Deed, contact: string): Request & { body: unknown } => {
  const { path, body } =
    deed.what === "submit"
      ? submission(history, deed, contact)
      : "referral" in deed
        ? toReferral(history, deed, contact)
        : isListDeed(deed)
          ? toList(history, deed)
          : toEnquiry(history, deed, contact);
  return { path, body };
};

const isListDeed = (deed: ListDeed | EnquiryDeed): deed is ListDeed =>
  ["add", "record-step", "close-entry", "erase", "read-entry"].includes(deed.what);

const submission = (history: History, { recipient, temporary, from }: Submission, sentBy: string): Request => {
  const { world } = history;
  const child =
    from === "nowhere"
      ? newChild(world)
      : entryAt(world, "entry" in from ? from.entry : referralAt(world, from.following).senderEntry).child;
  const body = {
    recipient,
    sentBy,
    child: recordOf(history, child),
    ...(temporary !== null && { temporaryAuthority: temporary }),
    ...(typeof from === "object" && "entry" in from && { entryId: idOf(history, `entry#${from.entry}`) }),
    ...(typeof from === "object" && "following" in from && { followsReferralId: referralId(history, from.following) }),
  };
  return { path: "/v1/referrals", body };
};

const toReferral = (history: History, { what, referral, variant }: ReferralDeed, contact: string): Request => {
  const { to, body } = ofReferral[what](contact, variant);
  return { path: `/v1/referrals/${referralId(history, referral)}/${to}`, body };
};

/** Long past, whatever the day is. */
const started = ["2026-06-01", "2026-06-02"] as const;
const schools = ["103200", "103201"] as const;

const ofReferral: Record<
  Action | "read" | "list-temporary",
  (contact: string, variant: 0 | 1) => { to: string; body?: unknown }
> = {
  read: () => ({ to: "child" }),
  "list-temporary": () => ({ to: "temporary-entry", body: {} }),
  withdraw: (_, variant) => ({ to: "withdrawal", body: { reason: ["Back in school", "Sent in error"][variant] } }),
  return: (_, variant) => ({ to: "return", body: { reason: ["wrong-authority", "duplicate"][variant] } }),
  receive: (confirmedBy) => ({ to: "receipt", body: { confirmedBy } }),
  locate: (foundBy) => ({ to: "finding", body: { finding: "located", foundBy } }),
  "not-locate": (foundBy) => ({ to: "finding", body: { finding: "not-located", foundBy } }),
  remove: (removedBy) => ({ to: "removal", body: { removedBy } }),
  conclude: (_, variant) => ({
    to: "conclusion",
    body: [
      { outcome: "on-school-register", schoolUrn: schools[0], startDate: started[0] },
      { outcome: "suitable-education-otherwise", provision: "Taught at home by a tutor" },
    ][variant],
  }),
};

const toList = (history: History, deed: ListDeed): Request => {
  const { variant } = deed;
  if (deed.what === "add") {
    const child = deed.child === "new" ? newChild(history.world) : deed.child;
    const record = recordOf(history, child);
    const body = { child: variant === 0 ? record : { ...record, circumstances: { reasonMissing: "unknown" } } };
    return { path: "/v1/cme-list", body };
  }
  const entry = `/v1/cme-list/${idOf(history, `entry#${deed.entry}`)}`;
  switch (deed.what) {
    case "record-step": {
      const { step, outcome } = deed;
      const note = ["Told to Zoë's aunt", "As the landlord says"][variant];
      return { path: `${entry}/enquiry-steps`, body: { step, outcome, date: started[variant], note } };
    }
    case "close-entry":
      return { path: `${entry}/closure`, body: closure(history, deed) };
    case "erase":
      return { path: `${entry}/erasure`, body: { because: "located" } };
    case "read-entry":
      return { path: `${entry}/child` };
  }
};

const closure = (history: History, { as, notice, variant }: Extract<ListDeed, { what: "close-entry" }>) => {
  const note = ["The police say so", "A neighbour says so"][variant];
  switch (as) {
    case "on-school-register": {
      const noticed = notice === null ? {} : { noticeId: idOf(history, `notice#${notice}`) };
      return { as, schoolUrn: schools[variant], startDate: started[0], ...noticed };
    }
    case "suitable-education-otherwise":
      return { as, provision: note };
    case "above-leaving-age":
      return { as };
    default:
      return { as, note };
  }
};

const toEnquiry = (history: History, deed: EnquiryDeed, contact: string): Request => {
  const { variant } = deed;
  const enquiry = (subject: Subject): string => `/v1/enquiries/${idOf(history, subject)}`;
  const reason = ["child-located", "no-longer-needed"][variant];
  switch (deed.what) {
    case "ask": {
      const asking = { asked: deed.asked, reason: ["kin", "sighting"][variant], openedBy: contact };
      const body = { kind: "targeted", entryId: idOf(history, `entry#${deed.entry}`), ...asking };
      return { path: "/v1/enquiries", body: variant === 0 ? { ...body, note: "An aunt lives there" } : body };
    }
    case "ask-match":
      return {
        path: "/v1/enquiries",
        body: { kind: "match", entryId: idOf(history, `entry#${deed.entry}`), openedBy: contact },
      };
    case "answer": {
      const answered = { answer: deed.answer, answeredBy: contact };
      const body = variant === 0 ? answered : { ...answered, note: "Seen in the library" };
      return { path: `${enquiry(`enquiry#${deed.enquiry}`)}/answers`, body };
    }
    case "answer-match":
      return { path: `${enquiry(deed.of)}/answers`, body: { answer: deed.answer, answeredBy: contact } };
    case "close-enquiry":
      return { path: `${enquiry(`enquiry#${deed.enquiry}`)}/closure`, body: { reason } };
    case "close-match":
      return { path: `${enquiry(deed.of)}/closure`, body: { reason } };
    case "refer-enquiry":
      return { path: `${enquiry(`enquiry#${deed.enquiry}`)}/referral`, body: { sentBy: contact } };
    case "read-enquiry":
      return { path: `${enquiry(`enquiry#${deed.enquiry}`)}/child` };
    case "notify": {
      const { surname, upn } = identityOf(history, 0);
      const identity = { forename: "Zoë-Anne", surname, dateOfBirth: "2016-05-17", sex: "F", upn };
      const child = { identity, address: example.child.addresses.lastKnown };
      const school = { schoolUrn: schools[0], startDate: started[0] };
      return {
        path: "/v1/notices/school-admission",
        body: { recipient: deed.recipient, sentBy: contact, ...school, child },
      };
    }
    case "acknowledge": {
      const about = deed.entry === null ? {} : { entryId: idOf(history, `entry#${deed.entry}`) };
      return {
        path: `/v1/notices/${idOf(history, `notice#${deed.notice}`)}/acknowledgement`,
        body: { acknowledgedBy: contact, ...about },
      };
    }
    case "read-notice":
      return { path: `/v1/notices/${idOf(history, `notice#${deed.notice}`)}/child` };
  }
};

export const isRead = ({ what }: Deed): boolean =>
  what === "read" || what === "read-entry" || what === "read-enquiry" || what === "read-notice";

/** @throws whatever a lost connection throws; then nobody knows whether it was done */
export const send = async ({ reach }: History, { deed, path, body, key }: Sent): Promise<Answer> => {
  const client = await reach.client(deed.by);
  return isRead(deed) ? client.get(path) : client.post(path, body, { key });
};
