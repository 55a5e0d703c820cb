import { createHmac, createPublicKey, randomBytes, randomUUID, sign, timingSafeEqual, verify } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import * as z from "zod";
import {
  type EncryptionContext,
  KEY_SPECS,
  type KeyUsage,
  keyIdOfBlob,
  keyObject,
  newMaterial,
  seal,
  signDigest,
  unseal,
  verifyDigest,
} from "./cryptography.ts";
import { type Key, keySpec, openStore, type Store } from "./store.ts";

const ACCOUNT = "000000000000";
const CONTENT_TYPE = "application/x-amz-json-1.1";
const DAY = 86_400_000;

/** An error as KMS names it, answered with HTTP 400. */
class KmsError extends Error {
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

type Kms = { readonly store: Store; readonly arnPrefix: string };

const arnOf = (kms: Kms, key: Key): string => `${kms.arnPrefix}key/${key.id}`;

const keyByIdOrArn = (kms: Kms, reference: string): Key => {
  const arnStart = `${kms.arnPrefix}key/`;
  const key = kms.store.key(reference.startsWith(arnStart) ? reference.slice(arnStart.length) : reference);
  if (!key) throw new KmsError("NotFoundException", `Key '${reference}' does not exist`);
  return key;
};

const keyByAnyName = (kms: Kms, reference: string): Key => {
  const name = reference.startsWith(`${kms.arnPrefix}alias/`) ? reference.slice(kms.arnPrefix.length) : reference;
  return keyByIdOrArn(kms, kms.store.alias(name)?.keyId ?? reference);
};

const refusePendingDeletion = (kms: Kms, key: Key): Key => {
  if (key.deletionAt === null) return key;
  throw new KmsError("KMSInvalidStateException", `${arnOf(kms, key)} is pending deletion.`);
};

const refuseUnusable = (kms: Kms, key: Key, usage: KeyUsage): Key => {
  refusePendingDeletion(kms, key);
  if (!key.enabled) throw new KmsError("DisabledException", `${arnOf(kms, key)} is disabled.`);
  if (KEY_SPECS[key.spec].usage === usage) return key;
  throw new KmsError("InvalidKeyUsageException", `${arnOf(kms, key)} is not for ${usage}.`);
};

const decrypt = (kms: Kms, blob: Buffer, context: EncryptionContext, expectedKey: string | undefined) => {
  const key = kms.store.key(keyIdOfBlob(blob) ?? "");
  if (!key) throw new KmsError("InvalidCiphertextException", "The ciphertext blob was not made here.");
  if (expectedKey !== undefined && keyByAnyName(kms, expectedKey).id !== key.id) {
    throw new KmsError("IncorrectKeyException", "The ciphertext blob was made with another key.");
  }
  const plaintext = unseal(refuseUnusable(kms, key, "ENCRYPT_DECRYPT"), blob, context);
  if (!plaintext) throw new KmsError("InvalidCiphertextException", "The ciphertext blob or its context was altered.");
  return { key, plaintext };
};

const mac = (key: Key, message: Buffer): Buffer => createHmac("sha256", keyObject(key)).update(message).digest();

const described = (key: Key) => ({
  KeySpec: key.spec,
  CustomerMasterKeySpec: key.spec,
  KeyUsage: KEY_SPECS[key.spec].usage,
  ...KEY_SPECS[key.spec].algorithms,
});

const metadata = (kms: Kms, key: Key) => ({
  AWSAccountId: ACCOUNT,
  KeyId: key.id,
  Arn: arnOf(kms, key),
  Description: key.description,
  CreationDate: key.createdAt / 1000,
  Enabled: key.enabled,
  KeyState: key.deletionAt !== null ? "PendingDeletion" : key.enabled ? "Enabled" : "Disabled",
  ...(key.deletionAt !== null && { DeletionDate: key.deletionAt / 1000 }),
  ...described(key),
  KeyManager: "CUSTOMER",
  Origin: "AWS_KMS",
  MultiRegion: false,
});

const blob = (maxBytes: number) =>
  z
    .base64()
    .transform((encoded) => Buffer.from(encoded, "base64"))
    .refine(({ length }) => length >= 1 && length <= maxBytes, `must hold 1 to ${maxBytes} bytes`);

// Strict throughout: a member this endpoint does not know is refused, lest it seem to have been honoured.
const message = blob(4096);
const ciphertext = blob(6144);
const keyReference = z.string().min(1).max(2048);
const encryptionContext = z.record(z.string(), z.string()).default({});
const encryptionAlgorithm = z.literal("SYMMETRIC_DEFAULT").default("SYMMETRIC_DEFAULT");
const macAlgorithm = z.literal("HMAC_SHA_256");
const aKey = z.strictObject({ KeyId: keyReference });
const anEncryption = aKey.extend({ EncryptionContext: encryptionContext, EncryptionAlgorithm: encryptionAlgorithm });
const aMac = aKey.extend({ Message: message, MacAlgorithm: macAlgorithm });
const aSignature = aKey
  .extend({
    Message: message,
    MessageType: z.enum(["RAW", "DIGEST"]).default("RAW"),
    SigningAlgorithm: z.literal("ECDSA_SHA_256"),
  })
  .refine(({ MessageType, Message }) => MessageType === "RAW" || Message.length === 32, "a digest holds 32 bytes");
const anAlias = z.strictObject({
  AliasName: z
    .string()
    .max(256)
    .regex(/^alias\/(?!aws\/)[\w/-]+$/),
  TargetKeyId: keyReference,
});

type Operation = (kms: Kms, request: unknown) => object;

const operation =
  <Request>(schema: z.ZodType<Request>, run: (kms: Kms, request: Request) => object): Operation =>
  (kms, request) => {
    const parsed = schema.safeParse(request);
    if (parsed.success) return run(kms, parsed.data);
    const faults = parsed.error.issues.map(({ path, message }) => [...path.map(String), message].join(": "));
    throw new KmsError("ValidationException", faults.join("; "));
  };

/** An operation that uses one key's material; the answer names the key. */
const using = <Request extends { KeyId: string }>(
  usage: KeyUsage,
  schema: z.ZodType<Request>,
  run: (key: Key, request: Request) => object,
): Operation =>
  operation(schema, (kms, request) => {
    const key = refuseUnusable(kms, keyByAnyName(kms, request.KeyId), usage);
    return { KeyId: arnOf(kms, key), ...run(key, request) };
  });

const enabling = (enabled: boolean): Operation =>
  operation(aKey, (kms, { KeyId }) => {
    kms.store.putKey({ ...refusePendingDeletion(kms, keyByIdOrArn(kms, KeyId)), enabled });
    return {};
  });

const OPERATIONS: Readonly<Record<string, Operation>> = {
  CreateKey: operation(
    z
      .strictObject({
        KeySpec: keySpec.default("SYMMETRIC_DEFAULT"),
        KeyUsage: z.string().default("ENCRYPT_DECRYPT"),
        Description: z.string().max(8192).default(""),
      })
      .refine(({ KeySpec, KeyUsage }) => KEY_SPECS[KeySpec].usage === KeyUsage, "KeyUsage does not fit KeySpec"),
    (kms, { KeySpec: spec, Description: description }) => {
      const [material, createdAt] = [newMaterial(spec), Date.now()];
      const key = { id: randomUUID(), spec, material, description, createdAt, enabled: true, deletionAt: null };
      kms.store.putKey(key);
      return { KeyMetadata: metadata(kms, key) };
    },
  ),
  DescribeKey: operation(aKey, (kms, { KeyId }) => ({ KeyMetadata: metadata(kms, keyByAnyName(kms, KeyId)) })),
  EnableKey: enabling(true),
  DisableKey: enabling(false),
  ScheduleKeyDeletion: operation(
    aKey.extend({ PendingWindowInDays: z.int().min(7).max(30).default(30) }),
    (kms, { KeyId, PendingWindowInDays }) => {
      const key = refusePendingDeletion(kms, keyByIdOrArn(kms, KeyId));
      const deletionAt = Date.now() + PendingWindowInDays * DAY;
      kms.store.putKey({ ...key, enabled: false, deletionAt });
      const KeyState = "PendingDeletion";
      return { KeyId: arnOf(kms, key), KeyState, DeletionDate: deletionAt / 1000, PendingWindowInDays };
    },
  ),
  CancelKeyDeletion: operation(aKey, (kms, { KeyId }) => {
    const key = keyByIdOrArn(kms, KeyId);
    if (key.deletionAt === null) {
      throw new KmsError("KMSInvalidStateException", `${arnOf(kms, key)} is not pending deletion.`);
    }
    kms.store.putKey({ ...key, deletionAt: null });
    return { KeyId: arnOf(kms, key) };
  }),

  CreateAlias: operation(anAlias, (kms, { AliasName: name, TargetKeyId }) => {
    if (kms.store.alias(name)) throw new KmsError("AlreadyExistsException", `${name} already exists.`);
    const { id: keyId } = refusePendingDeletion(kms, keyByIdOrArn(kms, TargetKeyId));
    const createdAt = Date.now();
    kms.store.putAlias({ name, keyId, createdAt, updatedAt: createdAt });
    return {};
  }),
  UpdateAlias: operation(anAlias, (kms, { AliasName: name, TargetKeyId }) => {
    const alias = kms.store.alias(name);
    if (!alias) throw new KmsError("NotFoundException", `Alias '${name}' does not exist`);
    const key = refusePendingDeletion(kms, keyByIdOrArn(kms, TargetKeyId));
    if (keyByIdOrArn(kms, alias.keyId).spec !== key.spec) {
      throw new KmsError("ValidationException", `${name} may only move to a key of the same type and usage.`);
    }
    kms.store.putAlias({ ...alias, keyId: key.id, updatedAt: Date.now() });
    return {};
  }),
  ListAliases: operation(z.strictObject({}), (kms) => ({
    Aliases: kms.store.aliases().map((alias) => ({
      AliasName: alias.name,
      AliasArn: kms.arnPrefix + alias.name,
      TargetKeyId: alias.keyId,
      CreationDate: alias.createdAt / 1000,
      LastUpdatedDate: alias.updatedAt / 1000,
    })),
    Truncated: false,
  })),

  GenerateDataKey: using(
    "ENCRYPT_DECRYPT",
    aKey.extend({ KeySpec: z.literal("AES_256"), EncryptionContext: encryptionContext }),
    (key, { EncryptionContext }) => {
      const Plaintext = randomBytes(32);
      return { Plaintext, CiphertextBlob: seal(key, Plaintext, EncryptionContext) };
    },
  ),
  Encrypt: using("ENCRYPT_DECRYPT", anEncryption.extend({ Plaintext: message }), (key, request) => ({
    CiphertextBlob: seal(key, request.Plaintext, request.EncryptionContext),
    EncryptionAlgorithm: request.EncryptionAlgorithm,
  })),
  Decrypt: operation(
    anEncryption.extend({ KeyId: keyReference.optional(), CiphertextBlob: ciphertext }),
    (kms, { KeyId, CiphertextBlob, EncryptionContext, EncryptionAlgorithm }) => {
      const { key, plaintext } = decrypt(kms, CiphertextBlob, EncryptionContext, KeyId);
      return { KeyId: arnOf(kms, key), Plaintext: plaintext, EncryptionAlgorithm };
    },
  ),
  ReEncrypt: operation(
    z.strictObject({
      CiphertextBlob: ciphertext,
      SourceKeyId: keyReference.optional(),
      SourceEncryptionContext: encryptionContext,
      SourceEncryptionAlgorithm: encryptionAlgorithm,
      DestinationKeyId: keyReference,
      DestinationEncryptionContext: encryptionContext,
      DestinationEncryptionAlgorithm: encryptionAlgorithm,
    }),
    (kms, request) => {
      const source = decrypt(kms, request.CiphertextBlob, request.SourceEncryptionContext, request.SourceKeyId);
      const destination = refuseUnusable(kms, keyByAnyName(kms, request.DestinationKeyId), "ENCRYPT_DECRYPT");
      return {
        CiphertextBlob: seal(destination, source.plaintext, request.DestinationEncryptionContext),
        SourceKeyId: arnOf(kms, source.key),
        KeyId: arnOf(kms, destination),
        SourceEncryptionAlgorithm: request.SourceEncryptionAlgorithm,
        DestinationEncryptionAlgorithm: request.DestinationEncryptionAlgorithm,
      };
    },
  ),

  GenerateMac: using("GENERATE_VERIFY_MAC", aMac, (key, { Message, MacAlgorithm }) => ({
    Mac: mac(key, Message),
    MacAlgorithm,
  })),
  VerifyMac: using("GENERATE_VERIFY_MAC", aMac.extend({ Mac: ciphertext }), (key, { Message, Mac, MacAlgorithm }) => {
    const expected = mac(key, Message);
    if (Mac.length === expected.length && timingSafeEqual(Mac, expected)) return { MacValid: true, MacAlgorithm };
    throw new KmsError("KMSInvalidMacException", "The MAC does not fit the message and key.");
  }),

  Sign: using("SIGN_VERIFY", aSignature, (key, { Message, MessageType, SigningAlgorithm }) => ({
    Signature: MessageType === "RAW" ? sign("sha256", Message, keyObject(key)) : signDigest(key, Message),
    SigningAlgorithm,
  })),
  Verify: using("SIGN_VERIFY", aSignature.safeExtend({ Signature: ciphertext }), (key, request) => {
    const { Message, MessageType, Signature, SigningAlgorithm } = request;
    const isValid =
      MessageType === "RAW"
        ? verify("sha256", Message, createPublicKey(keyObject(key)), Signature)
        : verifyDigest(key, Message, Signature);
    if (isValid) return { SignatureValid: true, SigningAlgorithm };
    throw new KmsError("KMSInvalidSignatureException", "The signature does not fit the message and key.");
  }),
  GetPublicKey: using("SIGN_VERIFY", aKey, (key) => ({
    PublicKey: createPublicKey(keyObject(key)).export({ format: "der", type: "spki" }),
    ...described(key),
  })),
};

const parseJson = (body: string): unknown => {
  try {
    return JSON.parse(body);
  } catch {
    throw new KmsError("SerializationException", "The body is not JSON.");
  }
};

const perform = async (kms: Kms, request: IncomingMessage): Promise<object> => {
  const body = await text(request);
  const name = /^TrentService\.(\w+)$/.exec(String(request.headers["x-amz-target"]))?.[1] ?? "";
  const run = Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name] : undefined;
  if (request.method !== "POST" || request.url !== "/" || !run) {
    throw new KmsError("UnsupportedOperationException", "Not an operation of the local KMS.");
  }
  if (request.headers["content-type"] !== CONTENT_TYPE) {
    throw new KmsError("SerializationException", `The content-type is not ${CONTENT_TYPE}.`);
  }
  kms.store.destroyKeysDue(Date.now());
  return run(kms, parseJson(body));
};

/** Blobs travel as base64, and stand at the top level of an answer only. */
const toJson = (answer: object): string =>
  JSON.stringify(
    Object.fromEntries(
      Object.entries(answer).map(([name, value]) => [name, Buffer.isBuffer(value) ? value.toString("base64") : value]),
    ),
  );

const answerTo = async (kms: Kms, request: IncomingMessage): Promise<{ status: number; answer: object }> => {
  try {
    return { status: 200, answer: await perform(kms, request) };
  } catch (error) {
    if (error instanceof KmsError) return { status: 400, answer: { __type: error.name, message: error.message } };
    console.error("local KMS:", error);
    const message = "The local KMS failed; its console says why.";
    return { status: 500, answer: { __type: "KMSInternalException", message } };
  }
};

/**
 * A KMS for one machine, speaking awsJson1_1 on 127.0.0.1 only. It has the operations tabled above, authenticates
 * nobody, and keeps its keys unencrypted in `stateFile`, which two servers must not share.
 * @param options.port 0, as when it is left out, takes any free one
 * @throws Error if the port is taken, or `stateFile` is there but is not a state file
 */
export const startLocalKms = async (options: {
  port?: number;
  stateFile: string;
  region?: string;
}): Promise<{ url: string; close(): Promise<void> }> => {
  const arnPrefix = `arn:aws:kms:${options.region ?? "eu-west-2"}:${ACCOUNT}:`;
  const kms = { store: openStore(options.stateFile), arnPrefix };
  const server = createServer(async (request, response) => {
    const { status, answer } = await answerTo(kms, request);
    // A connection kept alive would hold up close() for as long as its client likes.
    if (!server.listening) response.setHeader("connection", "close");
    response.writeHead(status, { "content-type": CONTENT_TYPE, "x-amzn-requestid": randomUUID() }).end(toJson(answer));
  });
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
};
