import { environment } from "../../shared/aws/environment.ts";
import { initialState } from "../../shared/domain/lifecycle.ts";
import { notifyClient } from "../../shared/email/notify.ts";
import { personalisationFor, templateIdsFrom } from "../../shared/email/templates.ts";
import { accessSettings } from "../../shared/http/authenticate.ts";
import { consumeQueue } from "../../shared/queue/consume.ts";
import type { Delivery } from "../../shared/store/deliveries.ts";
import { type Authority, authorityFrom, authorityPlace, contactsInEffect } from "../../shared/store/directory.ts";
import { readAll } from "../../shared/store/dynamo.ts";
import { referralFrom, referralPlace } from "../../shared/store/referrals.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { attemptDelivery, attemptDependencies, type Outcome } from "./attempt-delivery.ts";

const dependencies = () => {
  const { NOTIFY_URL, NOTIFY_API_KEY, NOTIFY_TEMPLATES } = environment(
    "NOTIFY_URL",
    "NOTIFY_API_KEY",
    "NOTIFY_TEMPLATES",
  );
  return {
    ...attemptDependencies(),
    referrals: tableNames("referrals").referrals,
    publicAddress: accessSettings().issuer,
    notify: notifyClient({ url: NOTIFY_URL, apiKey: NOTIFY_API_KEY }),
    templateIds: templateIdsFrom(NOTIFY_TEMPLATES),
  };
};
type Dependencies = ReturnType<typeof dependencies>;

/** Emails that ask for an answer: pointless once it is there. */
const whileAwaited: ReadonlySet<string> = new Set(["referral-awaits", "overdue", "overdue-lead"]);

/** One attempt at an email. To whom it goes is read now: a contact who has left since gets nothing. */
const send = async (delivery: Delivery, deps: Dependencies): Promise<Outcome> => {
  const { template, contactId, deliveryId } = delivery;
  if (!template || !contactId) return { kind: "refused-for-good", failure: "no-addressee" };
  const { own, referral, facts } = await factsOf(delivery, deps);
  if (whileAwaited.has(template) && referral?.state !== initialState) return { kind: "dropped", failure: "answered" };
  const contact = own && contactsInEffect(own, new Date().toISOString()).find((each) => each.contactId === contactId);
  if (!contact) return { kind: "dropped", failure: "contact-not-in-effect" };
  const sent = await deps.notify.sendEmail({
    templateId: deps.templateIds[template],
    emailAddress: contact.email,
    personalisation: personalisationFor(template, facts),
    reference: deliveryId,
  });
  if (sent.outcome === "sent") return { kind: "delivered", status: 201 };
  // The exchange's own key is at fault, not the email: it waits for the key to be put right.
  if (sent.outcome === "refused" && sent.errors.includes("AuthError"))
    return { kind: "try-later", failure: "notify-key" };
  if (sent.outcome === "refused") return { kind: "refused-for-good", failure: sent.errors.join(" ") };
  return { kind: "try-later", failure: "notify-unavailable", retryAfter: sent.retryAfterSeconds };
};

/** The addressee's authority, and what the template may say: the other authority, the deadline, the referral's id. */
const factsOf = async (delivery: Delivery, { dynamo, tables, referrals, publicAddress }: Dependencies) => {
  const referral = delivery.referralId
    ? referralFrom((await readAll(dynamo, [referralPlace(referrals, delivery.referralId)]))[0])
    : undefined;
  const otherCode = referral && (referral.sender === delivery.authority ? referral.recipient : referral.sender);
  const codes = [delivery.authority, ...(otherCode ? [otherCode] : [])];
  const items = await readAll(
    dynamo,
    codes.map((code) => authorityPlace(tables.directory, code)),
  );
  const [own, other] = items.map((item): Authority | undefined => authorityFrom(item));
  return {
    own,
    referral,
    facts: {
      publicAddress,
      reference: delivery.referralId ?? delivery.about ?? delivery.deliveryId,
      authority: other?.name,
      deadline: referral?.receiptDueAt,
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
