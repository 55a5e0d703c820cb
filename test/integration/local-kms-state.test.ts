import { createPrivateKey, generateKeyPairSync } from "node:crypto";
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
  EncryptCommand,
  GenerateMacCommand,
  type KMSClient,
  ListAliasesCommand,
  SignCommand,
  VerifyCommand,
} from "@aws-sdk/client-kms";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startLocalKms } from "../../infra/local/engines/kms/server.ts";
import {
  bytes,
  clientOf,
  ECDSA,
  ENCRYPTION,
  HMAC,
  MAC,
  named,
  required,
  SIGNATURE,
  sha256,
  textOf,
} from "../builders/local-kms.ts";

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
