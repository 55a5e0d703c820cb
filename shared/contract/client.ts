import * as z from "zod";
import { authorityCode, instant } from "./primitives.ts";
import { authorityScopes, dfeScopes } from "./route.ts";

/** The most keys that a client may have: two to sign with and two to be sealed to, while both are rotated, and a spare. */
export const mostKeys = 6;

/** Members of a private or symmetric JWK (RFC 7518 sections 6.2.2, 6.3.2 and 6.4.1; RFC 8037 section 2). */
const secretMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

/**
 * Base64url has several spellings of the same bytes (RFC 4648 section 3.5). Only the one that leaves no bit over is taken,
 * as a thumbprint is made of the spelling (RFC 7638): otherwise one key could be registered as two.
 */
const isPlainBase64url = (text: string): boolean => Buffer.from(text, "base64url").toString("base64url") === text;

const coordinate = z
  .string()
  .max(43, { abort: true })
  .refine((text) => text.length === 43 && isPlainBase64url(text), "must be 32 bytes as base64url without padding");

/** Bits: NIST SP 800-131A wants 2,048 at least; 4,096 at most, so that verifying takes no longer than it must. */
const bitsOfModulus = { least: 2048, most: 4096 };

const modulus = z
  .string()
  .max(683, { abort: true })
  .refine((text) => isPlainBase64url(text), { error: "must be base64url without padding", abort: true })
  .refine((text) => {
    const bytes = Buffer.from(text, "base64url");
    const bits = bytes.length * 8 - Math.clz32(bytes[0] ?? 0) + 24;
    return bytes[0] !== 0 && bits >= bitsOfModulus.least && bits <= bitsOfModulus.most;
  }, `must be a modulus of ${bitsOfModulus.least} to ${bitsOfModulus.most} bits without leading zeros`);

const kid = z
  .string()
  .regex(/^[\x21-\x7e]{1,128}$/, "must be 1 to 128 visible ASCII characters")
  .describe("The key's name: no other key of the client has it");

const point = { kid, kty: z.literal("EC"), crv: z.literal("P-256"), x: coordinate, y: coordinate };
const signing = z.literal("sig");

/** A client's public key (RFC 7517): three kinds to sign assertions with, one to seal records to. */
export const clientKey = z
  .discriminatedUnion("alg", [
    z.strictObject({ ...point, use: signing, alg: z.literal("ES256") }),
    z.strictObject({
      kid,
      kty: z.literal("OKP"),
      crv: z.literal("Ed25519"),
      x: coordinate,
      use: signing,
      alg: z.literal("EdDSA"),
    }),
    z.strictObject({
      kid,
      kty: z.literal("RSA"),
      n: modulus,
      e: z.literal("AQAB"),
      use: signing,
      alg: z.literal("PS256"),
    }),
    z.strictObject({ ...point, use: z.literal("enc"), alg: z.literal("ECDH-ES+A256KW") }),
  ])
  .meta({ id: "ClientKey", description: "A public key of a client (RFC 7517)" });
export type ClientKey = z.output<typeof clientKey>;

/** As sent: what is private is pointed at, and never repeated, before anything else is said. */
const sentKey = z.preprocess((value, context) => {
  if (typeof value !== "object" || value === null) return value;
  for (const member of secretMembers) {
    if (!Object.hasOwn(value, member)) continue;
    context.addIssue({
      code: "custom",
      path: [member],
      message: "is a secret that must never leave its owner: make a new key pair, and send its public key only",
    });
  }
  return value;
}, clientKey);

export const sentKeys = z
  .array(sentKey)
  .min(1)
  .max(mostKeys)
  .describe("Public keys alone. Keys are rotated by having two. Records are sealed to the first whose use is enc");

export const clientId = z
  .string()
  .regex(/^cme-[A-Za-z0-9-]{1,64}$/, "must be a client's id")
  .meta({ id: "ClientId", description: "An OAuth client's id, such as cme-330" });

export const clientOwner = z
  .union([authorityCode, z.literal("dfe")])
  .describe("Whose client it is: the DfE number of an authority in England, or dfe");

export const clientScope = z.enum([...new Set([...authorityScopes, ...dfeScopes])]);

export const client = z
  .strictObject({
    clientId,
    authority: clientOwner,
    name: z.string(),
    scopes: z.array(clientScope),
    active: z.boolean().describe("One that is not gets no tokens, and those that it has end within ten minutes"),
    keys: z.array(clientKey),
    createdAt: instant,
    updatedAt: instant,
    version: z.int().positive(),
  })
  .meta({ id: "Client", description: "An OAuth client: a system that calls for an authority or for the DfE" });
