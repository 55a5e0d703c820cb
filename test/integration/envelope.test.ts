import { DecryptCommand, KMSClient } from "@aws-sdk/client-kms";
import { DeleteCommand, GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Answer } from "../../infra/local/client.ts";
import type { Summary } from "../../shared/contract/referrals.ts";
import { EnvelopeRefused, open, seal } from "../../shared/keys/envelope.ts";
import { kmsClient } from "../../shared/keys/kms.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { useExchange } from "../builders/exchange.ts";
import { exampleReferral, submit } from "../builders/referral.ts";

const exchange = useExchange();

const recordKey = "alias/cme-records";
const context = { referral: "019f0000-0000-7000-8000-000000000001", sender: "201", recipient: "330" };

/** Which lock held; fails if the envelope opens, or for any other reason. */
const refusal = async (envelope: string, asked: Record<string, string> = context): Promise<string> => {
  const error = await open(kmsClient(), recordKey, asked, envelope).then(
    () => "it opened",
    (reason: unknown) => reason,
  );
  if (error instanceof EnvelopeRefused) return error.because;
  throw error;
};

/** A compact JWE with one of its parts changed: 0 header, 1 key, 2 initialisation vector, 3 ciphertext, 4 tag. */
const withPart = (envelope: string, at: number, change: (part: string) => string): string =>
  envelope
    .split(".")
    .map((part, index) => (index === at ? change(part) : part))
    .join(".");

/** With one bit of a byte in the middle turned. */
const bitTurned = (part: string): string => {
  const bytes = Buffer.from(part, "base64url");
  const middle = Math.floor(bytes.length / 2);
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
  return bytes.toString("base64url");
};

const withHeader = (envelope: string, changes: Record<string, unknown>): string =>
  withPart(envelope, 0, (part) => {
    const header = JSON.parse(Buffer.from(part, "base64url").toString()) as Record<string, unknown>;
    return Buffer.from(JSON.stringify({ ...header, ...changes })).toString("base64url");
  });

const headerOf = (envelope: string): Record<string, string> =>
  JSON.parse(Buffer.from(envelope.split(".")[0] ?? "", "base64url").toString());

describe("an envelope", () => {
  const text = "Zoë 😀\r\n\uFEFF\u0000";
  const sealed = () => seal(kmsClient(), recordKey, context, text);

  it("gives back what was sealed, to the letter", async () => {
    expect(await open(kmsClient(), recordKey, context, await sealed())).toBe(text);
    const order = { recipient: "330", sender: "201", referral: context.referral };
    expect(await open(kmsClient(), recordKey, order, await sealed())).toBe(text);
  });

  it("is a compact JWE under a data key of its own, which only KMS unwraps", async () => {
    const [one, other] = [await sealed(), await sealed()];
    expect(headerOf(one)).toEqual({ alg: "dir", enc: "A256GCM", wrappedKey: expect.stringMatching(/^[\w-]{100,}$/) });
    expect(one.split(".").map(({ length }) => length)).toEqual([expect.any(Number), 0, 16, expect.any(Number), 22]);
    expect(headerOf(one).wrappedKey).not.toBe(headerOf(other).wrappedKey);
    expect(one.split(".")[2]).not.toBe(other.split(".")[2]);
    const CiphertextBlob = Buffer.from(headerOf(one).wrappedKey ?? "", "base64url");
    const { Plaintext } = await kmsClient().send(new DecryptCommand({ CiphertextBlob, EncryptionContext: context }));
    expect(Plaintext).toHaveLength(32);
  });

  it.each([
    ["another referral", { ...context, referral: "019f0000-0000-7000-8000-000000000002" }],
    ["another sender", { ...context, sender: "202" }],
    ["another recipient", { ...context, recipient: "202" }],
    ["the parties' roles exchanged", { ...context, sender: "330", recipient: "201" }],
    ["a note's context", { ...context, part: "note#000001" }],
    ["a member less", { referral: context.referral, sender: "201" }],
    ["nothing", {}],
  ])("does not open for %s", async (_, asked) => {
    expect(await refusal(await sealed(), asked as Record<string, string>)).toBe("key-refused");
  });

  it("does not open with a bit turned in any part", async () => {
    const envelope = await sealed();
    for (const at of [2, 3, 4]) expect(await refusal(withPart(envelope, at, bitTurned))).toBe("ciphertext-altered");
    const wrappedKey = bitTurned(headerOf(envelope).wrappedKey ?? "");
    expect(await refusal(withHeader(envelope, { wrappedKey }))).toBe("key-refused");
    expect(["envelope-malformed", "key-refused"]).toContain(await refusal(withPart(envelope, 0, bitTurned)));
  });

  it("does not open with another header, although the key is right: the header is sealed too", async () => {
    const envelope = await sealed();
    for (const changes of [{ enc: "A192GCM" }, { alg: "A256KW" }, { alg: "none" }, { kid: "x" }, { zip: "DEF" }]) {
      expect(await refusal(withHeader(envelope, changes))).toBe("ciphertext-altered");
    }
  });

  it("does not open with parts of another envelope for the same context", async () => {
    const [one, other] = [await sealed(), await sealed()];
    for (const at of [0, 2, 3, 4]) {
      const mixed = withPart(one, at, () => other.split(".")[at] ?? "");
      expect(await refusal(mixed)).toBe("ciphertext-altered");
    }
  });

  it("does not open when it is cut short or is no envelope", async () => {
    const envelope = await sealed();
    expect(await refusal(envelope.slice(0, -1))).toBe("ciphertext-altered");
    expect(await refusal(envelope.slice(0, envelope.lastIndexOf(".")))).toBe("envelope-malformed");
    expect(await refusal(`${envelope}.x`)).toBe("envelope-malformed");
    for (const none of ["", "x", "....", "e30....", `e30.${envelope}`, JSON.stringify({ ciphertext: envelope })]) {
      expect(await refusal(none)).toBe("envelope-malformed");
    }
    for (const wrappedKey of [undefined, "", 1, null]) {
      expect(await refusal(withHeader(envelope, { wrappedKey }))).toBe("envelope-malformed");
    }
    for (const wrappedKey of ["AAAA", "!", "A".repeat(9_000)]) {
      expect(await refusal(withHeader(envelope, { wrappedKey }))).toMatch(/^(?:key-refused|envelope-malformed)$/);
    }
  });

  it("is not said to be altered when KMS can't be reached", async () => {
    const nowhere = new KMSClient({ endpoint: "http://127.0.0.1:1", maxAttempts: 1 });
    await expect(open(nowhere, recordKey, context, await sealed())).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await expect(seal(nowhere, recordKey, context, text)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    nowhere.destroy();
  });
});

const events = async (id: string): Promise<unknown[]> =>
  ((await (await exchange.client("201")).get(`/v1/referrals/${id}/events`)).json() as { items: unknown[] }).items;

describe("a record that was tampered with in the table", () => {
  const place = (id: string, part = "record") => ({
    TableName: "cme-records",
    Key: { subject: `referral#${id}`, part },
  });
  const envelopeOf = async (id: string, part?: string): Promise<string> => {
    const { Item } = await dynamoClient().send(new GetCommand(place(id, part)));
    return Item?.envelope as string;
  };
  const plant = (id: string, envelope: string, part?: string) => {
    const { TableName, Key } = place(id, part);
    return dynamoClient().send(new PutCommand({ TableName, Item: { ...Key, envelope } }));
  };

  /** That nothing is disclosed in either form, no read is recorded, and the operator is told why. */
  const expectUnreadable = async (id: string, because: string, view = "child"): Promise<void> => {
    const before = await events(id);
    for (const accept of ["application/json", "application/jose"]) {
      exchange.logLines.length = 0;
      const answer = await (await exchange.client("330")).get(`/v1/referrals/${id}/${view}`, { headers: { accept } });
      expect(answer.status).toBe(500);
      const instance = answer.headers.get("x-request-id");
      expect(answer.json()).toEqual({
        type: "urn:cme-referral-exchange:problem:record-unreadable",
        title: "Record unreadable",
        status: 500,
        detail: "The child’s record could not be opened. Nothing was disclosed; the operator has been alerted.",
        code: "record-unreadable",
        instance,
      });
      const lines = exchange.logLines.map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(lines.filter(({ code }) => code === "record-unreadable")).toEqual([
        {
          level: "error",
          code: "record-unreadable",
          at: expect.any(String),
          requestId: instance,
          referralId: id,
          because,
          alarm: true,
        },
      ]);
      expect(exchange.logLines.join("")).not.toMatch(/Okafor|Zoë|2016-05-17/);
    }
    expect(await events(id)).toEqual(before);
  };

  it("is not opened when two referrals' ciphertexts are exchanged", async () => {
    const client = await exchange.client("201");
    const [one, other] = [await submit(client), await submit(client)];
    const [ofOne, ofOther] = [await envelopeOf(one.id), await envelopeOf(other.id)];
    await plant(one.id, ofOther);
    await plant(other.id, ofOne);
    await expectUnreadable(one.id, "key-refused");
    await expectUnreadable(other.id, "key-refused");
    await plant(one.id, ofOne);
    const restored = await (await exchange.client("330")).get(`/v1/referrals/${one.id}/child`);
    expect(restored.json()).toEqual(exampleReferral().child);
  });

  it.each([
    ["initialisation vector", 2],
    ["ciphertext", 3],
    ["tag", 4],
  ])("is not opened with one bit of its %s turned", async (_, at) => {
    const { id } = await submit(await exchange.client("201"));
    await plant(id, withPart(await envelopeOf(id), at, bitTurned));
    await expectUnreadable(id, "ciphertext-altered");
  });

  it.each([
    ["altered", (envelope: string) => withHeader(envelope, { enc: "A128GCM" }), "ciphertext-altered"],
    ["cut short", (envelope: string) => envelope.slice(9), "envelope-malformed"],
    [
      "with another wrapped key",
      (envelope: string) => withHeader(envelope, { wrappedKey: bitTurned(headerOf(envelope).wrappedKey ?? "") }),
      "key-refused",
    ],
    ["alone", (envelope: string) => envelope.split(".")[0] ?? "", "envelope-malformed"],
  ])("is not opened with its header %s", async (_, change, because) => {
    const { id } = await submit(await exchange.client("201"));
    await plant(id, change(await envelopeOf(id)));
    await expectUnreadable(id, because);
  });

  it("is not shown when it is another record, though sealed for this very referral", async () => {
    const { id } = await submit(await exchange.client("201"));
    const { child } = exampleReferral();
    const forged = { ...child, identity: { ...child.identity, surname: "Other" } };
    const sealedFor = { referral: id, sender: "201", recipient: "330" };
    await plant(id, await seal(kmsClient(), recordKey, sealedFor, JSON.stringify(forged)));
    await expectUnreadable(id, "digest-differs");
  });

  it("is not shown when it is gone", async () => {
    const { id } = await submit(await exchange.client("201"));
    await dynamoClient().send(new DeleteCommand(place(id)));
    await expectUnreadable(id, "missing");
  });

  it("takes no note for the record, nor one note for another", async () => {
    const { id } = await submit(await exchange.client("201"));
    const recipient = await exchange.client("330");
    await recipient.post(`/v1/referrals/${id}/receipt`, { confirmedBy: "330-lead", note: "The first." });
    await recipient.post(`/v1/referrals/${id}/finding`, {
      finding: "located",
      foundBy: "330-lead",
      note: "The second.",
    });
    const first = await envelopeOf(id, "note#000002");
    await plant(id, first, "note#000003");
    await expectUnreadable(id, "key-refused", "notes");
    await plant(id, first);
    await expectUnreadable(id, "key-refused");
  });
});

describe("while KMS can't be reached", () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  const cutOff = (): void => {
    const nowhere = new KMSClient({ endpoint: "http://127.0.0.1:1", maxAttempts: 1 });
    const { send } = KMSClient.prototype;
    const toNowhere = ((command: unknown) => Reflect.apply(send, nowhere, [command])) as typeof send;
    vi.spyOn(KMSClient.prototype, "send").mockImplementation(toNowhere);
  };

  const expectUnavailable = (answer: Answer): void => {
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "5"]);
    expect(answer.json()).toEqual({
      type: "urn:cme-referral-exchange:problem:dependency-unavailable",
      title: "Temporarily unavailable",
      status: 503,
      detail: "A service that the exchange depends on is not available. Nothing was half done: repeat the request.",
      code: "dependency-unavailable",
      instance: answer.headers.get("x-request-id"),
    });
  };

  it("nothing is half done, and the same request succeeds afterwards", async () => {
    const [sender, recipient] = [await exchange.client("202"), await exchange.client("330")];
    const body = { ...exampleReferral(), sentBy: "202-lead" };
    const { id } = await submit(sender);
    await recipient.get(`/v1/referrals/${id}`);
    const outbox = async () =>
      ((await sender.get("/v1/referrals?box=outbox")).json() as { items: Summary[] }).items.length;
    const listed = async () => ((await sender.get("/v1/cme-list")).json() as { items: unknown[] }).items.length;
    expect([await outbox(), await listed()]).toEqual([1, 1]);

    cutOff();
    exchange.logLines.length = 0;
    expectUnavailable(await sender.post("/v1/referrals", body, { key: "while-down" }));
    expectUnavailable(await sender.post("/v1/cme-list", { child: body.child }));
    expectUnavailable(await recipient.get(`/v1/referrals/${id}/child`));
    const receipt = { confirmedBy: "330-lead", note: "Thank you." };
    expectUnavailable(await recipient.post(`/v1/referrals/${id}/receipt`, receipt, { key: "receipt-while-down" }));
    expect(exchange.logLines.filter((line) => line.includes('"dependency-failed"'))).toHaveLength(4);
    expect(exchange.logLines.filter((line) => line.includes('"record-unreadable"'))).toEqual([]);
    expect([await outbox(), await listed()]).toEqual([1, 1]);
    expect((await sender.get(`/v1/referrals/${id}`)).json()).toMatchObject({ state: "awaiting-receipt", version: 1 });

    vi.restoreAllMocks();
    const submitted = await sender.post("/v1/referrals", body, { key: "while-down" });
    const received = await recipient.post(`/v1/referrals/${id}/receipt`, receipt, { key: "receipt-while-down" });
    expect([submitted, received].map(({ status, headers }) => [status, headers.get("idempotency-replayed")])).toEqual([
      [201, null],
      [201, null],
    ]);
    expect([await outbox(), await listed()]).toEqual([2, 2]);
  });
});
