import {
  createCipheriv,
  createDecipheriv,
  createECDH,
  createPrivateKey,
  createSecretKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from "node:crypto";

/** The kinds of key this endpoint makes. Each has one usage and one algorithm, which is all that the exchange asks of KMS. */
export const KEY_SPECS = {
  SYMMETRIC_DEFAULT: { usage: "ENCRYPT_DECRYPT", algorithms: { EncryptionAlgorithms: ["SYMMETRIC_DEFAULT"] } },
  ECC_NIST_P256: { usage: "SIGN_VERIFY", algorithms: { SigningAlgorithms: ["ECDSA_SHA_256"] } },
  HMAC_256: { usage: "GENERATE_VERIFY_MAC", algorithms: { MacAlgorithms: ["HMAC_SHA_256"] } },
} as const;

export type KeySpec = keyof typeof KEY_SPECS;
export type KeyUsage = (typeof KEY_SPECS)[KeySpec]["usage"];

/** What a key is made of: `material` is base64 of 32 random bytes, or of a PKCS #8 private key for `ECC_NIST_P256`. */
export type KeyMaterial = { readonly spec: KeySpec; readonly material: string };

const CURVE = "prime256v1";
const KEY_BYTES = 32;

export const newMaterial = (spec: KeySpec): string => {
  const bytes =
    spec === "ECC_NIST_P256"
      ? generateKeyPairSync("ec", { namedCurve: CURVE }).privateKey.export({ format: "der", type: "pkcs8" })
      : randomBytes(KEY_BYTES);
  return bytes.toString("base64");
};

export const keyObject = ({ spec, material }: KeyMaterial): KeyObject =>
  spec === "ECC_NIST_P256"
    ? createPrivateKey({ key: material, encoding: "base64", format: "der", type: "pkcs8" })
    : createSecretKey(material, "base64");

export const isSoundMaterial = (key: KeyMaterial): boolean => {
  try {
    const { symmetricKeySize, asymmetricKeyDetails } = keyObject(key);
    return key.spec === "ECC_NIST_P256" ? asymmetricKeyDetails?.namedCurve === CURVE : symmetricKeySize === KEY_BYTES;
  } catch {
    return false;
  }
};

// A ciphertext blob is: version (1 byte), key id (16), iv (12), tag (16), ciphertext.
const BLOB_VERSION = 1;
const HEADER_END = 17;
const IV_END = HEADER_END + 12;
const TAG_END = IV_END + 16;

export type EncryptionContext = Readonly<Record<string, string>>;

/** The context counts as a set of pairs: their order in the request must not matter. */
const additionalData = (header: Buffer, context: EncryptionContext): Buffer => {
  const pairs = Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.concat([header, Buffer.from(JSON.stringify(pairs))]);
};

/** AES-256-GCM over `plaintext`, bound to the key's id and to the encryption context. */
export const seal = (
  key: KeyMaterial & { readonly id: string },
  plaintext: Buffer,
  context: EncryptionContext,
): Buffer => {
  const header = Buffer.from([BLOB_VERSION, ...Buffer.from(key.id.replaceAll("-", ""), "hex")]);
  const iv = randomBytes(IV_END - HEADER_END);
  const cipher = createCipheriv("aes-256-gcm", keyObject(key), iv).setAAD(additionalData(header, context));
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([header, iv, cipher.getAuthTag(), ciphertext]);
};

/** The id of the key that sealed the blob, or undefined if it is no blob of ours. */
export const keyIdOfBlob = (blob: Buffer): string | undefined =>
  blob[0] === BLOB_VERSION && blob.length > TAG_END
    ? blob.toString("hex", 1, HEADER_END).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")
    : undefined;

/** The plaintext, or undefined if the blob was altered, or sealed with another key or context. */
export const unseal = (key: KeyMaterial, blob: Buffer, context: EncryptionContext): Buffer | undefined => {
  const decipher = createDecipheriv("aes-256-gcm", keyObject(key), blob.subarray(HEADER_END, IV_END))
    .setAAD(additionalData(blob.subarray(0, HEADER_END), context))
    .setAuthTag(blob.subarray(IV_END, TAG_END));
  const plaintext = decipher.update(blob.subarray(TAG_END));
  try {
    return Buffer.concat([plaintext, decipher.final()]);
  } catch {
    return undefined;
  }
};

// ECDSA over a digest that the caller has computed. Node's crypto.sign and crypto.verify cannot do this: they hash
// whatever they are given, silently even when called without an algorithm. The curve's arithmetic is still OpenSSL's;
// only the equations modulo the group's order (FIPS 186-5, 6.4) are here. Not constant-time: for this machine only.
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

const integer = (bytes: Buffer): bigint => BigInt(`0x0${bytes.toString("hex")}`);

/** Fermat: the order is prime. */
const inverse = (value: bigint): bigint => {
  let result = 1n;
  for (let base = value, exponent = ORDER - 2n; exponent > 0n; exponent >>= 1n, base = (base * base) % ORDER) {
    if (exponent & 1n) result = (result * base) % ORDER;
  }
  return result;
};

/** The x coordinate, modulo the order, of an uncompressed point (04, x, y). */
const xOf = (point: Buffer): bigint => integer(point.subarray(1, 33)) % ORDER;

const privateScalar = (key: KeyObject): bigint =>
  integer(Buffer.from(key.export({ format: "jwk" }).d ?? "", "base64url"));

const derInteger = (value: bigint): Buffer => {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 ? `0${hex}` : hex, "hex");
  const positive = (bytes[0] ?? 0) < 0x80 ? bytes : Buffer.from([0, ...bytes]);
  return Buffer.from([0x02, positive.length, ...positive]);
};

const derSignature = (r: bigint, s: bigint): Buffer => {
  const content = Buffer.concat([derInteger(r), derInteger(s)]);
  return Buffer.from([0x30, content.length, ...content]);
};

/** An ECDSA P-256 signature in DER over a digest of 32 bytes. */
export const signDigest = (key: KeyMaterial, digest: Buffer): Buffer => {
  const nonce = createECDH(CURVE);
  const r = xOf(nonce.generateKeys());
  const s = (inverse(integer(nonce.getPrivateKey())) * (integer(digest) + r * privateScalar(keyObject(key)))) % ORDER;
  return derSignature(r, s);
};

/** Knowing the private key, u1·G + u2·Q is one multiple of G: (digest + r·d) / s. */
export const verifyDigest = (key: KeyMaterial, digest: Buffer, signature: Buffer): boolean => {
  const rEnd = 4 + (signature[3] ?? 0);
  const [r, s] = [integer(signature.subarray(4, rEnd)), integer(signature.subarray(rEnd + 2))];
  if (s >= ORDER || !derSignature(r, s).equals(signature)) return false;
  const multiple = (inverse(s) * (integer(digest) + r * privateScalar(keyObject(key)))) % ORDER;
  if (multiple === 0n) return false;
  const point = createECDH(CURVE);
  point.setPrivateKey(multiple.toString(16).padStart(64, "0"), "hex");
  return xOf(point.getPublicKey()) === r;
};
