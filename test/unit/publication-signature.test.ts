import { GetPublicKeyCommand, KMSClient, SignCommand } from "@aws-sdk/client-kms";
import { mockClient } from "aws-sdk-client-mock";
import { compactVerify, importJWK } from "jose";
import { describe, expect, it } from "vitest";
import { signPublication, verifyPublication } from "../../shared/keys/publication-signature.ts";
import { signingKey } from "../../shared/keys/signing.ts";

/** The key of RFC 7515, Appendix A.3, with its RFC 7638 thumbprint. */
const publicJwk = {
  kty: "EC",
  crv: "P-256",
  x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
  y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
  kid: "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U",
  use: "sig",
  alg: "ES256",
};
const keys = { keys: [publicJwk] };

/**
 * A CSV of publication 17, signed by that key with OpenSSL's command line: SHA-256 over the header and the document, each
 * in base64url, with a full stop between them.
 */
const document = "\ufeffName\r\nSiân\r\n";
const header =
  "eyJhbGciOiJFUzI1NiIsImtpZCI6Im9LSXl3dkdVcFRWVHl4TVEzYndJSWVRVXVkZnJfQ2tMTWpDRTE5RUNELVUiLCJ0eXAiOiJjbWUtY29udGFjdC1saXN0K2p3cyIsImN0eSI6InRleHQvY3N2IiwiaXNzIjoiaHR0cHM6Ly9leGNoYW5nZS5leGFtcGxlIiwiaWF0IjoxNzk1MjU1MjAwLCJwdWJsaWNhdGlvbiI6MTd9";
const digest = "7d7ea758e81eb12f1d3e6cf5f357e5a498d2e4072eeac3e7a0c78c7fdc4ddbd1";
const derSignature =
  "3045022100d44577d5d3b9041001c17502239887096bf8547a93b1a9a98b08180571f8c015022061f5507623dcf0813237f277379c07c96d91071a5305329f85493e353e85c109";
const signature = "1EV31dO5BBABwXUCI5iHCWv4VHqTsampiwgYBXH4wBVh9VB2I9zwgTI38nc3nAfJbZEHGlMFMp-FST41PoXBCQ";
const publicKey =
  "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==";

describe("a publication's signature", () => {
  it("has KMS sign the digest of what a JWS signs, and leaves the document out", async () => {
    const kms = mockClient(KMSClient);
    kms.on(GetPublicKeyCommand).resolves({ PublicKey: Buffer.from(publicKey, "base64") });
    kms.on(SignCommand).resolves({ Signature: Buffer.from(derSignature, "hex") });
    const said = { issuer: "https://exchange.example", number: 17, publishedAt: "2026-11-21T10:00:00.000Z" } as const;

    const jws = await signPublication(signingKey(new KMSClient(), "key"), { ...said, format: "csv" }, document);

    expect(jws).toBe(`${header}..${signature}`);
    expect(kms.commandCalls(SignCommand).map(({ args }) => args[0].input)).toEqual([
      {
        KeyId: "key",
        Message: Buffer.from(digest, "hex"),
        MessageType: "DIGEST",
        SigningAlgorithm: "ECDSA_SHA_256",
      },
    ]);
    kms.restore();
  });

  it("verifies, and says whose the document is, which one and from when", async () => {
    expect(await verifyPublication(`${header}..${signature}\n`, Buffer.from(document), keys)).toEqual({
      issuer: "https://exchange.example",
      number: 17,
      signedAt: "2026-11-21T10:00:00.000Z",
      format: "csv",
    });
  });

  it("verifies with any JOSE library, once the document is put back in", async () => {
    const whole = `${header}.${Buffer.from(document).toString("base64url")}.${signature}`;
    const { payload } = await compactVerify(whole, await importJWK(publicJwk, "ES256"));
    expect(new TextDecoder("utf-8", { ignoreBOM: true }).decode(payload)).toBe(document);
  });

  it.each([
    ["another document", `${header}..${signature}`, "\ufeffName\r\nSian\r\n"],
    ["a document without its byte-order mark", `${header}..${signature}`, "Name\r\nSiân\r\n"],
    ["an attached one", `${header}.${Buffer.from(document).toString("base64url")}.${signature}`, document],
    ["another signature", `${header}..${"A".repeat(86)}`, document],
    ["none", `${header}..`, document],
    ["no header", `..${signature}`, document],
    ["a part too many", `${header}..${signature}.`, document],
    ["nothing", "", document],
  ])("does not verify %s", async (_, jws, text) => {
    await expect(verifyPublication(jws, Buffer.from(text), keys)).rejects.toThrow();
  });

  it("does not verify without its key, or by another", async () => {
    const jws = `${header}..${signature}`;
    await expect(verifyPublication(jws, Buffer.from(document), { keys: [] })).rejects.toThrow();
    // The public key of RFC 6979, A.2.5, under the right key's id.
    const other = {
      ...publicJwk,
      x: "YP7UuiVanTHJYet0xjVtaMBJuJI7Yfps5mliLmDyn7Y",
      y: "eQP-EAi4vJmkGunpVii8ZPLxsgwtfp9Rd6PClNRGIpk",
    };
    await expect(verifyPublication(jws, Buffer.from(document), { keys: [other] })).rejects.toThrow(
      "signature verification failed",
    );
  });
});
