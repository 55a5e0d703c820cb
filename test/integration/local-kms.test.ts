import { createPublicKey, verify } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
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
  type KMSClient,
  ListAliasesCommand,
  ReEncryptCommand,
  ScheduleKeyDeletionCommand,
  SignCommand,
  UpdateAliasCommand,
  VerifyCommand,
  VerifyMacCommand,
} from "@aws-sdk/client-kms";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startLocalKms } from "../../infra/local/engines/kms/server.ts";
import {
  altered,
  bytes,
  clientOf,
  ECDSA,
  ENCRYPTION,
  HMAC,
  MAC,
  NO_SUCH_ID,
  named,
  required,
  SIGNATURE,
  sha256,
  textOf,
} from "../builders/local-kms.ts";

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
