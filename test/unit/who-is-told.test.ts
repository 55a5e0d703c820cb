import { describe, expect, it } from "vitest";
import type { Contact } from "../../shared/domain/contacts.ts";
import {
  emailsFor,
  emailsForFailingWebhook,
  emailsForUnreachableContact,
  emailsOfCorrespondence,
  type Happening,
} from "../../shared/domain/who-is-told.ts";

type Named = Pick<Contact, "contactId" | "role" | "unreachableSince">;
const named = (contactId: string, role: Contact["role"]): Named => ({ contactId, role, unreachableSince: null });
const cutOff = (contactId: string, role: Contact["role"]): Named => ({
  contactId,
  role,
  unreachableSince: "2026-11-20T09:00:00.000Z",
});

const referral = { sender: "330", recipient: "201", sentBy: "330-anna" };
const contacts = {
  sender: [
    named("330-anna", "deputy"),
    named("330-ben", "deputy"),
    named("330-inbox", "inbox"),
    named("330-lead", "lead"),
  ],
  recipient: [named("201-deputy", "deputy"), named("201-inbox", "inbox"), named("201-lead", "lead")],
};

const lines = (happening: Happening, inEffect: typeof contacts = contacts, sentBy = referral.sentBy) =>
  emailsFor(happening, { ...referral, sentBy }, inEffect).map(
    ({ template, authority, contactId }) => `${template} ${authority} ${contactId}`,
  );

describe("who gets an email", () => {
  it.each([
    [{ type: "referral.submitted" }, ["referral-awaits 201 201-deputy", "referral-awaits 201 201-inbox"]],
    [{ type: "referral.withdrawn" }, ["referral-withdrawn 201 201-deputy", "referral-withdrawn 201 201-inbox"]],
    [{ type: "referral.returned" }, ["referral-returned 330 330-anna", "referral-returned 330 330-inbox"]],
    [{ type: "referral.received" }, ["referral-received 330 330-anna"]],
    [{ type: "referral.located" }, []],
    [{ type: "referral.not-located" }, ["not-located 330 330-anna", "not-located 330 330-inbox"]],
    [{ type: "referral.removed" }, []],
    [{ type: "referral.concluded" }, ["concluded 330 330-anna"]],
    [{ type: "referral.child-read" }, []],
    // To the other sides than whose they are; see below.
    [{ type: "referral.question-asked" }, []],
    [{ type: "referral.question-answered" }, []],
    [{ type: "referral.record-corrected" }, []],
    [{ type: "referral.overdue", rung: 1 }, ["overdue 201 201-deputy", "overdue 201 201-inbox"]],
    [{ type: "referral.overdue", rung: 2 }, ["overdue-lead 201 201-lead"]],
    [{ type: "referral.overdue", rung: 3 }, []],
  ] as const)("of %j", (happening, expected) => {
    expect(lines(happening)).toEqual(expected);
  });

  it("of a referral that names a temporary authority, goes there too when it is submitted, and only then", () => {
    const inTemporary = { ...referral, temporaryAuthority: "202" };
    const inEffect = { ...contacts, temporaryAuthority: [named("202-inbox", "inbox"), named("202-lead", "lead")] };
    const to202 = (type: "referral.submitted" | "referral.received" | "referral.temporary-listed") =>
      emailsFor({ type }, inTemporary, inEffect).filter(({ authority }) => authority === "202");
    expect(to202("referral.submitted")).toEqual([
      { template: "referral-temporary", authority: "202", contactId: "202-lead" },
      { template: "referral-temporary", authority: "202", contactId: "202-inbox" },
    ]);
    expect([...to202("referral.received"), ...to202("referral.temporary-listed")]).toEqual([]);
  });

  it.each([
    [{ type: "referral.submitted" }, ["transfer-awaits"]],
    [{ type: "referral.received" }, ["transfer-received"]],
    [{ type: "referral.returned" }, ["referral-returned"]],
    [{ type: "referral.withdrawn" }, ["referral-withdrawn"]],
    [{ type: "referral.overdue", rung: 1 }, ["transfer-overdue"]],
    [{ type: "referral.overdue", rung: 2 }, ["transfer-overdue-lead"]],
  ] as const)("of a register transfer, for %j, is in its own words", (happening, expected) => {
    const emails = emailsFor(happening, { ...referral, kind: "register-transfer" }, contacts);
    expect([...new Set(emails.map(({ template }) => template))]).toEqual(expected);
  });

  it("is told template, authority and contact, and nothing of the referral", () => {
    expect(emailsFor({ type: "referral.received" }, referral, contacts)).toEqual([
      { template: "referral-received", authority: "330", contactId: "330-anna" },
    ]);
  });
});

describe("a message or a corrected record", () => {
  const sides = { ...referral, temporaryAuthority: null, receivedBy: null };

  it.each([
    ["the sender, before the receipt", "330", sides, ["201 null"]],
    ["the sender, after it", "330", { ...sides, receivedBy: "201-deputy" }, ["201 201-deputy"]],
    ["the recipient", "201", sides, ["330 330-anna"]],
    [
      "a party, where a temporary authority is named",
      "201",
      { ...sides, temporaryAuthority: "202" },
      ["202 null", "330 330-anna"],
    ],
    ["the temporary authority", "202", { ...sides, temporaryAuthority: "202" }, ["201 null", "330 330-anna"]],
    ["an authority that a reorganisation made both parties", "201", { ...sides, sender: "201" }, []],
  ])("by %s is emailed to the other sides", (_, by, each, expected) => {
    const emails = emailsOfCorrespondence("referral-message", each, by);
    expect(emails.map(({ authority, contactId }) => `${authority} ${contactId}`)).toEqual(expected);
    expect(new Set(emails.map(({ template }) => template))).toEqual(
      new Set(expected.length > 0 ? ["referral-message"] : []),
    );
  });
});

describe("where a role is not filled", () => {
  const among = (...recipient: Named[]) => ({ ...contacts, recipient });
  const awaits = { type: "referral.submitted" } as const;
  const secondRung = { type: "referral.overdue", rung: 2 } as const;

  it("a referral awaits the lead where there is no deputy", () => {
    const leadAndInbox = among(named("201-inbox", "inbox"), named("201-lead", "lead"));
    expect(lines(awaits, leadAndInbox)).toEqual(["referral-awaits 201 201-lead", "referral-awaits 201 201-inbox"]);
  });

  it("a referral awaits the inbox alone, the lead alone, the deputy alone", () => {
    expect(lines(awaits, among(named("201-inbox", "inbox")))).toEqual(["referral-awaits 201 201-inbox"]);
    expect(lines(awaits, among(named("201-lead", "lead")))).toEqual(["referral-awaits 201 201-lead"]);
    expect(lines(awaits, among(named("201-deputy", "deputy")))).toEqual(["referral-awaits 201 201-deputy"]);
  });

  it("the second rung reaches the deputy for the lead, and the inbox for both", () => {
    const noLead = among(named("201-inbox", "inbox"), named("201-deputy", "deputy"));
    expect(lines(secondRung, noLead)).toEqual(["overdue-lead 201 201-deputy"]);
    expect(lines(secondRung, among(named("201-inbox", "inbox")))).toEqual(["overdue-lead 201 201-inbox"]);
  });

  it("every holder of the role is told", () => {
    const two = among(named("201-lead", "lead"), named("201-head", "lead"), named("201-inbox", "inbox"));
    expect(lines(secondRung, two)).toEqual(["overdue-lead 201 201-lead", "overdue-lead 201 201-head"]);
  });

  it("nobody is told who is not in effect", () => {
    expect(lines(awaits, among())).toEqual([]);
    expect(lines(secondRung, among())).toEqual([]);
  });
});

describe("where the contact who sent the referral", () => {
  it("has left, those who deal with referrals are told, once each", () => {
    expect(lines({ type: "referral.received" }, contacts, "330-gone")).toEqual([
      "referral-received 330 330-anna",
      "referral-received 330 330-ben",
      "referral-received 330 330-inbox",
    ]);
    expect(lines({ type: "referral.returned" }, contacts, "330-gone")).toEqual([
      "referral-returned 330 330-anna",
      "referral-returned 330 330-ben",
      "referral-returned 330 330-inbox",
    ]);
  });

  it("is the inbox, it is told once", () => {
    expect(lines({ type: "referral.returned" }, contacts, "330-inbox")).toEqual(["referral-returned 330 330-inbox"]);
  });

  it("bears the id of a contact of the recipient, that contact is not told", () => {
    expect(lines({ type: "referral.concluded" }, contacts, "201-lead")).toEqual([
      "concluded 330 330-anna",
      "concluded 330 330-ben",
      "concluded 330 330-inbox",
    ]);
  });
});

describe("a webhook that fails", () => {
  it("is told to all contacts of its authority, once each", () => {
    expect(emailsForFailingWebhook("201", [...contacts.recipient, named("201-lead", "lead")])).toEqual([
      { template: "webhook-failing", authority: "201", contactId: "201-deputy" },
      { template: "webhook-failing", authority: "201", contactId: "201-inbox" },
      { template: "webhook-failing", authority: "201", contactId: "201-lead" },
    ]);
  });
});

describe("where emails to a contact come back", () => {
  const awaits = { type: "referral.submitted" } as const;
  const among = (...recipient: Named[]) => ({ ...contacts, recipient });

  it("colleagues who can be reached are told instead, whatever their role", () => {
    const { recipient } = among(cutOff("201-deputy", "deputy"), named("201-lead", "lead"), named("201-inbox", "inbox"));
    expect(lines(awaits, among(...recipient))).toEqual([
      "referral-awaits 201 201-lead",
      "referral-awaits 201 201-inbox",
    ]);
    const onlyInbox = among(cutOff("201-lead", "lead"), named("201-inbox", "inbox"));
    expect(lines({ type: "referral.overdue", rung: 2 }, onlyInbox)).toEqual(["overdue-lead 201 201-inbox"]);
  });

  it("whoever sent the referral is passed over as if gone", () => {
    const sender = [cutOff("330-anna", "deputy"), named("330-lead", "lead")];
    expect(lines({ type: "referral.received" }, { ...contacts, sender })).toEqual(["referral-received 330 330-lead"]);
  });

  it("and to all of them, all are tried: never nobody", () => {
    const nobody = among(cutOff("201-lead", "lead"), cutOff("201-inbox", "inbox"));
    expect(lines(awaits, nobody)).toEqual(["referral-awaits 201 201-lead", "referral-awaits 201 201-inbox"]);
    expect(emailsForFailingWebhook("201", nobody.recipient)).toHaveLength(2);
  });

  it("the others who can be reached learn of it, and nobody else", () => {
    const inEffect = [cutOff("330-anna", "deputy"), cutOff("330-ben", "deputy"), named("330-lead", "lead")];
    expect(emailsForUnreachableContact({ authority: "330", contactId: "330-anna" }, inEffect)).toEqual([
      { template: "contact-unreachable", authority: "330", contactId: "330-lead" },
    ]);
    expect(emailsForUnreachableContact({ authority: "330", contactId: "330-lead" }, inEffect)).toEqual([]);
  });
});
