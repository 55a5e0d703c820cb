import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateKeyCommand,
  type CreateKeyCommandInput,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateMacCommand,
  GetPublicKeyCommand,
  KMSClient,
  ListAliasesCommand,
  ReEncryptCommand,
  ScheduleKeyDeletionCommand,
  SignCommand,
  UpdateAliasCommand,
  VerifyCommand,
  VerifyMacCommand,
} from "@aws-sdk/client-kms";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { startLocalKms } from "../../infra/local/engines/kms/server.ts";

const NO_SUCH_ID = "0198f0c0-1111-4000-8000-00000000dead";
const ENCRYPTION: CreateKeyCommandInput = {};
const SIGNATURE: CreateKeyCommandInput = { KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" };
const MAC: CreateKeyCommandInput = { KeySpec: "HMAC_256", KeyUsage: "GENERATE_VERIFY_MAC" };
const ECDSA = { SigningAlgorithm: "ECDSA_SHA_256" } as const;
const HMAC = { MacAlgorithm: "HMAC_SHA_256" } as const;

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const textOf = (blob: Uint8Array | undefined): string => Buffer.from(blob ?? []).toString();
const sha256 = (message: Uint8Array): Uint8Array => new Uint8Array(createHash("sha256").update(message).digest());
const named = (name: string) => ({ name });

/** The blob with one bit of the byte at `index` turned. */
const altered = (blob: Uint8Array, index: number): Uint8Array => blob.with(index, (blob[index] ?? 0) ^ 1);

const required = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error("the answer lacks a member");
  return value;
};

const clientOf = (url: string): KMSClient =>
  new KMSClient({
    endpoint: url,
    region: "eu-west-2",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
    maxAttempts: 1,
  });

describe("the local KMS", () => {
  let directory: string;
  let kms: Awaited<ReturnType<typeof startLocalKms>>;
  let client: KMSClient;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "local-kms-"));
    kms = await startLocalKms({ port: 0, stateFile: join(directory, "kms.json") });
    client = clientOf(kms.url);
  });

  afterAll(async () => {
    client.destroy();
    await kms.close();
    rmSync(directory, { recursive: true });
  });

  const createKey = async (input: CreateKeyCommandInput): Promise<string> =>
    required((await client.send(new CreateKeyCommand(input))).KeyMetadata?.KeyId);

  const post = async (target: string, body: string, contentType = "application/x-amz-json-1.1") => {
    const headers = { "x-amz-target": target, "content-type": contentType };
    const response = await fetch(kms.url, { method: "POST", headers, body });
    return { status: response.status, answer: await response.json() };
  };

  describe("keys and aliases", () => {
    it("describes a new key as KMS does", async () => {
      const before = Date.now();
      const { KeyMetadata: made } = await client.send(new CreateKeyCommand({ Description: "child records" }));
      const { KeyId, Arn, CreationDate, ...rest } = required(made);
      expect(KeyId).toMatch(/^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/);
      expect(Arn).toBe(`arn:aws:kms:eu-west-2:000000000000:key/${KeyId}`);
      expect(Math.abs(Number(CreationDate) - before)).toBeLessThan(5_000);
      expect(rest).toEqual({
        AWSAccountId: "000000000000",
        Description: "child records",
        Enabled: true,
        KeyState: "Enabled",
        KeySpec: "SYMMETRIC_DEFAULT",
        CustomerMasterKeySpec: "SYMMETRIC_DEFAULT",
        KeyUsage: "ENCRYPT_DECRYPT",
        EncryptionAlgorithms: ["SYMMETRIC_DEFAULT"],
        KeyManager: "CUSTOMER",
        Origin: "AWS_KMS",
        MultiRegion: false,
      });
      expect((await client.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata).toEqual(made);
    });

    it("finds a key by id, ARN, alias and alias ARN, and nothing else", async () => {
      const id = await createKey(SIGNATURE);
      await client.send(new CreateAliasCommand({ AliasName: "alias/receipts", TargetKeyId: id }));
      const references = [
        id,
        `arn:aws:kms:eu-west-2:000000000000:key/${id}`,
        "alias/receipts",
        "arn:aws:kms:eu-west-2:000000000000:alias/receipts",
      ];
      for (const KeyId of references) {
        expect((await client.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata?.KeyId).toBe(id);
      }
      const strangers = [
        NO_SUCH_ID,
        `key/${id}`,
        `arn:aws:kms:eu-west-1:000000000000:key/${id}`,
        "receipts",
        "alias/nothing",
        "arn:aws:kms:eu-west-2:000000000000:alias/nothing",
        "constructor",
      ];
      for (const KeyId of strangers) {
        await expect(client.send(new DescribeKeyCommand({ KeyId }))).rejects.toMatchObject(named("NotFoundException"));
      }
    });

    it("moves an alias to another key of the same kind only", async () => {
      const [first, second, other] = [await createKey(MAC), await createKey(MAC), await createKey(SIGNATURE)];
      const AliasName = "alias/fingerprints";
      const move = (TargetKeyId: string) => client.send(new UpdateAliasCommand({ AliasName, TargetKeyId }));
      await expect(move(first)).rejects.toMatchObject(named("NotFoundException"));
      await client.send(new CreateAliasCommand({ AliasName, TargetKeyId: first }));
      await expect(client.send(new CreateAliasCommand({ AliasName, TargetKeyId: second }))).rejects.toMatchObject(
        named("AlreadyExistsException"),
      );
      await expect(move(other)).rejects.toMatchObject(named("ValidationException"));
      await expect(move(NO_SUCH_ID)).rejects.toMatchObject(named("NotFoundException"));
      await move(second);

      const { Aliases, Truncated } = await client.send(new ListAliasesCommand({}));
      expect(Truncated).toBe(false);
      expect(Aliases?.filter((alias) => alias.AliasName === AliasName)).toEqual([
        {
          AliasName,
          AliasArn: "arn:aws:kms:eu-west-2:000000000000:alias/fingerprints",
          TargetKeyId: second,
          CreationDate: expect.any(Date),
          LastUpdatedDate: expect.any(Date),
        },
      ]);
    });

    it("stops and resumes a disabled key", async () => {
      const KeyId = await createKey(MAC);
      const generate = () => client.send(new GenerateMacCommand({ KeyId, Message: bytes("x"), ...HMAC }));
      await client.send(new DisableKeyCommand({ KeyId }));
      await expect(generate()).rejects.toMatchObject(named("DisabledException"));
      expect((await client.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata).toMatchObject({
        Enabled: false,
        KeyState: "Disabled",
      });
      await client.send(new EnableKeyCommand({ KeyId }));
      expect((await generate()).Mac).toHaveLength(32);
    });

    it("waits before it deletes a key, and can be told not to", async () => {
      const KeyId = await createKey(ENCRYPTION);
      const { CiphertextBlob } = await client.send(new EncryptCommand({ KeyId, Plaintext: bytes("x") }));
      const cancel = () => client.send(new CancelKeyDeletionCommand({ KeyId }));
      const refused = named("KMSInvalidStateException");
      await expect(cancel()).rejects.toMatchObject(refused);

      for (const PendingWindowInDays of [6, 31]) {
        await expect(client.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays }))).rejects.toMatchObject(
          named("ValidationException"),
        );
      }
      const scheduled = await client.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
      expect(scheduled).toMatchObject({ KeyState: "PendingDeletion", PendingWindowInDays: 7 });
      expect(Math.abs(Number(scheduled.DeletionDate) - Date.now() - 604_800_000)).toBeLessThan(5_000);
      const described = (await client.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata;
      expect(described).toMatchObject({ KeyState: "PendingDeletion", DeletionDate: scheduled.DeletionDate });
      for (const attempt of [
        () => client.send(new EncryptCommand({ KeyId, Plaintext: bytes("x") })),
        () => client.send(new DecryptCommand({ CiphertextBlob })),
        () => client.send(new EnableKeyCommand({ KeyId })),
        () => client.send(new DisableKeyCommand({ KeyId })),
        () => client.send(new ScheduleKeyDeletionCommand({ KeyId })),
        () => client.send(new CreateAliasCommand({ AliasName: "alias/doomed", TargetKeyId: KeyId })),
      ]) {
        await expect(attempt()).rejects.toMatchObject(refused);
      }

      await cancel();
      expect((await client.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata?.KeyState).toBe("Disabled");
      await client.send(new EnableKeyCommand({ KeyId }));
      expect(textOf((await client.send(new DecryptCommand({ CiphertextBlob }))).Plaintext)).toBe("x");
    });

    it("keeps each key to its usage", async () => {
      const [encryption, signature] = [await createKey(ENCRYPTION), await createKey(SIGNATURE)];
      const refused = named("InvalidKeyUsageException");
      const Message = bytes("x");
      for (const attempt of [
        () => client.send(new EncryptCommand({ KeyId: signature, Plaintext: Message })),
        () => client.send(new GenerateDataKeyCommand({ KeyId: signature, KeySpec: "AES_256" })),
        () => client.send(new GenerateMacCommand({ KeyId: signature, Message, ...HMAC })),
        () => client.send(new VerifyMacCommand({ KeyId: encryption, Message, Mac: Message, ...HMAC })),
        () => client.send(new SignCommand({ KeyId: encryption, Message, ...ECDSA })),
        () => client.send(new VerifyCommand({ KeyId: encryption, Message, Signature: Message, ...ECDSA })),
        () => client.send(new GetPublicKeyCommand({ KeyId: encryption })),
      ]) {
        await expect(attempt()).rejects.toMatchObject(refused);
      }
    });
  });

  describe("encryption", () => {
    const context = { referral: "r-1", authority: "330" };
    let KeyId: string;
    let CiphertextBlob: Uint8Array;

    const decrypt = async (input: Partial<DecryptCommand["input"]>) =>
      client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: context, ...input }));

    beforeAll(async () => {
      KeyId = await createKey(ENCRYPTION);
      const input = { KeyId, Plaintext: bytes("Adélaïde"), EncryptionContext: context };
      CiphertextBlob = required((await client.send(new EncryptCommand(input))).CiphertextBlob);
    });

    it("decrypts without a key id, whatever the order of the context", async () => {
      const { Plaintext, ...rest } = await decrypt({ EncryptionContext: { authority: "330", referral: "r-1" } });
      expect(textOf(Plaintext)).toBe("Adélaïde");
      expect(rest).toMatchObject({
        KeyId: `arn:aws:kms:eu-west-2:000000000000:key/${KeyId}`,
        EncryptionAlgorithm: "SYMMETRIC_DEFAULT",
      });
    });

    it("never makes the same blob twice, and none that shows its plaintext", async () => {
      const again = await client.send(
        new EncryptCommand({ KeyId, Plaintext: bytes("Adélaïde"), EncryptionContext: context }),
      );
      expect(again.CiphertextBlob).not.toEqual(CiphertextBlob);
      expect(Buffer.from(CiphertextBlob).includes("Ad")).toBe(false);
    });

    it.each([
      ["another value", { referral: "r-2", authority: "330" }],
      ["a missing pair", { referral: "r-1" }],
      ["an added pair", { referral: "r-1", authority: "330", more: "" }],
      ["names and values exchanged", { "r-1": "referral", "330": "authority" }],
      ["no context", {}],
    ])("refuses %s", async (_, EncryptionContext) => {
      await expect(decrypt({ EncryptionContext })).rejects.toMatchObject(named("InvalidCiphertextException"));
    });

    it("refuses a blob of which any byte was altered, or that was cut or lengthened", async () => {
      const forged = [...CiphertextBlob.keys()].map((index) => altered(CiphertextBlob, index));
      forged.push(CiphertextBlob.slice(0, -1), CiphertextBlob.slice(0, 20), new Uint8Array([...CiphertextBlob, 0]));
      expect(forged).toHaveLength(58); // 17 of header, 12 of iv, 16 of tag, 10 of text, and the three above
      for (const blob of forged) {
        await expect(decrypt({ CiphertextBlob: blob })).rejects.toMatchObject(named("InvalidCiphertextException"));
      }
    });

    it("decrypts with the key that the caller names, or not at all", async () => {
      const other = await createKey(ENCRYPTION);
      expect(textOf((await decrypt({ KeyId })).Plaintext)).toBe("Adélaïde");
      await expect(decrypt({ KeyId: other })).rejects.toMatchObject(named("IncorrectKeyException"));
      await expect(decrypt({ KeyId: NO_SUCH_ID })).rejects.toMatchObject(named("NotFoundException"));
    });

    it("makes data keys of 256 bits that only their context opens", async () => {
      const input = { KeyId, KeySpec: "AES_256", EncryptionContext: context } as const;
      const made = await client.send(new GenerateDataKeyCommand(input));
      expect(made.Plaintext).toHaveLength(32);
      const CiphertextBlob = required(made.CiphertextBlob);
      expect((await decrypt({ CiphertextBlob })).Plaintext).toEqual(made.Plaintext);
      await expect(decrypt({ CiphertextBlob, EncryptionContext: {} })).rejects.toMatchObject(
        named("InvalidCiphertextException"),
      );
      expect((await client.send(new GenerateDataKeyCommand(input))).Plaintext).not.toEqual(made.Plaintext);
    });

    it("re-encrypts under another key and context", async () => {
      const destination = await createKey(ENCRYPTION);
      const input = {
        CiphertextBlob,
        SourceEncryptionContext: context,
        DestinationKeyId: destination,
        DestinationEncryptionContext: { moved: "yes" },
      };
      const moved = await client.send(new ReEncryptCommand(input));
      expect(moved).toMatchObject({
        SourceKeyId: `arn:aws:kms:eu-west-2:000000000000:key/${KeyId}`,
        KeyId: `arn:aws:kms:eu-west-2:000000000000:key/${destination}`,
      });
      const opened = await decrypt({
        CiphertextBlob: required(moved.CiphertextBlob),
        EncryptionContext: { moved: "yes" },
        KeyId: destination,
      });
      expect(textOf(opened.Plaintext)).toBe("Adélaïde");
      await expect(client.send(new ReEncryptCommand({ ...input, SourceEncryptionContext: {} }))).rejects.toMatchObject(
        named("InvalidCiphertextException"),
      );
      await expect(client.send(new ReEncryptCommand({ ...input, SourceKeyId: destination }))).rejects.toMatchObject(
        named("IncorrectKeyException"),
      );
    });
  });

  describe("signatures", () => {
    const Message = bytes("a receipt");
    const digest = { Message: sha256(Message), MessageType: "DIGEST" } as const;
    let KeyId: string;
    let publicKey: ReturnType<typeof createPublicKey>;

    beforeAll(async () => {
      KeyId = await createKey(SIGNATURE);
      const { PublicKey, ...rest } = await client.send(new GetPublicKeyCommand({ KeyId }));
      expect(rest).toMatchObject({
        KeyId: `arn:aws:kms:eu-west-2:000000000000:key/${KeyId}`,
        KeySpec: "ECC_NIST_P256",
        KeyUsage: "SIGN_VERIFY",
        SigningAlgorithms: ["ECDSA_SHA_256"],
      });
      publicKey = createPublicKey({ key: Buffer.from(required(PublicKey)), format: "der", type: "spki" });
      expect(publicKey.asymmetricKeyDetails).toEqual({ namedCurve: "prime256v1" });
    });

    const signed = async (input: { Message: Uint8Array; MessageType?: "RAW" | "DIGEST" }): Promise<Uint8Array> =>
      required((await client.send(new SignCommand({ KeyId, ...ECDSA, ...input }))).Signature);

    it("signs a message and its digest alike: either signature verifies in both ways, and offline", async () => {
      for (const Signature of [await signed({ Message }), await signed(digest)]) {
        expect(verify("sha256", Message, publicKey, Signature)).toBe(true);
        for (const input of [{ Message }, digest]) {
          const verified = await client.send(new VerifyCommand({ KeyId, Signature, ...ECDSA, ...input }));
          expect(verified.SignatureValid).toBe(true);
        }
      }
    });

    it("encodes every signature over a digest as strict DER", async () => {
      // By chance each of r and s needs a leading zero byte in DER, or none: 100 signatures have seen both.
      for (let count = 0; count < 100; count += 1) {
        expect(verify("sha256", Message, publicKey, await signed(digest))).toBe(true);
      }
    });

    it("refuses another message, an altered signature and what is no signature", async () => {
      const Signature = await signed({ Message });
      const otherKey = await createKey(SIGNATURE);
      const raw = { KeyId, Message, Signature, ...ECDSA };
      const padded = Buffer.concat([Signature, Buffer.from([0])]);
      for (const input of [raw, { ...raw, ...digest }]) {
        const forgeries = [
          { ...input, KeyId: otherKey },
          { ...input, Message: altered(input.Message, 0) },
          { ...input, Signature: altered(Signature, 10) },
          { ...input, Signature: altered(Signature, Signature.length - 1) },
          { ...input, Signature: padded },
          { ...input, Signature: bytes("0") },
          { ...input, Signature: new Uint8Array(Buffer.from("3006020100020100", "hex")) },
        ];
        for (const forgery of forgeries) {
          await expect(client.send(new VerifyCommand(forgery))).rejects.toMatchObject(
            named("KMSInvalidSignatureException"),
          );
        }
      }
    });

    it("signs 4,096 bytes, and neither more nor a digest of another length", async () => {
      expect(verify("sha256", Buffer.alloc(4096), publicKey, await signed({ Message: new Uint8Array(4096) }))).toBe(
        true,
      );
      const refused = named("ValidationException");
      await expect(signed({ Message: new Uint8Array(4097) })).rejects.toMatchObject(refused);
      await expect(signed({ Message: new Uint8Array(31), MessageType: "DIGEST" })).rejects.toMatchObject(refused);
    });
  });

  describe("message authentication codes", () => {
    it("accepts its own and refuses any other", async () => {
      const KeyId = await createKey(MAC);
      const Message = bytes("A123456789012");
      const { Mac } = await client.send(new GenerateMacCommand({ KeyId, Message, ...HMAC }));
      const check = (input: object) =>
        client.send(new VerifyMacCommand({ KeyId, Message, Mac: required(Mac), ...HMAC, ...input }));
      expect((await check({})).MacValid).toBe(true);
      const forgeries = [
        { Mac: altered(required(Mac), 31) },
        { Mac: required(Mac).slice(0, 16) },
        { Message: bytes("A123456789013") },
        { KeyId: await createKey(MAC) },
      ];
      for (const forgery of forgeries) {
        await expect(check(forgery)).rejects.toMatchObject(named("KMSInvalidMacException"));
      }
    });
  });

  describe("requests", () => {
    it("refuses what it does not know rather than ignore it", async () => {
      expect(await post("TrentService.CreateKey", '{"Origin":"EXTERNAL"}')).toEqual({
        status: 400,
        answer: { __type: "ValidationException", message: 'Unrecognized key: "Origin"' },
      });
      for (const body of [
        '{"KeySpec":"RSA_2048","KeyUsage":"SIGN_VERIFY"}',
        '{"KeySpec":"ECC_NIST_P256"}',
        '{"Description":7}',
        "[]",
        "null",
      ]) {
        expect((await post("TrentService.CreateKey", body)).answer).toMatchObject({ __type: "ValidationException" });
      }
      for (const body of [
        "{}",
        '{"KeyId":"alias/x"}',
        '{"KeyId":"alias/x","Plaintext":""}',
        '{"KeyId":"alias/x","Plaintext":"!"}',
        '{"KeyId":"alias/x","Plaintext":"eA==","EncryptionContext":{"a":1}}',
      ]) {
        expect((await post("TrentService.Encrypt", body)).answer).toMatchObject({ __type: "ValidationException" });
      }
      for (const AliasName of ["receipts", "alias/", "alias/aws/kms", "alias/a b"]) {
        const body = JSON.stringify({ AliasName, TargetKeyId: NO_SUCH_ID });
        expect((await post("TrentService.CreateAlias", body)).answer).toMatchObject({ __type: "ValidationException" });
      }
    });

    it("refuses malformed JSON and another content type", async () => {
      for (const attempt of [
        post("TrentService.CreateKey", "{"),
        post("TrentService.CreateKey", ""),
        post("TrentService.CreateKey", "{}", "text/plain"),
      ]) {
        expect(await attempt).toMatchObject({ status: 400, answer: { __type: "SerializationException" } });
      }
    });

    it("refuses operations it does not have", async () => {
      for (const target of ["TrentService.PutKeyPolicy", "TrentService.constructor", "Other.CreateKey", ""]) {
        expect(await post(target, "{}")).toMatchObject({
          status: 400,
          answer: { __type: "UnsupportedOperationException" },
        });
      }
      const headers = { "x-amz-target": "TrentService.CreateKey", "content-type": "application/x-amz-json-1.1" };
      for (const attempt of [
        fetch(kms.url, { headers }),
        fetch(kms.url, { method: "PUT", headers, body: "{}" }),
        fetch(`${kms.url}/other`, { method: "POST", headers, body: "{}" }),
      ]) {
        expect(await (await attempt).json()).toMatchObject({ __type: "UnsupportedOperationException" });
      }
    });

    it("is not to be reached but on 127.0.0.1", async () => {
      // A server on all addresses would answer on every one of 127.0.0.0/8.
      const elsewhere = kms.url.replace("127.0.0.1", "127.0.0.2");
      expect(kms.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
      await expect(fetch(elsewhere)).rejects.toThrow("fetch failed");
    });
  });
});

describe("the local KMS's state file", () => {
  let directory: string;
  let stateFile: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "local-kms-"));
    stateFile = join(directory, "state", "kms.json");
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  /** Runs `use` against a server that is started for it and closed after it. */
  const withKms = async <T>(use: (client: KMSClient, url: string) => Promise<T>): Promise<T> => {
    const kms = await startLocalKms({ stateFile });
    const client = clientOf(kms.url);
    try {
      return await use(client, kms.url);
    } finally {
      client.destroy();
      await kms.close();
    }
  };

  const plant = (state: unknown): void => {
    mkdirSync(join(directory, "state"), { recursive: true });
    writeFileSync(stateFile, typeof state === "string" ? state : JSON.stringify(state));
  };

  // Key and signature of RFC 6979, A.2.5 (SHA-256, "sample"); key and MAC of RFC 4231, test case 2, whose key "Jefe"
  // HMAC itself pads with zeros. The blob was made with another AES-GCM implementation, under that same padded key.
  const base64url = (hex: string): string => Buffer.from(hex, "hex").toString("base64url");
  const rfc6979Key = createPrivateKey({
    format: "jwk",
    key: {
      kty: "EC",
      crv: "P-256",
      d: base64url("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"),
      x: base64url("60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"),
      y: base64url("7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"),
    },
  });
  const fromHex = (...parts: string[]): Uint8Array => new Uint8Array(Buffer.from(parts.join(""), "hex"));
  const r = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716";
  const s = "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
  const sPlusOrder = "01f7cb1c932d657c42d436c7a1b6e29f65b0cffb8960c7928b417e75f2809df2f9";
  const jefe = Buffer.concat([Buffer.from("Jefe"), Buffer.alloc(28)]).toString("base64");
  const planted = { description: "", createdAt: 0, enabled: true, deletionAt: null };
  const encryptionKey = {
    ...planted,
    id: "0198f0c0-1111-4000-8000-000000000001",
    spec: "SYMMETRIC_DEFAULT",
    material: jefe,
  };
  const macKey = { ...planted, id: "0198f0c0-1111-4000-8000-000000000002", spec: "HMAC_256", material: jefe };
  const signingKey = {
    ...planted,
    id: "0198f0c0-1111-4000-8000-000000000003",
    spec: "ECC_NIST_P256",
    material: rfc6979Key.export({ format: "der", type: "pkcs8" }).toString("base64"),
  };
  const p384Material = generateKeyPairSync("ec", { namedCurve: "P-384" })
    .privateKey.export({ format: "der", type: "pkcs8" })
    .toString("base64");
  const state = { version: 1, keys: [encryptionKey, macKey, signingKey], aliases: [] };

  it("keeps keys, aliases and states across a restart", async () => {
    const made = await withKms(async (client) => {
      const create = async (input: CreateKeyCommandInput) =>
        required((await client.send(new CreateKeyCommand(input))).KeyMetadata?.KeyId);
      const [encryption, signing, mac] = [await create(ENCRYPTION), await create(SIGNATURE), await create(MAC)];
      await client.send(new CreateAliasCommand({ AliasName: "alias/records", TargetKeyId: encryption }));
      await client.send(new DisableKeyCommand({ KeyId: mac }));
      const sealed = await client.send(new EncryptCommand({ KeyId: "alias/records", Plaintext: bytes("kept") }));
      const { Signature } = await client.send(new SignCommand({ KeyId: signing, Message: bytes("kept"), ...ECDSA }));
      return { signing, mac, Signature, CiphertextBlob: sealed.CiphertextBlob };
    });
    await withKms(async (client) => {
      const { CiphertextBlob, Signature, signing, mac } = made;
      const opened = await client.send(new DecryptCommand({ CiphertextBlob, KeyId: "alias/records" }));
      expect(textOf(opened.Plaintext)).toBe("kept");
      const input = { KeyId: signing, Message: bytes("kept"), Signature, ...ECDSA };
      expect((await client.send(new VerifyCommand(input))).SignatureValid).toBe(true);
      expect((await client.send(new DescribeKeyCommand({ KeyId: mac }))).KeyMetadata?.KeyState).toBe("Disabled");
    });
  });

  it("is for its owner only, and leaves no draft behind", async () => {
    await withKms((client) => client.send(new CreateKeyCommand({})));
    expect(statSync(stateFile).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(directory, "state"))).toEqual(["kms.json"]);
  });

  it("is not made before there is a key to keep", async () => {
    await withKms((client) => client.send(new ListAliasesCommand({})));
    expect(existsSync(stateFile)).toBe(false);
  });

  it("is overwritten even where an earlier death left a draft", async () => {
    plant(state);
    writeFileSync(`${stateFile}.draft`, "half of a st", { mode: 0o644 });
    await withKms((client) => client.send(new CreateKeyCommand(ENCRYPTION)));
    expect(JSON.parse(readFileSync(stateFile, "utf8")).keys).toHaveLength(4);
    expect(statSync(stateFile).mode & 0o777).toBe(0o600);
  });

  it("gives what published test vectors say", async () => {
    plant(state);
    await withKms(async (client) => {
      const Message = bytes("what do ya want for nothing?");
      const { Mac } = await client.send(new GenerateMacCommand({ KeyId: macKey.id, Message, ...HMAC }));
      expect(Buffer.from(required(Mac)).toString("hex")).toBe(
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
      );
      for (const input of [
        { Message: bytes("sample"), MessageType: "RAW" },
        { Message: sha256(bytes("sample")), MessageType: "DIGEST" },
      ] as const) {
        const check = (Signature: Uint8Array) =>
          client.send(new VerifyCommand({ KeyId: signingKey.id, Signature, ...ECDSA, ...input }));
        expect((await check(fromHex("3046022100", r, "022100", s))).SignatureValid).toBe(true);
        const invalid = named("KMSInvalidSignatureException");
        await expect(check(fromHex("304702220000", r, "022100", s))).rejects.toMatchObject(invalid); // r is not minimal
        await expect(check(fromHex("3046022100", r, "0221", sPlusOrder))).rejects.toMatchObject(invalid);
      }
      const CiphertextBlob = fromHex(
        "010198f0c01111400080000000000000010102030405060708090a0b0c",
        "ec9ab16be330f2ea589e82082af5f05366a9920f13150d8d1d25",
      );
      const EncryptionContext = { referral: "r-1", authority: "330" };
      const opened = await client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }));
      expect(textOf(opened.Plaintext)).toBe("Adélaïde");
    });
  });

  it("loses a key, and its aliases, when the waiting period is over", async () => {
    const due = { ...encryptionKey, enabled: false, deletionAt: Date.UTC(2020, 0, 1) };
    const alias = (name: string, keyId: string) => ({ name, keyId, createdAt: 0, updatedAt: 0 });
    const aliases = [alias("alias/old", due.id), alias("alias/mac", macKey.id)];
    plant({ version: 1, keys: [due, macKey], aliases });
    await withKms(async (client) => {
      for (const KeyId of [due.id, "alias/old"]) {
        await expect(client.send(new CancelKeyDeletionCommand({ KeyId }))).rejects.toMatchObject(
          named("NotFoundException"),
        );
      }
    });
    expect(JSON.parse(readFileSync(stateFile, "utf8"))).toEqual({
      version: 1,
      keys: [macKey],
      aliases: [alias("alias/mac", macKey.id)],
    });
  });

  it.each([
    ["is cut short", JSON.stringify(state).slice(0, -9)],
    ["is empty", ""],
    ["is of another version", { ...state, version: 2 }],
    ["holds a member we do not know", { ...state, more: 1 }],
    ["holds material of the wrong length", { ...state, keys: [{ ...macKey, material: "SmVmZQ==" }] }],
    ["holds a key on another curve", { ...state, keys: [{ ...signingKey, material: p384Material }] }],
    ["holds material of another kind", { ...state, keys: [{ ...signingKey, material: jefe }] }],
    [
      "names a key that is not there",
      { ...state, keys: [], aliases: [{ name: "alias/x", keyId: macKey.id, createdAt: 0, updatedAt: 0 }] },
    ],
  ])("is refused in one line that tells no secret when it %s", async (_, content) => {
    plant(content);
    await expect(startLocalKms({ stateFile })).rejects.toThrow(
      new Error(
        `${stateFile} is not a readable local KMS state file: ` +
          "restore it, or delete it and all data encrypted under its keys",
      ),
    );
  });

  it("is never behind what was answered: a change that cannot be written is not made", async () => {
    const consoleError = vi.spyOn(console, "error").mockImplementation(() => {});
    await withKms(async (client) => {
      mkdirSync(stateFile, { recursive: true }); // a directory cannot be renamed over
      await expect(client.send(new CreateKeyCommand({}))).rejects.toMatchObject(named("KMSInternalException"));
      rmSync(stateFile, { recursive: true });
      await client.send(new CreateKeyCommand({ Description: "the second" }));
    });
    expect(consoleError).toHaveBeenCalledOnce();
    consoleError.mockRestore();
    expect(JSON.parse(readFileSync(stateFile, "utf8")).keys).toMatchObject([{ description: "the second" }]);
  });

  it("holds a request's change although the server is closed while the request arrives", async () => {
    const kms = await startLocalKms({ stateFile });
    const agent = new Agent({ keepAlive: true });
    const headers = {
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": "TrentService.CreateKey",
      expect: "100-continue",
    };
    const request = httpRequest(kms.url, { method: "POST", agent, headers });
    request.flushHeaders();
    await new Promise((resolve) => request.once("continue", resolve));
    const closed = kms.close();
    const response = await new Promise<IncomingMessage>((resolve) => request.once("response", resolve).end("{}"));
    response.resume();
    await closed;
    await kms.close(); // a second call finds nothing to do
    agent.destroy();
    expect(response.statusCode).toBe(200);
    expect(response.headers.connection).toBe("close");
    expect(JSON.parse(readFileSync(stateFile, "utf8")).keys).toHaveLength(1);
  });

  it("knows no region: ARNs carry the one that the server was started for", async () => {
    plant(state);
    const kms = await startLocalKms({ stateFile, region: "eu-west-1" });
    const client = clientOf(kms.url);
    const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId: macKey.id }));
    client.destroy();
    await kms.close();
    expect(KeyMetadata?.Arn).toBe("arn:aws:kms:eu-west-1:000000000000:key/0198f0c0-1111-4000-8000-000000000002");
  });

  it("says which port is taken", async () => {
    await withKms(async (_, url) => {
      const port = Number(new URL(url).port);
      await expect(startLocalKms({ port, stateFile })).rejects.toMatchObject({ code: "EADDRINUSE", port });
    });
  });
});
