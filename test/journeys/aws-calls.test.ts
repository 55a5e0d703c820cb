import { beforeAll, describe, expect, it } from "vitest";
import type { Client } from "../../infra/local/client.ts";
import { callsDuring } from "../builders/aws-calls.ts";
import { useExchange } from "../builders/exchange.ts";
import { exampleReferral, submit } from "../builders/referral.ts";

const exchange = useExchange();

describe("once tokens and keys are known, a request makes the calls it needs and no more", () => {
  const clients = {} as { sender: Client; recipient: Client };
  const referral = (): Promise<string> => submit(clients.sender).then(({ id }) => id);
  const receive = (id: string) => clients.recipient.post(`/v1/referrals/${id}/receipt`, { confirmedBy: "330-lead" });
  const locate = (id: string) =>
    clients.recipient.post(`/v1/referrals/${id}/finding`, { finding: "located", foundBy: "330-lead" });
  const received = async (): Promise<string> => {
    const id = await referral();
    await receive(id);
    return id;
  };

  /** The example's child has a UPN and six texts of its names: each is a call to KMS, made while the record is sealed. */
  const sealedAndFingerprinted = [
    "dynamodb BatchGetItem",
    "kms GenerateDataKey",
    "kms GenerateMac",
    "kms GenerateMac",
    "kms GenerateMac",
    "kms GenerateMac",
    "kms GenerateMac",
    "kms GenerateMac",
    "kms GenerateMac",
    "dynamodb TransactWriteItems",
  ];

  beforeAll(async () => {
    Object.assign(clients, { sender: await exchange.client("201"), recipient: await exchange.client("330") });
    const id = await received();
    await clients.sender.post(`/v1/referrals/${id}/removal`, { removedBy: "201-lead" });
  });

  it("submitting: 10, of which 8 at once", async () => {
    expect(await callsDuring(() => clients.sender.post("/v1/referrals", exampleReferral()), 201)).toEqual(
      sealedAndFingerprinted,
    );
  });

  it("submitting from an entry and with a temporary authority: 10, of which 8 at once", async () => {
    const entry = await clients.sender.post("/v1/cme-list", { child: exampleReferral().child });
    const { entryId } = entry.json() as { entryId: string };
    const body = { ...exampleReferral(), entryId, temporaryAuthority: "202" };
    expect(await callsDuring(() => clients.sender.post("/v1/referrals", body), 201)).toEqual(sealedAndFingerprinted);
  });

  it("submitting again under the same key: 2", async () => {
    const again = () => clients.sender.post("/v1/referrals", exampleReferral(), { key: "again" });
    await again();
    expect(await callsDuring(again, 201)).toEqual(["dynamodb BatchGetItem", "dynamodb PutItem"]);
  });

  it("adding to the list: 10, of which 8 at once", async () => {
    const { child } = exampleReferral();
    expect(await callsDuring(() => clients.sender.post("/v1/cme-list", { child }), 201)).toEqual(
      sealedAndFingerprinted,
    );
  });

  it("asking the exchange whether a child is on another list: 2", async () => {
    const entry = await clients.sender.post("/v1/cme-list", { child: exampleReferral().child });
    const { entryId } = entry.json() as { entryId: string };
    const question = { kind: "match", entryId, openedBy: "201-lead" };
    expect(await callsDuring(() => clients.sender.post("/v1/enquiries", question), 201)).toEqual([
      "dynamodb BatchGetItem",
      "dynamodb TransactWriteItems",
    ]);
  });

  it("confirming receipt: 3, and 4 with a note", async () => {
    const [id, other] = [await referral(), await referral()];
    expect(await callsDuring(() => receive(id), 201)).toEqual([
      "dynamodb BatchGetItem",
      "kms Sign",
      "dynamodb TransactWriteItems",
    ]);
    const withNote = { confirmedBy: "330-lead", note: "Thank you." };
    expect(await callsDuring(() => clients.recipient.post(`/v1/referrals/${other}/receipt`, withNote), 201)).toEqual([
      "dynamodb BatchGetItem",
      "kms Sign",
      "kms GenerateDataKey",
      "dynamodb TransactWriteItems",
    ]);
  });

  it("finding: 3", async () => {
    const id = await received();
    expect(await callsDuring(() => locate(id), 201)).toEqual([
      "dynamodb BatchGetItem",
      "dynamodb BatchGetItem",
      "dynamodb TransactWriteItems",
    ]);
  });

  it("removing: 4", async () => {
    const id = await received();
    expect(
      await callsDuring(() => clients.sender.post(`/v1/referrals/${id}/removal`, { removedBy: "201-lead" }), 201),
    ).toEqual(["dynamodb BatchGetItem", "dynamodb BatchGetItem", "kms Sign", "dynamodb TransactWriteItems"]);
  });

  it("concluding: 3", async () => {
    const id = await received();
    await locate(id);
    const body = { outcome: "on-school-register", schoolUrn: "103200", startDate: "2026-11-02" };
    expect(await callsDuring(() => clients.recipient.post(`/v1/referrals/${id}/conclusion`, body), 201)).toEqual([
      "dynamodb BatchGetItem",
      "dynamodb BatchGetItem",
      "dynamodb TransactWriteItems",
    ]);
  });

  it("reading the child's record: 3, sealed to the client or not", async () => {
    const id = await referral();
    for (const accept of ["application/json", "application/jose"]) {
      const read = () => clients.recipient.get(`/v1/referrals/${id}/child`, { headers: { accept } });
      expect(await callsDuring(read, 200)).toEqual([
        "dynamodb BatchGetItem",
        "kms Decrypt",
        "dynamodb TransactWriteItems",
      ]);
    }
  });

  it.each([
    ["a page of the inbox", "/v1/referrals?box=inbox", "dynamodb Query"],
    ["what is overdue", "/v1/referrals?box=inbox&overdue=true", "dynamodb Query"],
    ["a page of the outbox", "/v1/referrals?box=outbox&state=received&limit=2", "dynamodb Query"],
    ["a page of the CME list", "/v1/cme-list", "dynamodb Query"],
  ])("%s: 1", async (_, path, call) => {
    expect(await callsDuring(() => clients.recipient.get(path), 200)).toEqual([call]);
  });

  it("a referral, or its receipt: 1; its trail or its gate: 2", async () => {
    const id = await received();
    const calls = (view: string) => callsDuring(() => clients.sender.get(`/v1/referrals/${id}${view}`), 200);
    expect(await calls("")).toEqual(["dynamodb BatchGetItem"]);
    expect(await calls("/receipt")).toEqual(["dynamodb BatchGetItem"]);
    expect(await calls("/events")).toEqual(["dynamodb BatchGetItem", "dynamodb Query"]);
    expect(await calls("/removal")).toEqual(["dynamodb BatchGetItem", "dynamodb BatchGetItem"]);
  });

  it("a refused removal: 2, of which one remembers that its proof was used", async () => {
    const id = await referral();
    expect(
      await callsDuring(() => clients.sender.post(`/v1/referrals/${id}/removal`, { removedBy: "201-lead" }), 409),
    ).toEqual(["dynamodb BatchGetItem", "dynamodb PutItem"]);
  });
});
