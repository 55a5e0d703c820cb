import { UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type * as z from "zod";
import type { Answer } from "../../infra/local/client.ts";
import type { entry } from "../../shared/contract/cme-list.ts";
import type { Summary } from "../../shared/contract/referrals.ts";
import type { Contact } from "../../shared/domain/contacts.ts";
import { contactUnchanged, readAuthority } from "../../shared/store/directory.ts";
import { commit, dynamoClient } from "../../shared/store/dynamo.ts";
import { useExchange } from "../builders/exchange.ts";
import { exampleReferral, submit } from "../builders/referral.ts";

/** A Monday. The clock stands still, so that every time in an answer is a literal. */
const now = "2026-11-23T09:30:00.000Z";
beforeAll(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date(now) });
});
const exchange = useExchange();
afterAll(() => {
  vi.useRealTimers();
});

type Entry = z.output<typeof entry>;

const referFrom = async (owner: string, changes: Record<string, unknown> = {}): Promise<Summary> =>
  submit(await exchange.client(owner), changes);

const get = async (owner: string, path: string): Promise<Answer> => (await exchange.client(owner)).get(path);

const act = async (owner: string, id: string, action: string, body: unknown): Promise<Answer> =>
  (await exchange.client(owner)).post(`/v1/referrals/${id}/${action}`, body);

const acted = async (owner: string, id: string, action: string, body: unknown): Promise<Record<string, unknown>> => {
  const answer = await act(owner, id, action, body);
  expect(answer.status, answer.text).toBe(201);
  return answer.json() as Record<string, unknown>;
};

const receive = (id: string, by = "330") => acted(by, id, "receipt", { confirmedBy: `${by}-lead` });
const locate = (id: string, by = "330") => acted(by, id, "finding", { finding: "located", foundBy: `${by}-inbox` });
const lose = (id: string, by = "330") => acted(by, id, "finding", { finding: "not-located", foundBy: `${by}-inbox` });
const remove = (id: string, by = "201") => acted(by, id, "removal", { removedBy: `${by}-lead` });
const onRegister = { outcome: "on-school-register", schoolUrn: "103200", startDate: "2026-11-30" };
const conclude = (id: string, by = "330") => acted(by, id, "conclusion", onRegister);

const referral = async (owner: string, id: string): Promise<Summary> =>
  (await get(owner, `/v1/referrals/${id}`)).json() as Summary;

const entries = async (owner: string, status: "open" | "closed"): Promise<Entry[]> =>
  ((await get(owner, `/v1/cme-list?status=${status}&limit=100`)).json() as { items: Entry[] }).items;

/** The one entry of an authority that this referral is the newest to concern. */
const entryUnder = async (owner: string, referralId: string): Promise<Entry> => {
  const all = [...(await entries(owner, "open")), ...(await entries(owner, "closed"))];
  const found = all.filter((each) => each.referralId === referralId);
  expect(found).toHaveLength(1);
  return found[0] as Entry;
};

const entryNow = async (owner: string, { entryId }: Entry): Promise<Entry> =>
  (await get(owner, `/v1/cme-list/${entryId}`)).json() as Entry;

const addToList = async (owner: string): Promise<Entry> => {
  const answer = await (await exchange.client(owner)).post("/v1/cme-list", { child: exampleReferral().child });
  expect(answer.status, answer.text).toBe(201);
  return answer.json() as Entry;
};

type Event = { type: string; actor: unknown; details: unknown };

/** What the trail tells, the same to both parties. */
const story = async (id: string, [one, other]: readonly [string, string] = ["201", "330"]): Promise<Event[]> => {
  const eventsFor = async (owner: string) =>
    ((await get(owner, `/v1/referrals/${id}/events`)).json() as { items: Event[] }).items;
  const events = await eventsFor(one);
  expect(await eventsFor(other)).toEqual(events);
  return events;
};
const types = async (id: string, parties?: readonly [string, string]) =>
  (await story(id, parties)).map(({ type }) => type);

/** What a refused submission answers. */
const refused = async (changes: Record<string, unknown>, sender = "201"): Promise<Answer> =>
  (await exchange.client(sender)).post("/v1/referrals", {
    ...exampleReferral(),
    sentBy: `${sender}-lead`,
    ...changes,
  });

const faultsOf = async (changes: Record<string, unknown>, sender?: string) => {
  const answer = await refused(changes, sender);
  expect(answer.status, answer.text).toBe(422);
  return (answer.json() as { errors: unknown }).errors;
};

const withIdentity = (members: object) => {
  const { child } = exampleReferral();
  return { child: { ...child, identity: { ...child.identity, ...members } } };
};
const concern = {
  child: {
    ...exampleReferral().child,
    safeguarding: { concern: true, socialCare: { told: true, on: "2026-11-20", by: "A. Officer" } },
  },
};

/** Writes straight into the directory what the DfE would: from when a contact no longer is one. */
const retire = (contactId: string, effectiveTo: string) =>
  dynamoClient().send(
    new UpdateCommand({
      TableName: "cme-directory",
      Key: { code: contactId.slice(0, 3) },
      UpdateExpression:
        "SET contacts.#contact.effectiveTo = :at, contacts.#contact.version = contacts.#contact.version + :one",
      ExpressionAttributeNames: { "#contact": contactId },
      ExpressionAttributeValues: { ":at": effectiveTo, ":one": 1 },
    }),
  );

describe("submitting", () => {
  it("answers the summary and puts the child on the sender's list", async () => {
    const answer = await refused({});
    expect(answer.status).toBe(201);
    const summary = answer.json() as Summary;
    expect(summary).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      kind: "missing-education",
      sender: "201",
      recipient: "330",
      temporaryAuthority: null,
      state: "awaiting-receipt",
      urgency: "standard",
      sentBy: "201-lead",
      submittedAt: "2026-11-23T09:30:00.000Z",
      receiptDueAt: "2026-11-26T09:30:00.000Z",
      overdue: false,
      receivedAt: null,
      receivedBy: null,
      finding: null,
      concludedAt: null,
      followsReferralId: null,
      commonTransferFile: null,
      payloadDigest: "sha-256:05FNmFmSuEYwjDMPcF6GPb7aCvWIH1ChofnA8gjFZHc",
      recordVersion: 1,
      version: 1,
      warnings: [],
    });
    expect(answer.headers.get("location")).toBe(`/v1/referrals/${summary.id}`);
    expect(await entryUnder("201", summary.id)).toEqual({
      entryId: expect.any(String),
      status: "suspected",
      openedAt: "2026-11-23T09:30:00.000Z",
      openedBy: "201",
      referralId: summary.id,
      closure: null,
      retained: null,
      version: 1,
    });
    expect((await entries("330", "open")).filter(({ referralId }) => referralId === summary.id)).toEqual([]);
  });

  it("refers from an entry that is on the list already, once at a time", async () => {
    const listed = await addToList("201");
    expect(listed).toMatchObject({ status: "suspected", referralId: null, version: 1 });
    const first = await referFrom("201", { entryId: listed.entryId });
    expect(await entryNow("201", listed)).toMatchObject({ status: "suspected", referralId: first.id, version: 2 });

    for (const recipient of ["330", "202"]) {
      const second = await refused({ entryId: listed.entryId, recipient });
      expect(second.status).toBe(409);
      expect(second.json()).toMatchObject({ code: "entry-already-referred", referralId: first.id });
    }
    await acted("201", first.id, "withdrawal", { reason: "Sent too early." });
    const second = await referFrom("201", { entryId: listed.entryId, recipient: "202" });
    expect(await entryNow("201", listed)).toMatchObject({ status: "suspected", referralId: second.id });
  });

  it("refuses an entry of another authority like one that is not there", async () => {
    const foreign = await addToList("202");
    const faults = [{ pointer: "/entryId", detail: "does not lead to an entry on your CME list" }];
    expect(await faultsOf({ entryId: foreign.entryId })).toEqual(faults);
    expect(await faultsOf({ entryId: "019f0000-0000-7000-8000-00000000dead" })).toEqual(faults);
    expect(await entryNow("202", foreign)).toMatchObject({ referralId: null, version: 1 });
  });

  it("refuses a closed entry", async () => {
    const { id } = await referFrom("201");
    await receive(id);
    await remove(id);
    const { entryId } = await entryUnder("201", id);
    const answer = await refused({ entryId, recipient: "202" });
    expect(answer.status).toBe(409);
    expect(answer.json()).toMatchObject({ code: "entry-closed" });
  });

  it.each([
    ["is oneself", "201", "is your own authority"],
    [
      "is in Wales",
      "660",
      "is in Wales, and nothing is sent there through the exchange: contact it yourself, see contacts",
    ],
    [
      "was superseded in 2019",
      "837",
      "is an authority that ended on 2019-03-31; succeeded by 839 Bournemouth, Christchurch and Poole",
    ],
    ["is unknown", "999", "is not the code of a local authority"],
    [
      "is the DfE",
      "dfe",
      "must be the three digits of an authority's DfE number or the GSS code of one in Scotland or Northern Ireland",
    ],
  ])("refuses a recipient that %s", async (_, recipient, detail) => {
    expect(await faultsOf({ recipient })).toEqual([{ pointer: "/recipient", detail }]);
  });

  it("refuses a recipient that is no authority any more, or not yet", async () => {
    const exist = (name: "effectiveFrom" | "effectiveTo", date: string) =>
      dynamoClient().send(
        new UpdateCommand({
          TableName: "cme-directory",
          Key: { code: "204" },
          UpdateExpression: "SET #date = :date",
          ExpressionAttributeNames: { "#date": name },
          ExpressionAttributeValues: { ":date": date },
        }),
      );
    const faults = (detail: string) => [{ pointer: "/recipient", detail }];
    await exist("effectiveTo", "2026-11-23");
    await referFrom("201", { recipient: "204" });
    await exist("effectiveTo", "2026-11-22");
    expect(await faultsOf({ recipient: "204" })).toEqual(faults("is an authority that ended on 2026-11-22"));
    await exist("effectiveTo", "2099-12-31");
    await exist("effectiveFrom", "2026-11-24");
    expect(await faultsOf({ recipient: "204" })).toEqual(faults("is an authority that begins on 2026-11-24"));
  });

  it("refuses a recipient for which nobody would answer", async () => {
    await retire("205-lead", now);
    await referFrom("201", { recipient: "205" });
    await retire("205-inbox", now);
    expect(await faultsOf({ recipient: "205" })).toEqual([
      { pointer: "/recipient", detail: "has no named contact in effect; tell the DfE" },
    ]);
  });

  it.each(["330-lead", "201-nobody"])("refuses to be sent by %s", async (sentBy) => {
    expect(await faultsOf({ sentBy })).toEqual([
      { pointer: "/sentBy", detail: "is not a named contact of your authority in effect" },
    ]);
  });

  it("refuses a child who is not yet, or no longer, of compulsory school age, and says from or until when", async () => {
    const pointer = "/child/identity/dateOfBirth";
    expect(await faultsOf(withIdentity({ dateOfBirth: "2022-01-01" }))).toEqual([
      {
        pointer,
        detail: "is that of a child who is not of compulsory school age until 2027-03-31 (guidance, footnote 1)",
      },
    ]);
    expect(await faultsOf(withIdentity({ dateOfBirth: "2010-08-31" }))).toEqual([
      {
        pointer,
        detail: "is that of a child whose compulsory school age ended on 2026-06-26 (guidance, footnote 1)",
      },
    ]);
    await referFrom("201", withIdentity({ dateOfBirth: "2021-08-31" }));
    await referFrom("201", withIdentity({ dateOfBirth: "2010-09-01" }));
  });

  it("tells all faults at once", async () => {
    expect(
      await faultsOf({ ...withIdentity({ dateOfBirth: "2022-01-01" }), recipient: "201", sentBy: "330-lead" }),
    ).toMatchObject([{ pointer: "/recipient" }, { pointer: "/sentBy" }, { pointer: "/child/identity/dateOfBirth" }]);
  });

  it("makes a safeguarding concern urgent: one working day", async () => {
    expect(await referFrom("201", concern)).toMatchObject({
      urgency: "urgent",
      receiptDueAt: "2026-11-24T09:30:00.000Z",
      warnings: [],
    });
    expect(await referFrom("201", { ...concern, urgency: "standard" })).toMatchObject({
      urgency: "urgent",
      receiptDueAt: "2026-11-24T09:30:00.000Z",
      warnings: [
        {
          code: "urgency-raised",
          pointer: "/urgency",
          detail: "was raised to urgent, because there is a safeguarding concern",
        },
      ],
    });
    expect(await referFrom("201", { urgency: "urgent" })).toMatchObject({
      urgency: "urgent",
      receiptDueAt: "2026-11-24T09:30:00.000Z",
      warnings: [],
    });
  });

  it("takes a UPN with a wrong check letter, and warns", async () => {
    expect(await referFrom("201", withIdentity({ upn: "A801200001001" }))).toMatchObject({
      state: "awaiting-receipt",
      warnings: [
        {
          code: "upn-check-letter",
          pointer: "/child/identity/upn",
          detail: "The check letter does not agree with the rest of the UPN. It was accepted; please check the UPN.",
        },
      ],
    });
  });

  it.each([
    ["201", "is the sender or the recipient"],
    ["330", "is the sender or the recipient"],
    ["660", "is in Wales, and nothing is sent there through the exchange: contact it yourself, see contacts"],
    ["999", "is not the code of a local authority"],
  ])("refuses the temporary authority %s", async (temporaryAuthority, detail) => {
    expect(await faultsOf({ temporaryAuthority })).toEqual([{ pointer: "/temporaryAuthority", detail }]);
  });
});

describe("before receipt", () => {
  it("withdrawing leaves the child on the sender's list", async () => {
    const { id } = await referFrom("201");
    expect(await acted("201", id, "withdrawal", { reason: "The child is back in school." })).toMatchObject({
      id,
      state: "withdrawn",
      version: 2,
    });
    expect(await entryUnder("201", id)).toMatchObject({ status: "suspected", closure: null, version: 2 });
    expect(await types(id)).toEqual(["referral.submitted", "referral.withdrawn"]);
  });

  it("returning names the reason and the authority it should have gone to", async () => {
    const { id } = await referFrom("201");
    const body = { reason: "wrong-authority", suggestedRecipient: "202", note: "The address is in Camden." };
    expect(await acted("330", id, "return", body)).toMatchObject({
      id,
      state: "returned",
      receivedAt: null,
      version: 2,
    });
    expect(await entryUnder("201", id)).toMatchObject({ status: "suspected", closure: null, version: 2 });
    expect((await story(id)).at(-1)).toMatchObject({
      type: "referral.returned",
      actor: { authority: "330", clientId: "cme-330", contactId: null },
      details: { reason: "wrong-authority", suggestedRecipient: "202" },
    });
    const { entryId } = await entryUnder("201", id);
    expect(await referFrom("201", { entryId, recipient: "202" })).toMatchObject({ state: "awaiting-receipt" });
  });

  it.each(["withdrawn", "returned"])("nothing can be done any more once it is %s", async (state) => {
    const { id } = await referFrom("201");
    if (state === "withdrawn") await acted("201", id, "withdrawal", { reason: "A mistake." });
    else await acted("330", id, "return", { reason: "duplicate" });
    const answers = [
      await act("201", id, "withdrawal", { reason: "Again." }),
      await act("330", id, "return", { reason: "duplicate" }),
      await act("330", id, "receipt", { confirmedBy: "330-lead" }),
      await act("330", id, "finding", { finding: "located", foundBy: "330-lead" }),
      await act("330", id, "finding", { finding: "not-located", foundBy: "330-lead" }),
      await act("330", id, "conclusion", onRegister),
    ];
    for (const answer of answers) {
      expect(answer.status).toBe(409);
      expect(answer.json()).toMatchObject({ code: "state-does-not-allow", state, version: 2 });
    }
    const removal = await act("201", id, "removal", { removedBy: "201-lead" });
    expect(removal.status).toBe(409);
    expect(removal.json()).toMatchObject({ code: "removal-not-permitted", state, reasons: [{ code: state }] });
    expect(await referral("201", id)).toMatchObject({ state, version: 2 });
  });

  it("the gate is shut and says so", async () => {
    const { id } = await referFrom("201");
    expect((await get("201", `/v1/referrals/${id}/removal`)).json()).toEqual({
      permitted: false,
      reasons: [
        {
          code: "awaiting-receipt",
          text: "The receiving authority has not confirmed receipt of the referral.",
          guidance:
            "The previous local authority should not remove the child’s name from their CME list until the receiving local authority confirms receipt of the referral.",
        },
      ],
      certificate: null,
    });
    const removal = await act("201", id, "removal", { removedBy: "201-lead" });
    expect(removal.status).toBe(409);
    expect(await entryUnder("201", id)).toMatchObject({ status: "suspected", version: 1 });
    expect(await types(id)).toEqual(["referral.submitted"]);
  });
});

describe("from receipt to conclusion", () => {
  it("both lists have the child from the receipt on, until the sender removes it", async () => {
    const { id } = await referFrom("201");
    expect(await receive(id)).toMatchObject({
      referral: { state: "received", receivedAt: now, receivedBy: "330-lead", overdue: false, version: 2 },
    });
    expect(await entryUnder("201", id)).toMatchObject({ status: "suspected", version: 1 });
    expect(await entryUnder("330", id)).toEqual({
      entryId: expect.any(String),
      status: "suspected",
      openedAt: now,
      openedBy: "330",
      referralId: id,
      closure: null,
      retained: null,
      version: 1,
    });
    expect((await get("201", `/v1/referrals/${id}/removal`)).json()).toEqual({
      permitted: true,
      reasons: [],
      certificate: null,
    });

    const { certificate, entry: removed } = await remove(id);
    expect(removed).toEqual({
      entryId: expect.any(String),
      status: "closed",
      openedAt: now,
      openedBy: "201",
      referralId: id,
      closure: { as: "transferred", at: now, referralId: id },
      retained: null,
      version: 2,
    });
    expect(await entryUnder("201", id)).toEqual(removed);
    expect(await entryUnder("330", id)).toMatchObject({ status: "suspected", version: 1 });
    expect(await referral("330", id)).toMatchObject({ state: "received", version: 3 });
    expect((await get("201", `/v1/referrals/${id}/removal`)).json()).toMatchObject({
      permitted: false,
      reasons: [{ code: "already-removed" }],
      certificate,
    });
    const again = await act("201", id, "removal", { removedBy: "201-lead" });
    expect(again.status).toBe(409);
    expect(again.json()).toMatchObject({ reasons: [{ code: "already-removed" }] });

    expect(await locate(id)).toMatchObject({ state: "located", finding: "located", version: 4 });
    expect(await entryUnder("330", id)).toMatchObject({ status: "confirmed", closure: null, version: 2 });
    expect(await conclude(id)).toMatchObject({ state: "concluded", concludedAt: now, version: 5 });
    expect(await entryUnder("330", id)).toMatchObject({
      status: "closed",
      closure: { as: "on-school-register", at: now, schoolUrn: "103200", startDate: "2026-11-30" },
      retained: null,
      version: 3,
    });
    expect(await story(id)).toMatchObject([
      { type: "referral.submitted", actor: { authority: "201", clientId: "cme-201", contactId: "201-lead" } },
      { type: "referral.received", actor: { authority: "330", clientId: "cme-330", contactId: "330-lead" } },
      { type: "referral.removed", actor: { authority: "201", clientId: "cme-201", contactId: "201-lead" } },
      { type: "referral.located", actor: { authority: "330", clientId: "cme-330", contactId: "330-inbox" } },
      {
        type: "referral.concluded",
        actor: { authority: "330", clientId: "cme-330", contactId: null },
        details: { outcome: "on-school-register" },
      },
    ]);
  });

  it("not located, and never removed: the child has stayed on the sender's list", async () => {
    const { id } = await referFrom("201");
    await receive(id);
    expect(await lose(id)).toMatchObject({ state: "not-located", finding: "not-located", version: 3 });
    expect(await entryUnder("201", id)).toMatchObject({ status: "suspected", closure: null, version: 2 });
    expect(await entryUnder("330", id)).toMatchObject({
      status: "closed",
      closure: { as: "not-located", at: now, referralId: id },
      version: 2,
    });
    const removal = await act("201", id, "removal", { removedBy: "201-lead" });
    expect(removal.status).toBe(409);
    expect(removal.json()).toMatchObject({ state: "not-located", reasons: [{ code: "not-located" }] });
    const { entryId } = await entryUnder("201", id);
    expect(await referFrom("201", { entryId, recipient: "202" })).toMatchObject({ state: "awaiting-receipt" });
  });

  it("not located after the removal: the child is back on the sender's list", async () => {
    const { id } = await referFrom("201");
    await receive(id);
    await remove(id);
    await lose(id);
    expect(await entryUnder("201", id)).toMatchObject({ status: "suspected", closure: null, version: 3 });
    expect(await entryUnder("330", id)).toMatchObject({ status: "closed", closure: { as: "not-located" } });
    expect(await types(id)).toEqual([
      "referral.submitted",
      "referral.received",
      "referral.removed",
      "referral.not-located",
    ]);
    const { entryId } = await entryUnder("201", id);
    const next = await referFrom("201", { entryId, recipient: "202" });
    expect((await get("201", `/v1/cme-list/${entryId}`)).json()).toMatchObject({
      status: "suspected",
      referralId: next.id,
    });
  });

  it("concluded with education otherwise than at school, and removed after that", async () => {
    const { id } = await referFrom("201");
    await receive(id);
    await locate(id);
    const otherwise = { outcome: "suitable-education-otherwise", provision: "Taught at home, seen on 20 November." };
    expect(await acted("330", id, "conclusion", otherwise)).toMatchObject({ state: "concluded", concludedAt: now });
    expect(await entryUnder("330", id)).toMatchObject({
      status: "closed",
      closure: { as: "suitable-education-otherwise", at: now },
    });
    expect(await entryUnder("201", id)).toMatchObject({ status: "suspected", closure: null });
    expect(await remove(id)).toMatchObject({
      entry: { status: "closed", closure: { as: "transferred", referralId: id } },
    });
    expect(await referral("201", id)).toMatchObject({ state: "concluded", concludedAt: now, version: 5 });
    expect(await types(id)).toEqual([
      "referral.submitted",
      "referral.received",
      "referral.located",
      "referral.concluded",
      "referral.removed",
    ]);
  });

  it("takes no other order", async () => {
    const { id } = await referFrom("201");
    const states = async (...answers: Promise<Answer>[]) =>
      (await Promise.all(answers)).map(({ status, json }) => [status, (json() as { state: string }).state]);
    const finding = { finding: "located", foundBy: "330-lead" };
    expect(await states(act("330", id, "finding", finding), act("330", id, "conclusion", onRegister))).toEqual([
      [409, "awaiting-receipt"],
      [409, "awaiting-receipt"],
    ]);
    await receive(id);
    expect(
      await states(
        act("330", id, "receipt", { confirmedBy: "330-inbox" }),
        act("330", id, "return", { reason: "duplicate" }),
        act("201", id, "withdrawal", { reason: "Too late." }),
        act("330", id, "conclusion", onRegister),
      ),
    ).toEqual([
      [409, "received"],
      [409, "received"],
      [409, "received"],
      [409, "received"],
    ]);
    await locate(id);
    expect(
      await states(
        act("330", id, "finding", finding),
        act("330", id, "finding", { finding: "not-located", foundBy: "330-lead" }),
      ),
    ).toEqual([
      [409, "located"],
      [409, "located"],
    ]);
    expect(await referral("201", id)).toMatchObject({ state: "located", version: 3, receivedBy: "330-lead" });
  });
});

describe("a child who has moved on", () => {
  it("is referred on from the same entry, and its removal concludes the referral by which it came", async () => {
    const first = await referFrom("201");
    await receive(first.id);
    await locate(first.id);
    const held = await entryUnder("330", first.id);

    const second = await referFrom("330", { recipient: "202", followsReferralId: first.id });
    expect(second).toMatchObject({ sender: "330", recipient: "202", followsReferralId: first.id });
    expect(await entryNow("330", held)).toMatchObject({ status: "confirmed", referralId: second.id });
    const third = await refused({ recipient: "203", followsReferralId: first.id }, "330");
    expect(third.status).toBe(409);
    expect(third.json()).toMatchObject({ code: "entry-already-referred", referralId: second.id });

    await receive(second.id, "202");
    expect(await referral("201", first.id)).toMatchObject({ state: "located", concludedAt: null });
    await remove(second.id, "330");
    expect(await entryNow("330", held)).toMatchObject({
      status: "closed",
      closure: { as: "transferred", at: now, referralId: second.id },
    });
    expect(await referral("201", first.id)).toMatchObject({ state: "concluded", concludedAt: now });
    expect((await story(first.id)).at(-1)).toMatchObject({
      type: "referral.concluded",
      actor: { authority: "330", clientId: "cme-330", contactId: "330-lead" },
      details: { outcome: "transferred" },
    });
    expect(await entryUnder("202", second.id)).toMatchObject({ status: "suspected", closure: null });
    expect(await entryUnder("201", first.id)).toMatchObject({ status: "suspected", closure: null });
    await remove(first.id);
    expect(await entryUnder("201", first.id)).toMatchObject({
      status: "closed",
      closure: { as: "transferred", referralId: first.id },
    });
  });

  it("is back on the list of the one who referred it on, if it is not there either", async () => {
    const first = await referFrom("201");
    await receive(first.id);
    await remove(first.id);
    const held = await entryUnder("330", first.id);
    const second = await referFrom("330", { recipient: "202", followsReferralId: first.id });
    await receive(second.id, "202");
    await remove(second.id, "330");
    await lose(second.id, "202");
    expect(await entryNow("330", held)).toMatchObject({ status: "suspected", closure: null });
    expect(await entryUnder("202", second.id)).toMatchObject({ status: "closed" });
    expect(await entryUnder("201", first.id)).toMatchObject({ status: "closed" });
  });

  it.each([
    ["is concluded", "concluded", { as: "on-school-register", at: now, schoolUrn: "103200", startDate: "2026-11-30" }],
    ["finds no child", "not-located", { as: "not-located", at: now }],
  ] as const)("whose first referral %s is not waited for by the next", async (_, state, closure) => {
    const first = await referFrom("201");
    await receive(first.id);
    const held = await entryUnder("330", first.id);
    if (state === "concluded") await locate(first.id);
    const second = await referFrom("330", { recipient: "202", followsReferralId: first.id });
    await (state === "concluded" ? conclude(first.id) : lose(first.id));
    expect(await referral("201", first.id)).toMatchObject({ state });
    expect(await referral("202", second.id)).toMatchObject({ state: "withdrawn" });
    expect(await types(second.id, ["330", "202"])).toEqual(["referral.submitted", "referral.withdrawn"]);
    expect(await entryNow("330", held)).toMatchObject({ status: "closed", closure });
    const late = await act("202", second.id, "receipt", { confirmedBy: "202-lead" });
    expect(late.status).toBe(409);
  });

  it("stays with whoever has received it when the first recipient concludes", async () => {
    const first = await referFrom("201");
    await receive(first.id);
    await locate(first.id);
    const second = await referFrom("330", { recipient: "202", followsReferralId: first.id });
    await receive(second.id, "202");
    await conclude(first.id);
    expect(await referral("202", second.id)).toMatchObject({ state: "received" });
    expect(await entryUnder("202", second.id)).toMatchObject({ status: "suspected" });
    expect((await get("330", `/v1/referrals/${second.id}/removal`)).json()).toMatchObject({
      permitted: false,
      reasons: [{ code: "entry-closed" }],
    });
  });

  it.each(["awaits receipt", "is received"])(
    "can't be removed under an older referral while a newer one %s, so that it stays on a list",
    async (newer) => {
      const first = await referFrom("201");
      await receive(first.id);
      await locate(first.id);
      await conclude(first.id);
      const { entryId } = await entryUnder("201", first.id);
      const second = await referFrom("201", { entryId, recipient: "202" });
      if (newer === "is received") await receive(second.id, "202");

      const shut = { permitted: false, reasons: [{ code: "referred-again" }], certificate: null };
      expect((await get("201", `/v1/referrals/${first.id}/removal`)).json()).toMatchObject(shut);
      const removal = await act("201", first.id, "removal", { removedBy: "201-lead" });
      expect(removal.status).toBe(409);
      expect(removal.json()).toMatchObject({ code: "removal-not-permitted", reasons: [{ code: "referred-again" }] });

      if (newer === "is received") {
        await remove(second.id);
        await lose(second.id, "202");
      }
      expect((await get("201", `/v1/cme-list/${entryId}`)).json()).toMatchObject({
        status: "suspected",
        closure: null,
      });
    },
  );

  it("is followed from the entry that the followed referral opened and from no other", async () => {
    const first = await referFrom("201");
    await receive(first.id);
    const held = await entryUnder("330", first.id);
    const other = await addToList("330");
    const follow = { recipient: "202", followsReferralId: first.id };
    expect(await faultsOf({ ...follow, entryId: other.entryId }, "330")).toEqual([
      { pointer: "/entryId", detail: "is not the entry of the child it follows" },
    ]);
    const second = await referFrom("330", { ...follow, entryId: held.entryId });
    expect(await entryNow("330", held)).toMatchObject({ referralId: second.id });
  });

  it("follows only a referral that the sender received", async () => {
    const { id } = await referFrom("201");
    await receive(id);
    const faults = [{ pointer: "/followsReferralId", detail: "is not a referral that your authority received" }];
    expect(await faultsOf({ recipient: "202", followsReferralId: id })).toEqual(faults);
    expect(await faultsOf({ recipient: "330", followsReferralId: id }, "202")).toEqual(faults);
    const followsReferralId = "019f0000-0000-7000-8000-00000000dead";
    expect(await faultsOf({ recipient: "202", followsReferralId }, "330")).toEqual(faults);
    const unreceived = await referFrom("201");
    expect(await faultsOf({ recipient: "202", followsReferralId: unreceived.id }, "330")).toEqual(faults);
  });

  it("gets a new entry with whoever found no child and refers all the same", async () => {
    const first = await referFrom("201");
    await receive(first.id);
    const held = await entryUnder("330", first.id);
    await lose(first.id);
    const second = await referFrom("330", { recipient: "202", followsReferralId: first.id });
    expect(await entryNow("330", held)).toMatchObject({ status: "closed", referralId: first.id });
    expect(await entryUnder("330", second.id)).toMatchObject({ status: "suspected", version: 1 });
  });
});

describe("who may", () => {
  const nobodys = "019f0000-0000-7000-8000-00000000dead";
  const actions = [
    ["receipt", { confirmedBy: "330-lead" }, "recipient"],
    ["return", { reason: "duplicate" }, "recipient"],
    ["withdrawal", { reason: "A mistake." }, "sender"],
    ["finding", { finding: "located", foundBy: "330-lead" }, "recipient"],
    ["conclusion", onRegister, "recipient"],
    ["removal", { removedBy: "201-lead" }, "sender"],
  ] as const;
  const views = ["", "/child", "/notes", "/receipt", "/removal", "/events"];

  it("only the party whose part it is", async () => {
    const { id } = await referFrom("201");
    for (const [action, body, role] of actions) {
      const answer = await act(role === "sender" ? "330" : "201", id, action, body);
      expect([action, answer.status]).toEqual([action, 403]);
      expect(answer.json()).toMatchObject({
        code: "not-your-role",
        detail: `Only the ${role} of the referral may do this.`,
      });
    }
    expect((await get("330", `/v1/referrals/${id}/removal`)).json()).toMatchObject({ code: "not-your-role" });
    expect(await types(id)).toEqual(["referral.submitted"]);
  });

  it("nobody else: for a third authority there is nothing, as if there were nothing", async () => {
    const { id } = await referFrom("201");
    await receive(id);
    const before = await story(id);
    const answers = (each: string) =>
      Promise.all([
        ...views.map((view) => get("203", `/v1/referrals/${each}${view}`)),
        ...actions.map(([action, body]) => act("203", each, action, body)),
      ]);
    const shown = (answer: Answer) => {
      const { instance, ...problem } = answer.json() as Record<string, unknown>;
      expect(instance).toBe(answer.headers.get("x-request-id"));
      return problem;
    };
    const notFound = {
      type: "urn:cme-referral-exchange:problem:not-found",
      title: "Not found",
      status: 404,
      detail: "There is nothing at this address that you may see.",
      code: "not-found",
    };
    expect((await answers(id)).map(shown)).toEqual(Array(12).fill(notFound));
    expect((await answers(nobodys)).map(shown)).toEqual(Array(12).fill(notFound));
    expect(await story(id)).toEqual(before);
    const { entryId } = await entryUnder("201", id);
    expect((await get("330", `/v1/cme-list/${entryId}`)).status).toBe(404);
  });

  it("the temporary authority sees the summary and the child, and neither acts nor sees the trail", async () => {
    const { id } = await referFrom("201", { temporaryAuthority: "202" });
    await receive(id);
    expect(await referral("202", id)).toMatchObject({ id, temporaryAuthority: "202", state: "received" });
    expect((await get("202", `/v1/referrals/${id}/child`)).json()).toEqual(exampleReferral().child);
    for (const view of ["/receipt", "/removal", "/events"]) {
      expect([view, (await get("202", `/v1/referrals/${id}${view}`)).status]).toEqual([view, 404]);
    }
    for (const [action, body] of actions) {
      expect([action, (await act("202", id, action, body)).status]).toEqual([action, 404]);
    }
    expect((await story(id)).at(-1)).toMatchObject({
      type: "referral.child-read",
      actor: { authority: "202", clientId: "cme-202", contactId: null },
    });
  });
});

describe("named contacts", () => {
  it.each(["201-lead", "330-nobody", "202-inbox"])("%s can't confirm for Birmingham", async (contactId) => {
    const { id } = await referFrom("201");
    const fault = (pointer: string) => ({
      code: "validation-failed",
      errors: [{ pointer, detail: "is not a named contact of your authority in effect" }],
    });
    const early = await act("330", id, "receipt", { confirmedBy: contactId });
    expect(early.status).toBe(422);
    expect(early.json()).toMatchObject(fault("/confirmedBy"));
    await receive(id);
    const finding = await act("330", id, "finding", { finding: "located", foundBy: contactId });
    expect(finding.json()).toMatchObject(fault("/foundBy"));
    const removedBy = contactId === "201-lead" ? "330-lead" : contactId;
    expect((await act("201", id, "removal", { removedBy })).json()).toMatchObject(fault("/removedBy"));
    expect(await referral("330", id)).toMatchObject({ state: "received", version: 2 });
  });

  it("a retired contact can no longer confirm, find, send or remove", async () => {
    const incoming = await referFrom("201", { recipient: "203" });
    const received = await referFrom("201", { recipient: "203" });
    await receive(received.id, "203");
    const sent = await referFrom("203", { recipient: "330" });
    await receive(sent.id);
    await retire("203-lead", now);
    const faults = async (answer: Answer) => [answer.status, (answer.json() as { errors: unknown }).errors];
    const fault = (pointer: string) => [
      422,
      [{ pointer, detail: "is not a named contact of your authority in effect" }],
    ];
    expect(await faults(await act("203", incoming.id, "receipt", { confirmedBy: "203-lead" }))).toEqual(
      fault("/confirmedBy"),
    );
    expect(await faults(await act("203", received.id, "finding", { finding: "located", foundBy: "203-lead" }))).toEqual(
      fault("/foundBy"),
    );
    expect(await faults(await act("203", sent.id, "removal", { removedBy: "203-lead" }))).toEqual(fault("/removedBy"));
    expect(await faults(await refused({ sentBy: "203-lead" }, "203"))).toEqual(fault("/sentBy"));
    expect(await acted("203", incoming.id, "receipt", { confirmedBy: "203-inbox" })).toMatchObject({
      referral: { state: "received", receivedBy: "203-inbox" },
    });
  });

  it("makes a transaction fail that rests on the contact as it was before", async () => {
    const directory = await readAuthority(dynamoClient(), "cme-directory", "206");
    const { "206-lead": lead, "206-inbox": inbox } = directory?.contacts ?? {};
    if (!lead || !inbox) throw new Error("206 has no contacts");
    const lost = async (contact: Contact) => {
      const outcome = await commit(dynamoClient(), [contactUnchanged("cme-directory", contact)]);
      return outcome.committed ? [] : [...outcome.lost.keys()];
    };
    expect(await lost(lead)).toEqual([]);
    await retire("206-lead", now);
    expect(await lost(lead)).toEqual(["contact"]);
    expect(await lost(inbox)).toEqual([]);
    expect(await lost({ ...inbox, contactId: "206-nobody" })).toEqual(["contact"]);
    expect(await lost({ ...inbox, authority: "999" })).toEqual(["contact"]);
  });
});
