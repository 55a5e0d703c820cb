import { environment } from "../../shared/aws/environment.ts";
import type { Contact } from "../../shared/domain/contacts.ts";
import { unverifiedFrom } from "../../shared/domain/freshness.ts";
import { initialState } from "../../shared/domain/lifecycle.ts";
import type { Notice } from "../../shared/domain/notice.ts";
import type { Referral } from "../../shared/domain/referral.ts";
import type { EmailTemplate } from "../../shared/domain/who-is-told.ts";
import { notifyClient } from "../../shared/email/notify.ts";
import { type EmailFacts, personalisationFor, templateIdsFrom } from "../../shared/email/templates.ts";
import { accessSettings } from "../../shared/http/authenticate.ts";
import { kmsClient } from "../../shared/keys/kms.ts";
import { sealedSetting } from "../../shared/keys/sealed-setting.ts";
import { consumeQueue } from "../../shared/queue/consume.ts";
import type { Delivery } from "../../shared/store/deliveries.ts";
import {
  type Authority,
  authorityFrom,
  authorityPlace,
  contactsInEffect,
  readAuthority,
} from "../../shared/store/directory.ts";
import { readAll } from "../../shared/store/dynamo.ts";
import { type Enquiry, enquiryOfAnyKindFrom, enquiryPlace } from "../../shared/store/enquiries.ts";
import { noticeFrom, noticePlace } from "../../shared/store/notices.ts";
import { referralFrom, referralPlace } from "../../shared/store/referrals.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { attemptDelivery, attemptDependencies, type Outcome } from "./attempt-delivery.ts";

const dependencies = () => {
  const { NOTIFY_URL, NOTIFY_API_KEY_SEALED, NOTIFY_TEMPLATES, SECRETS_KEY } = environment(
    "NOTIFY_URL",
    "NOTIFY_API_KEY_SEALED",
    "NOTIFY_TEMPLATES",
    "SECRETS_KEY",
  );
  return {
    ...attemptDependencies(),
    ...tableNames("referrals", "enquiries", "notices"),
    publicAddress: accessSettings().issuer,
    notifyUrl: NOTIFY_URL,
    apiKey: sealedSetting(kmsClient(), SECRETS_KEY, "NOTIFY_API_KEY", NOTIFY_API_KEY_SEALED),
    templateIds: templateIdsFrom(NOTIFY_TEMPLATES),
  };
};
type Dependencies = ReturnType<typeof dependencies>;

/** What an email is about, as it is now. */
type Subject = {
  referral?: Referral | undefined;
  contact?: Contact | undefined;
  enquiry?: Enquiry | undefined;
  notice?: Notice | undefined;
};

const isReceived = ({ referral }: Subject): boolean => referral?.state !== initialState;

/** Emails that ask for something: pointless once it is done. */
const isDone: Partial<Record<EmailTemplate, (subject: Subject) => boolean>> = {
  "referral-awaits": isReceived,
  overdue: isReceived,
  "overdue-lead": isReceived,
  "transfer-awaits": isReceived,
  "transfer-overdue": isReceived,
  "transfer-overdue-lead": isReceived,
  "contact-verification": ({ contact }) => !contact || contact.verificationAsked === 0,
  "referral-temporary": ({ referral }) => referral?.state === "withdrawn" || referral?.state === "returned",
  "notice-awaits": ({ notice }) => notice?.state !== "awaiting-acknowledgement",
  "contact-unreachable": ({ contact }) => !contact || contact.unreachableSince === null,
  "enquiry-awaits": ({ enquiry }) => enquiry?.state !== "open",
  "enquiry-matched": ({ enquiry }) => enquiry?.state !== "open",
};

/** One attempt at an email. To whom it goes is read now: a contact who has left since gets nothing. */
const send = async (delivery: Delivery, deps: Dependencies): Promise<Outcome> => {
  const { template, contactId, deliveryId } = delivery;
  if (!template || !contactId) return { kind: "refused-for-good", failure: "no-addressee" };
  const { own, subject, facts } = await about(delivery, deps);
  if (isDone[template]?.(subject)) return { kind: "dropped", failure: "answered" };
  const contact = own && contactsInEffect(own, new Date().toISOString()).find((each) => each.contactId === contactId);
  if (!contact) return { kind: "dropped", failure: "contact-not-in-effect" };
  const notify = notifyClient({ url: deps.notifyUrl, apiKey: await deps.apiKey() });
  const sent = await notify.sendEmail({
    templateId: deps.templateIds[template],
    emailAddress: contact.email,
    personalisation: personalisationFor(template, facts),
    reference: deliveryId,
  });
  if (sent.outcome === "sent") return { kind: "delivered", status: 201, notificationId: sent.notificationId };
  // The exchange's own key is at fault, not the email: it waits for the key to be put right.
  if (sent.outcome === "refused" && sent.errors.includes("AuthError"))
    return { kind: "try-later", failure: "notify-key" };
  if (sent.outcome === "refused") return { kind: "refused-for-good", failure: sent.errors.join(" ") };
  return { kind: "try-later", failure: "notify-unavailable", retryAfter: sent.retryAfterSeconds };
};

/** The addressee's authority, what the email is about, and what its template may say of that. */
type About = { own: Authority | undefined; subject: Subject; facts: EmailFacts };

const about = (delivery: Delivery, deps: Dependencies): Promise<About> => {
  const { data } = delivery;
  if ("contactId" in data) return aboutContact(delivery, data.contactId, deps);
  if ("enquiryId" in data) return aboutEnquiry(delivery, data.enquiryId, deps);
  if ("entryId" in data) return aboutEntry(delivery, data.entryId, deps);
  if ("noticeId" in data) return aboutNotice(delivery, data.noticeId, deps);
  return aboutReferral(delivery, deps);
};

type Parties = { sender: string; recipient: string };

const otherPartyOf = ({ sender, recipient }: Parties, { authority }: Delivery): string =>
  sender === authority ? recipient : sender;

/** The addressee's authority and the other one, where there is one. */
const authoritiesOf = async (
  { authority }: Delivery,
  other: string | undefined,
  { dynamo, tables }: Dependencies,
): Promise<(Authority | undefined)[]> => {
  const codes = [authority, ...(other ? [other] : [])];
  const items = await readAll(
    dynamo,
    codes.map((code) => authorityPlace(tables.directory, code)),
  );
  return items.map((item) => authorityFrom(item));
};

/** The other authority, the deadline and the referral's id; of a failing webhook the delivery's id alone. */
const aboutReferral = async (delivery: Delivery, deps: Dependencies): Promise<About> => {
  const { dynamo, referrals, publicAddress } = deps;
  const { data, deliveryId } = delivery;
  const referralId = "referralId" in data ? data.referralId : undefined;
  const referral =
    referralId === undefined
      ? undefined
      : referralFrom((await readAll(dynamo, [referralPlace(referrals, referralId)]))[0]);
  const [own, other] = await authoritiesOf(delivery, referral && otherPartyOf(referral, delivery), deps);
  return {
    own,
    subject: { referral },
    facts: {
      publicAddress,
      reference: referralId ?? ("deliveryId" in data ? data.deliveryId : deliveryId),
      authority: other?.name,
      deadline: referral?.receiptDueAt,
    },
  };
};

/** Of a match enquiry that is the asker's own, whoever answered last: nobody else is known to it. */
const otherSideOf = (enquiry: Enquiry, { authority }: Delivery): string | undefined => {
  if (enquiry.kind === "match" && enquiry.asked === null) return enquiry.answers.at(-1)?.authority;
  return enquiry.asker === authority ? (enquiry.asked ?? undefined) : enquiry.asker;
};

/** The other side, the deadline and the enquiry's id. */
const aboutEnquiry = async (delivery: Delivery, enquiryId: string, deps: Dependencies): Promise<About> => {
  const { dynamo, enquiries, publicAddress } = deps;
  const enquiry = enquiryOfAnyKindFrom((await readAll(dynamo, [enquiryPlace(enquiries, enquiryId)]))[0]);
  const [own, other] = await authoritiesOf(delivery, enquiry && otherSideOf(enquiry, delivery), deps);
  return {
    own,
    subject: { enquiry },
    facts: { publicAddress, reference: enquiryId, authority: other?.name, deadline: enquiry?.lapsesAt },
  };
};

/** An entry of the addressee's own, by its id alone. */
const aboutEntry = async (
  { authority }: Delivery,
  entryId: string,
  { dynamo, tables, publicAddress }: Dependencies,
): Promise<About> => {
  const own = await readAuthority(dynamo, tables.directory, authority);
  return { own, subject: {}, facts: { publicAddress, reference: entryId } };
};

/** The other side, when the notice lapses, and its id. */
const aboutNotice = async (delivery: Delivery, noticeId: string, deps: Dependencies): Promise<About> => {
  const { dynamo, notices, publicAddress } = deps;
  const notice = noticeFrom((await readAll(dynamo, [noticePlace(notices, noticeId)]))[0]);
  const [own, other] = await authoritiesOf(delivery, notice && otherPartyOf(notice, delivery), deps);
  return {
    own,
    subject: { notice },
    facts: { publicAddress, reference: noticeId, authority: other?.name, deadline: notice?.erasesAt },
  };
};

/** A contact of the list, of the addressee's own authority. */
const aboutContact = async (
  { authority }: Delivery,
  contactId: string,
  { dynamo, tables, publicAddress }: Dependencies,
): Promise<About> => {
  const own = await readAuthority(dynamo, tables.directory, authority);
  const contact = own?.contacts[contactId];
  return {
    own,
    subject: { contact },
    facts: {
      publicAddress,
      contact: { authority, contactId },
      authority: own?.name,
      day: contact && unverifiedFrom(contact),
    },
  };
};

export const handler = consumeQueue("send-email", dependencies, (message, deps) =>
  attemptDelivery(
    message,
    deps,
    (delivery) => send(delivery, deps),
    async () => false,
  ),
);
