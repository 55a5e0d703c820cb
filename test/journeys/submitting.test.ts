import { UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Summary } from "../../shared/contract/referrals.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { useExchange } from "../builders/exchange.ts";
import { partiesOn, retire } from "../builders/handoff.ts";
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

const { referFrom, acted, receive, remove, entries, entryUnder, entryNow, addToList, refused, faultsOf } =
  partiesOn(exchange);

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

describe("a referral to an authority", () => {
  const refer = async (changes: Record<string, unknown>): Promise<Record<string, unknown>> => {
    const answer = await refused(changes);
    expect(answer.status, answer.text).toBe(422);
    return answer.json() as Record<string, unknown>;
  };

  it("that has ended names its successor", async () => {
    expect(await refer({ recipient: "837" })).toMatchObject({
      errors: [
        {
          pointer: "/recipient",
          detail: "is an authority that ended on 2019-03-31; succeeded by 839 Bournemouth, Christchurch and Poole",
        },
      ],
      successors: [{ code: "839", name: "Bournemouth, Christchurch and Poole" }],
    });
  });

  it.each([
    ["660", "is in Wales, and nothing is sent there through the exchange: contact it yourself, see contacts"],
    ["S12000036", "is in Scotland, and nothing is sent there through the exchange: contact it yourself, see contacts"],
  ])("of another nation says whom to contact: %s", async (recipient, detail) => {
    const refused = await refer({ recipient });
    expect(refused.errors).toEqual([{ pointer: "/recipient", detail }]);
    expect(refused.contacts).toMatchObject([
      { authority: recipient, role: "inbox", email: `cme-inbox@la-${recipient.toLowerCase()}.example.org` },
      { authority: recipient, role: "lead", email: `cme-lead@la-${recipient.toLowerCase()}.example.org` },
    ]);
    expect((await refer({ temporaryAuthority: recipient })).errors).toEqual([
      { pointer: "/temporaryAuthority", detail },
    ]);
  });

  it("whose contacts are all unreachable is taken, and the sender is told", async () => {
    const unreachable = async (...contacts: string[]): Promise<void> => {
      for (const each of contacts) {
        await dynamoClient().send(
          new UpdateCommand({
            TableName: "cme-directory",
            Key: { code: "302" },
            UpdateExpression: "SET contacts.#contact.unreachableSince = :at",
            ExpressionAttributeNames: { "#contact": each },
            ExpressionAttributeValues: { ":at": "2027-03-01T09:00:00.000Z" },
          }),
        );
      }
    };
    const warnings = async () =>
      ((await submit(await exchange.client("203"), { recipient: "302" })) as Summary & { warnings: unknown }).warnings;
    await unreachable("302-lead");
    expect(await warnings()).toEqual([]);
    await unreachable("302-inbox");
    expect(await warnings()).toEqual([
      {
        code: "recipient-unreachable",
        pointer: "/recipient",
        detail: "has it, but emails to every one of its contacts come back: telephone it as well",
      },
    ]);
  });
});
