import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { CreateAliasCommand, CreateKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startLocalKms } from "../../infra/local/engines/kms/server.ts";
import { sealedSetting } from "../../shared/keys/sealed-setting.ts";

let folder: string;
let engine: Awaited<ReturnType<typeof startLocalKms>>;
let kms: KMSClient;
let keyId = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cme-seal-"));
  engine = await startLocalKms({ stateFile: join(folder, "kms.json"), region: "eu-west-2" });
  const credentials = { accessKeyId: "local", secretAccessKey: "local" };
  kms = new KMSClient({ endpoint: engine.url, region: "eu-west-2", credentials });
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
  keyId = KeyMetadata?.KeyId ?? "";
  await kms.send(new CreateAliasCommand({ AliasName: "alias/production-cme-secrets", TargetKeyId: keyId }));
});

afterAll(async () => {
  kms.destroy();
  await engine.close();
  await rm(folder, { recursive: true, force: true });
});

const seal = async (input: string, ...args: string[]) => {
  const command = spawn(process.execPath, ["infra/seal-setting.ts", ...args], {
    env: { AWS_ENDPOINT_URL_KMS: engine.url, AWS_ACCESS_KEY_ID: "local", AWS_SECRET_ACCESS_KEY: "local" },
  });
  command.stdin.end(input);
  const [out, err, [code]] = await Promise.all([text(command.stdout), text(command.stderr), once(command, "close")]);
  return { out, err, code: Number(code) };
};

describe("npm run seal", () => {
  it("seals what it reads under the stage's own key, for its setting alone", async () => {
    const { out, code } = await seal("team-key-1234\n", "production", "NOTIFY_API_KEY");
    expect(code).toBe(0);
    expect(out).toMatch(/^[\w-]+\.\.[\w-]+\.[\w-]+\.[\w-]+\n$/);
    expect(await sealedSetting(kms, keyId, "NOTIFY_API_KEY", out.trim())()).toBe("team-key-1234");
  });

  it.each([
    [
      "a stage that there is not",
      "team-key-1234",
      ["nowhere", "NOTIFY_API_KEY"],
      "Give a stage and the setting's name.",
    ],
    ["another setting", "team-key-1234", ["production", "RECORD_KEY"], "Give a stage and the setting's name."],
    ["an empty file", "\n", ["production", "NOTIFY_API_KEY"], "There is nothing to seal in the input."],
    ["a stage without its key", "team-key-1234", ["sandbox", "NOTIFY_API_KEY"], "alias/sandbox-cme-secrets"],
  ])("refuses %s, and repeats no secret", async (_what, input, args, message) => {
    const { out, err, code } = await seal(input, ...args);
    expect([out, code]).toEqual(["", 1]);
    expect(err).toContain(message);
    expect(err).toContain("Usage: npm run -s seal");
    expect(err).not.toContain("team-key-1234");
  });
});
