import { createHash, createPublicKey, verify } from "node:crypto";
import { compactVerify, createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet } from "jose";
import { describe, expect, it } from "vitest";
import { verifyEvidence } from "../../shared/keys/evidence.ts";
import { kmsClient } from "../../shared/keys/kms.ts";
import { joseSignature, signingKey } from "../../shared/keys/signing.ts";
import { useExchange } from "../builders/exchange.ts";
import { submit } from "../builders/referral.ts";

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");

describe("a signature in DER as two numbers of 32 bytes", () => {
  // RFC 6979, A.2.5: P-256, SHA-256, "sample" and "test".
  const r = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716";
  const s = "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
  const r2 = "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367";
  const s2 = "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083";

  it.each([
    ["both numbers with their high bit set", `3046 022100 ${r} 022100 ${s}`, `${r}${s}`],
    ["one with it, one without", `3045 022100 ${r2} 0220 ${s2}`, `${r2}${s2}`],
    ["a number of 31 bytes", `3044 021f ${"11".repeat(31)} 022100 ${s}`, `00${"11".repeat(31)}${s}`],
    ["31 bytes with the high bit set", `3044 022000 ${"91".repeat(31)} 0220 ${s2}`, `00${"91".repeat(31)}${s2}`],
    ["a number of one byte", `3025 0201 01 0220 ${s2}`, `${"00".repeat(31)}01${s2}`],
    ["two numbers of one byte", "3007 0201 7f 020200 80", `${"00".repeat(31)}7f${"00".repeat(31)}80`],
    ["a zero inside a number", `3025 0220 ${s2} 0201 05`, `${s2}${"00".repeat(31)}05`],
  ])("%s", (_, der, jose) => {
    const signature = joseSignature(hex(der));
    expect(signature.toString("hex")).toBe(jose);
    expect(signature).toHaveLength(64);
  });

  it.each([
    ["nothing", ""],
    ["no sequence", `0220 ${s2}`],
    ["a set", `3145 022100 ${r2} 0220 ${s2}`],
    ["one number only", `3022 0220 ${s2}`],
    ["three numbers", `3009 020101 020101 020101`],
    ["a number of 33 bytes", `3045 0221 01 ${r} 0220 ${s2}`],
    ["something after the sequence", `3045 022100 ${r2} 0220 ${s2} 00`],
    ["something after the numbers", `3047 022100 ${r2} 0220 ${s2} 0500`],
    ["a length that is too short", `3044 022100 ${r2} 0220 ${s2}`],
    ["a length that is too long", `3046 022100 ${r2} 0220 ${s2}`],
    ["a number cut short", `3045 022100 ${r2} 0220 ${s2.slice(2)}`],
    ["a long form of length", `308145 022100 ${r2} 0220 ${s2}`],
    ["an indefinite length", `3080 022100 ${r2} 0220 ${s2} 0000`],
    ["something else than a number", `3045 032100 ${r2} 0220 ${s2}`],
  ])("is not made of %s", (_, der) => {
    expect(() => joseSignature(hex(der))).toThrow(new RangeError("This is no P-256 signature in DER"));
  });
});

const exchange = useExchange();

const keySet = async (): Promise<JSONWebKeySet> =>
  (await (await fetch(`${exchange.origin}/.well-known/jwks.json`)).json()) as JSONWebKeySet;

/** A child handed over: the receipt, the removal certificate, and what is known of them otherwise. */
const handedOver = async () => {
  const [sender, recipient] = [await exchange.client("201"), await exchange.client("330")];
  const { id } = await submit(sender);
  const body = { confirmedBy: "330-lead", note: "Thank you." };
  const received = (await recipient.post(`/v1/referrals/${id}/receipt`, body)).json() as { receipt: string };
  const removed = (await sender.post(`/v1/referrals/${id}/removal`, { removedBy: "201-inbox" })).json() as {
    certificate: string;
  };
  type Event = { at: string; hash: string };
  const { items } = (await sender.get(`/v1/referrals/${id}/events`)).json() as { items: [Event, Event, Event] };
  const [, receiptEvent, removalEvent] = items;
  return { id, receipt: received.receipt, certificate: removed.certificate, receiptEvent, removalEvent };
};

const parts = (jws: string): [string, string, string] => jws.split(".") as [string, string, string];
const decoded = (part: string): Record<string, unknown> => JSON.parse(Buffer.from(part, "base64url").toString());
const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

describe("receipts and removal certificates", () => {
  it("say who confirmed what, and when, bound to the record and to the event", async () => {
    const { id, receipt, certificate, receiptEvent, removalEvent } = await handedOver();
    const keys = await keySet();
    const common = {
      iss: exchange.origin,
      jti: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      referralId: id,
      sender: "201",
      recipient: "330",
      payloadDigest: "sha-256:05FNmFmSuEYwjDMPcF6GPb7aCvWIH1ChofnA8gjFZHc",
    };
    expect(await verifyEvidence(receipt, keys)).toEqual({
      ...common,
      iat: Math.floor(Date.parse(receiptEvent.at) / 1000),
      kind: "receipt",
      by: { contactId: "330-lead", name: "CME lead officer, Birmingham", role: "lead" },
      at: receiptEvent.at,
      eventHash: receiptEvent.hash,
    });
    expect(await verifyEvidence(certificate, keys)).toEqual({
      ...common,
      iat: Math.floor(Date.parse(removalEvent.at) / 1000),
      kind: "removal",
      by: { contactId: "201-inbox", name: "CME team inbox, City of London", role: "inbox" },
      at: removalEvent.at,
      eventHash: removalEvent.hash,
    });
  });

  it("are given again, the same to both parties", async () => {
    const { id, receipt, certificate } = await handedOver();
    for (const owner of ["201", "330"]) {
      const answer = await (await exchange.client(owner)).get(`/v1/referrals/${id}/receipt`);
      expect(answer.json()).toMatchObject({ receipt, referral: { id, state: "received" } });
    }
    const removal = await (await exchange.client("201")).get(`/v1/referrals/${id}/removal`);
    expect(removal.json()).toMatchObject({ certificate });
  });

  it("there is none before receipt", async () => {
    const { id } = await submit(await exchange.client("201"));
    for (const owner of ["201", "330"]) {
      expect((await (await exchange.client(owner)).get(`/v1/referrals/${id}/receipt`)).status).toBe(404);
    }
  });

  it("verify with any JOSE library and the published keys", async () => {
    const { receipt, certificate } = await handedOver();
    const keys = await keySet();
    for (const [jws, typ] of [
      [receipt, "cme-receipt+jwt"],
      [certificate, "cme-removal+jwt"],
    ] as const) {
      const { protectedHeader, payload } = await compactVerify(jws, createLocalJWKSet(keys));
      expect(protectedHeader).toEqual({ alg: "ES256", typ, kid: expect.any(String) });
      expect(keys.keys.filter(({ kid }) => kid === protectedHeader.kid)).toMatchObject([
        { kty: "EC", crv: "P-256", use: "sig", alg: "ES256" },
      ]);
      expect(JSON.parse(new TextDecoder().decode(payload))).toEqual(decoded(parts(jws)[1]));
    }
  });

  it("verify with nothing but Node's own cryptography", async () => {
    const { receipt } = await handedOver();
    const [header, claims, signature] = parts(receipt);
    const jwk = (await keySet()).keys.find(({ kid }) => kid === decodeProtectedHeader(receipt).kid);
    const key = createPublicKey({ key: jwk as Record<string, unknown>, format: "jwk" });
    const isValid = (input: string) =>
      verify("sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" }, Buffer.from(signature, "base64url"));
    expect(isValid(`${header}.${claims}`)).toBe(true);
    expect(isValid(`${header}.${claims}A`)).toBe(false);
    const thumbprint = JSON.stringify({ crv: jwk?.crv, kty: jwk?.kty, x: jwk?.x, y: jwk?.y });
    expect(jwk?.kid).toBe(createHash("sha256").update(thumbprint).digest("base64url"));
  });

  it.each([
    ["referralId", "019f0000-0000-7000-8000-000000000001"],
    ["sender", "202"],
    ["recipient", "202"],
    ["kind", "removal"],
    ["at", "2026-11-23T09:30:00.000Z"],
    ["iat", 1],
    ["iss", "https://elsewhere.example"],
    ["by", { contactId: "330-inbox", name: "Somebody", role: "inbox" }],
    ["payloadDigest", "sha-256:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"],
    ["eventHash", "sha-256:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"],
  ])("fail with another %s", async (claim, value) => {
    const { receipt } = await handedOver();
    const [header, claims, signature] = parts(receipt);
    const tampered = `${header}.${encoded({ ...decoded(claims), [claim]: value })}.${signature}`;
    await expect(verifyEvidence(tampered, await keySet())).rejects.toThrow("signature verification failed");
  });

  it("fail with another header, signature or key", async () => {
    const { receipt, certificate } = await handedOver();
    const keys = await keySet();
    const [header, claims, signature] = parts(receipt);
    const failing = (jws: string, set = keys) => expect(verifyEvidence(jws, set)).rejects.toThrow();
    await failing(`${encoded({ ...decoded(header), typ: "cme-removal+jwt" })}.${claims}.${signature}`);
    await failing(`${encoded({ ...decoded(header), alg: "none" })}.${claims}.`);
    await failing(`${header}.${claims}.${parts(certificate)[2]}`);
    await failing(`${header}.${claims}.${"A".repeat(86)}`);
    await failing(`${header}.${claims}`);
    await failing("");
    const { kid } = decodeProtectedHeader(receipt);
    await failing(receipt, { keys: keys.keys.filter((each) => each.kid !== kid) });
    const otherKey = keys.keys.find((each) => each.kid !== kid);
    await failing(receipt, { keys: [{ ...otherKey, kty: "EC", kid: String(kid) }] });
  });

  it("do not pass for one another, even when the exchange's own key has signed them", async () => {
    const { receipt, certificate } = await handedOver();
    const keys = await keySet();
    const key = signingKey(kmsClient(), "alias/cme-evidence");
    const passedOff = async (typ: string, jws: string) => key.sign(typ, decoded(parts(jws)[1]));
    expect(await verifyEvidence(await passedOff("cme-receipt+jwt", receipt), keys)).toMatchObject({ kind: "receipt" });
    const refused = [
      ["cme-removal+jwt", receipt, "typ is not that of a receipt"],
      ["cme-receipt+jwt", certificate, "typ is not that of a removal"],
      ["JWT", receipt, "typ is not that of a receipt"],
      ["at+jwt", certificate, "typ is not that of a removal"],
    ] as const;
    for (const [typ, jws, message] of refused) {
      await expect(verifyEvidence(await passedOff(typ, jws), keys)).rejects.toThrow(message);
    }
  });

  it("are not taken with a claim too many, too few or malformed", async () => {
    const { receipt } = await handedOver();
    const keys = await keySet();
    const key = signingKey(kmsClient(), "alias/cme-evidence");
    const { eventHash, ...rest } = decoded(parts(receipt)[1]);
    for (const claims of [{ ...rest }, { ...rest, eventHash, more: 1 }, { ...rest, eventHash: "x" }, {}]) {
      await expect(verifyEvidence(await key.sign("cme-receipt+jwt", claims), keys)).rejects.toThrow();
    }
  });

  it("are refused above what KMS signs as it is", async () => {
    const key = signingKey(kmsClient(), "alias/cme-evidence");
    await expect(key.sign("cme-receipt+jwt", { text: "x".repeat(4096) })).rejects.toThrow(
      new RangeError("KMS signs at most 4096 bytes"),
    );
  });
});
