import { type Zippable, zipSync } from "fflate";
import { v7 as uuidV7 } from "uuid";
import * as z from "zod";
import { digestOfBytes } from "../domain/canonical.ts";
import { packTooLarge } from "../domain/refusals.ts";
import { type PackClaims, type packClaims, packType } from "../keys/evidence-pack.ts";
import type { KeyRing } from "../keys/key-set.ts";
import { readme } from "./readme.ts";

/** The files of a pack in their order, as text. */
export type PackFiles = ReadonlyMap<string, string>;

export type PackSubject = PackClaims["subject"];

/**
 * Bytes. A Lambda function answers at most 6 MiB, of which the pack's base64 takes four thirds.
 * Source: AWS Lambda quotas, "Invocation payload (request and response)".
 */
const largestPack = 4 * 1024 * 1024;

/** An archive's oldest date, in the local time that it is written in: the same everywhere, and the bytes with it. */
const noDate = new Date(1980, 0, 1);

export const manifestSchema = z.strictObject({
  format: z.literal("cme-evidence-pack/1"),
  issuer: z.string(),
  subject: z.string(),
  madeFor: z.string(),
  madeAt: z.string(),
  files: z.array(z.strictObject({ name: z.string(), bytes: z.int(), digest: z.string() })),
});
export type Manifest = z.output<typeof manifestSchema>;

/** Two spaces deep: whoever opens it reads it. */
export const jsonFile = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/**
 * A signed archive of files: with README.txt, the keys, and a manifest that has the digest of each and is signed itself.
 * @throws Refusal `pack-too-large`
 */
export const signedPack = async (
  { issuer, ring }: { issuer: string; ring: KeyRing },
  { subject, madeFor, at }: { subject: PackSubject; madeFor: string; at: string },
  content: PackFiles,
): Promise<Uint8Array> => {
  const files = new Map([
    ["README.txt", readme(subject, at, [...content.keys()])],
    ...content,
    ["jwks.json", jsonFile({ keys: await ring.publicJwks() })],
  ]);
  const manifest: Manifest = {
    format: "cme-evidence-pack/1",
    issuer,
    subject,
    madeFor,
    madeAt: at,
    files: [...files].map(([name, text]) => {
      const bytes = Buffer.from(text);
      return { name, bytes: bytes.length, digest: digestOfBytes(bytes) };
    }),
  };
  const text = jsonFile(manifest);
  const claims: z.input<typeof packClaims> = {
    iss: issuer,
    iat: Math.floor(Date.parse(at) / 1000),
    jti: uuidV7(),
    kind: "evidence-pack",
    subject,
    madeFor,
    at,
    manifestDigest: digestOfBytes(Buffer.from(text)),
  };
  const signature = await ring.current.sign(packType, claims);
  const archive = archived(new Map([...files, ["manifest.json", text], ["manifest.jws", `${signature}\n`]]));
  if (archive.length > largestPack) throw packTooLarge();
  return archive;
};

const archived = (files: PackFiles): Uint8Array => {
  const entries: Zippable = {};
  for (const [name, text] of files) entries[name] = [Buffer.from(text), { mtime: noDate, level: 9 }];
  return zipSync(entries);
};
