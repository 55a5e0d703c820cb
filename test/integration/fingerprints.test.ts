import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateKeyCommand, DisableKeyCommand, KMSClient, VerifyMacCommand } from "@aws-sdk/client-kms";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startLocalKms } from "../../infra/local/engines/kms/server.ts";
import { fingerprints } from "../../shared/keys/fingerprints.ts";

const texts = ["upn|H801200001001", "name-dob|oconnor|2016-05-17", "name-dob|歐陽|2016-05-17"];

describe("fingerprints", () => {
  let directory: string;
  let engine: Awaited<ReturnType<typeof startLocalKms>>;
  let kms: KMSClient;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "fingerprints-"));
    engine = await startLocalKms({ port: 0, stateFile: join(directory, "kms.json") });
    kms = new KMSClient({
      endpoint: engine.url,
      region: "eu-west-2",
      credentials: { accessKeyId: "local", secretAccessKey: "local" },
      maxAttempts: 1,
    });
  });

  afterAll(async () => {
    kms.destroy();
    await engine.close();
    await rm(directory, { recursive: true });
  });

  const newKey = async (): Promise<string> => {
    const { KeyMetadata } = await kms.send(
      new CreateKeyCommand({ KeySpec: "HMAC_256", KeyUsage: "GENERATE_VERIFY_MAC" }),
    );
    return KeyMetadata?.KeyId ?? "";
  };

  it("are KMS's own HMACs of the texts, in their order", async () => {
    const keyId = await newKey();
    const made = await fingerprints(kms, keyId, texts);
    expect(made).toHaveLength(3);
    expect(new Set(made).size).toBe(3);
    for (const [index, fingerprint] of made.entries()) {
      expect(fingerprint).toMatch(/^[A-Za-z0-9_-]{43}$/);
      const verified = await kms.send(
        new VerifyMacCommand({
          KeyId: keyId,
          MacAlgorithm: "HMAC_SHA_256",
          Message: Buffer.from(texts[index] ?? ""),
          Mac: Buffer.from(fingerprint, "base64url"),
        }),
      );
      expect(verified.MacValid).toBe(true);
    }
  });

  it("are the same each time, and others under another key", async () => {
    const [one, other] = [await newKey(), await newKey()];
    const first = await fingerprints(kms, one, texts);
    expect(await fingerprints(kms, one, [...texts].reverse())).toEqual([...first].reverse());
    expect((await fingerprints(kms, other, texts)).filter((fingerprint) => first.includes(fingerprint))).toEqual([]);
  });

  it("of no texts are none", async () => {
    expect(await fingerprints(kms, await newKey(), [])).toEqual([]);
  });

  it("fail as a whole when the key can't be used", async () => {
    const KeyId = await newKey();
    await kms.send(new DisableKeyCommand({ KeyId }));
    await expect(fingerprints(kms, KeyId, texts)).rejects.toMatchObject({ name: "DisabledException" });
  });
});
