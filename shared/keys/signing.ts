import { createHash, createPublicKey } from "node:crypto";
import { GetPublicKeyCommand, type KMSClient, SignCommand, type SignCommandInput } from "@aws-sdk/client-kms";
import { calculateJwkThumbprint } from "jose";

export type PublicJwk = {
  kty: "EC";
  crv: string;
  x: string;
  y: string;
  kid: string;
  use: "sig";
  alg: "ES256";
};

/** A P-256 key that never leaves KMS; `kid` is its RFC 7638 thumbprint. */
export type SigningKey = {
  publicJwk(): Promise<PublicJwk>;
  /** A compact JWS (RFC 7515, ES256) over the claims. The header says `alg`, `kid` and `typ`. */
  sign(typ: string, claims: Record<string, unknown>): Promise<string>;
  /**
   * A compact JWS with detached content (RFC 7515, Appendix F: `header..signature`) over bytes of any length. The header
   * says what it is given, `alg` and `kid`.
   */
  signDetached(header: DetachedHeader, content: Uint8Array): Promise<string>;
};

type DetachedHeader = { typ: string; cty: string } & Record<string, unknown>;

/** The most that KMS signs as it is. */
const largestMessage = 4096;

export const signingKey = (kms: KMSClient, keyId: string): SigningKey => {
  let known: Promise<PublicJwk> | undefined;
  const publicJwk = () => {
    known ??= fetchPublicJwk(kms, keyId).catch((error: unknown) => {
      known = undefined;
      throw error;
    });
    return known;
  };
  const signatureOf = async (message: Pick<SignCommandInput, "Message" | "MessageType">): Promise<string> => {
    const { Signature } = await kms.send(
      new SignCommand({ KeyId: keyId, ...message, SigningAlgorithm: "ECDSA_SHA_256" }),
    );
    if (!Signature) throw new TypeError("KMS answered without a signature");
    return joseSignature(Signature).toString("base64url");
  };
  return {
    publicJwk,
    sign: async (typ, claims) => {
      const { kid } = await publicJwk();
      const input = `${encode({ alg: "ES256", kid, typ })}.${encode(claims)}`;
      const Message = Buffer.from(input);
      if (Message.length > largestMessage) throw new RangeError(`KMS signs at most ${largestMessage} bytes`);
      return `${input}.${await signatureOf({ Message, MessageType: "RAW" })}`;
    },
    /** Longer than what KMS takes, so it gets the digest of what a JWS signs (RFC 7515 section 5.1). */
    signDetached: async (header, content) => {
      const { kid } = await publicJwk();
      const encoded = encode({ alg: "ES256", kid, ...header });
      const Message = createHash("sha256")
        .update(`${encoded}.${Buffer.from(content).toString("base64url")}`)
        .digest();
      return `${encoded}..${await signatureOf({ Message, MessageType: "DIGEST" })}`;
    },
  };
};

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

const fetchPublicJwk = async (kms: KMSClient, keyId: string): Promise<PublicJwk> => {
  const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId: keyId }));
  if (!PublicKey) throw new TypeError("KMS answered without a public key");
  const { kty, crv, x, y } = createPublicKey({ key: Buffer.from(PublicKey), format: "der", type: "spki" }).export({
    format: "jwk",
  }) as { kty: "EC"; crv: string; x: string; y: string };
  const jwk = { kty, crv, x, y };
  return { ...jwk, kid: await calculateJwkThumbprint(jwk), use: "sig", alg: "ES256" };
};

/**
 * KMS answers an ECDSA signature in DER (RFC 3279: SEQUENCE of INTEGER r, INTEGER s); JWS wants the two numbers, 32 bytes
 * each, one after the other (RFC 7518 section 3.4).
 * @throws RangeError for what is no P-256 signature in DER
 */
export const joseSignature = (der: Uint8Array): Buffer => {
  const bytes = Buffer.from(der);
  const fail = () => new RangeError("This is no P-256 signature in DER");
  let at = 0;
  const take = (tag: number): Buffer => {
    const length = bytes[at + 1];
    if (bytes[at] !== tag || length === undefined || length > 0x7f) throw fail();
    const content = bytes.subarray(at + 2, at + 2 + length);
    if (content.length !== length) throw fail();
    at += 2 + length;
    return content;
  };
  const sequence = take(0x30);
  if (at !== bytes.length) throw fail();
  at = bytes.length - sequence.length;
  const numbers = [take(0x02), take(0x02)].map((integer) => {
    const number = integer.subarray(integer.findIndex((byte) => byte !== 0));
    if (number.length > 32) throw fail();
    return Buffer.concat([Buffer.alloc(32 - number.length), number]);
  });
  if (at !== bytes.length) throw fail();
  return Buffer.concat(numbers);
};
