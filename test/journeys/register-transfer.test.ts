import { GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import { describe, expect, it } from "vitest";
import type { Answer } from "../../infra/local/client.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { useExchange } from "../builders/exchange.ts";

/** A home-educated child on the register of City of London (201) moves to Birmingham (330). */
const exchange = useExchange({ telling: true });

const child = {
  identity: { forename: "Ada", surname: "Okafor", dateOfBirth: "2016-05-17" },
  addresses: {
    home: { lines: ["1 Example Court"], town: "London", postcode: "EC1A 1BB" },
    expected: { postcode: "B30 2JY", from: "2026-12-01" },
  },
  parents: [{ name: "Ngozi Okafor", address: { postcode: "EC1A 1BB" }, providesEducation: true }],
  education: { byParents: 15, byOthers: 6.5 },
  providers: [{ name: "Saturday Science Club", type: "tuition", online: "https://science.example.org", hours: 6.5 }],
  support: [{ what: "Exam centre found for mathematics.", from: "2026-03-01" }],
  childProtection: { section47Enquiry: false, childInNeed: true, note: "Social worker until June 2026." },
};
const transfer = { kind: "register-transfer", recipient: "330", sentBy: "201-lead", child };

type Body = Record<string, unknown>;
const json = (answer: Answer, status: number): Body => {
  expect(answer.status, answer.text).toBe(status);
  return answer.json() as Body;
};
const get = async (owner: string, path: string, status = 200): Promise<Body> =>
  json(await (await exchange.client(owner)).get(path), status);
const post = async (owner: string, path: string, body: object, status = 201): Promise<Body> =>
  json(await (await exchange.client(owner)).post(path, body), status);
const send = (changes: Body = {}): Promise<Body> => post("201", "/v1/referrals", { ...transfer, ...changes });
const types = async (owner: string, id: unknown): Promise<string[]> =>
  ((await get(owner, `/v1/referrals/${id}/events`)).items as { type: string }[]).map(({ type }) => type);

describe("a register transfer", () => {
  it("is received with a signed receipt, and the child comes onto no list", async () => {
    const entries = async (owner: string) => (await get(owner, "/v1/cme-list?limit=100")).items;
    const before = [await entries("201"), await entries("330")];
    const sent = await send();
    expect(sent).toMatchObject({
      kind: "register-transfer",
      state: "awaiting-receipt",
      urgency: "standard",
      temporaryAuthority: null,
      warnings: [],
    });
    expect(sent.notYetCommenced).toMatch(/^The register of children not in school .* is not in force/);
    const at = `/v1/referrals/${sent.id}`;
    expect(await get("330", `${at}/child`)).toEqual(child);
    const { receipt, referral } = await post("330", `${at}/receipt`, { confirmedBy: "330-lead", note: "Thank you." });
    expect(receipt).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(referral).toMatchObject({ kind: "register-transfer", state: "received", receivedBy: "330-lead" });
    expect(referral).not.toHaveProperty("notYetCommenced");
    expect([await entries("201"), await entries("330")]).toEqual(before);
    expect(await types("201", sent.id)).toEqual(["referral.submitted", "referral.child-read", "referral.received"]);
  });

  it.each([
    ["330", "return", { reason: "wrong-authority" }, "returned"],
    ["201", "withdrawal", { reason: "The family is not moving." }, "withdrawn"],
  ])("%s may %s it", async (owner, action, body, state) => {
    const { id } = await send();
    expect(await post(owner, `/v1/referrals/${id}/${action}`, body)).toMatchObject({ state });
  });

  it("has no gate, nothing to find and no conclusion, whatever its state", async () => {
    const { id } = await send();
    const at = `/v1/referrals/${id}`;
    const refused = async () => {
      for (const [owner, action, body] of [
        ["201", "removal", { removedBy: "201-lead" }],
        ["330", "finding", { finding: "located", foundBy: "330-lead" }],
        ["330", "finding", { finding: "not-located", foundBy: "330-lead" }],
        ["330", "conclusion", { outcome: "suitable-education-otherwise", provision: "At home." }],
      ] as const) {
        expect([action, (await post(owner, `${at}/${action}`, body, 409)).code]).toEqual([action, "not-of-this-kind"]);
      }
      expect((await get("201", `${at}/removal`, 409)).code).toBe("not-of-this-kind");
    };
    await refused();
    expect((await post("201", `${at}/finding`, { finding: "located", foundBy: "201-lead" }, 403)).code).toBe(
      "not-your-role",
    );
    await post("330", `${at}/receipt`, { confirmedBy: "330-lead" });
    await refused();
    expect(await types("201", id)).toEqual(["referral.submitted", "referral.received"]);
    expect((await get("330", `${at}/enquiry-steps`)).items).toEqual([]);
  });

  it("is told of in words that say nothing of a child missing education", async () => {
    await exchange.telling?.idle();
    const before = exchange.mailbox().length;
    const { id } = await send();
    await exchange.telling?.idle();
    await post("330", `/v1/referrals/${id}/receipt`, { confirmedBy: "330-lead" });
    await exchange.telling?.idle();
    const mails = exchange.mailbox().slice(before);
    expect(mails.map(({ template, emailAddress }) => `${template} ${emailAddress}`).sort()).toEqual([
      "transfer-awaits cme-inbox@la-330.example.org",
      "transfer-awaits cme-lead@la-330.example.org",
      "transfer-received cme-lead@la-201.example.org",
    ]);
    for (const { subject, body } of mails) expect(subject + body).not.toMatch(/missing education to|CME list|Okafor/);
  });

  it("climbs the ladder when nobody answers", async () => {
    const { id } = await send();
    await exchange.telling?.idle();
    const before = exchange.mailbox().length;
    const at = { TableName: "cme-referrals", Key: { referralId: id } };
    const { Item } = await dynamoClient().send(new GetCommand(at));
    const nextRungAt = "2026-01-05T09:00:00.000Z";
    await dynamoClient().send(new PutCommand({ TableName: at.TableName, Item: { ...Item, nextRungAt } }));
    await exchange.telling?.tick("raise-overdue");
    await exchange.telling?.idle();
    expect(
      new Set(
        exchange
          .mailbox()
          .slice(before)
          .map(({ template }) => template),
      ),
    ).toEqual(new Set(["transfer-overdue"]));
  });

  it("is urgent for a child of whom children's social care has a concern", async () => {
    for (const concern of [{ section47Enquiry: true }, { childProtectionPlan: true }]) {
      expect(await send({ child: { ...child, childProtection: concern } })).toMatchObject({ urgency: "urgent" });
    }
  });

  it.each([
    ["evidence of a move", { child: { ...child, evidenceOfMove: [] } }, "/child"],
    ["an entry", { entryId: "01a1ff62-0406-7039-ba8f-74a5a22e6892" }, ""],
    ["a temporary authority", { temporaryAuthority: "202" }, ""],
    ["another kind", { kind: "school-transfer" }, "/kind"],
    ["the sender itself", { recipient: "201" }, "/recipient"],
    [
      "more hours than a week has",
      { child: { ...child, education: { byParents: 169 } } },
      "/child/education/byParents",
    ],
    [
      "a child past compulsory school age",
      { child: { ...child, identity: { ...child.identity, dateOfBirth: "2005-01-01" } } },
      "/child/identity/dateOfBirth",
    ],
  ])("is refused with %s", async (_what, changes, pointer) => {
    const { errors } = await post("201", "/v1/referrals", { ...transfer, ...changes }, 422);
    expect((errors as { pointer: string }[]).map((each) => each.pointer)).toEqual([pointer]);
  });

  it("takes the name and the date of birth alone, and is never found by a match", async () => {
    const { id } = await send({ child: { identity: { surname: "Okafor", dateOfBirth: "2016-05-17" } } });
    const at = { TableName: "cme-referrals", Key: { referralId: id } };
    const { Item } = await dynamoClient().send(new GetCommand(at));
    expect(Item).toMatchObject({ fingerprints: [], senderEntryId: null, recipientEntryId: null });
  });
});
