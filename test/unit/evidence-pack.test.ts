import { randomBytes } from "node:crypto";
import { strFromU8, unzipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { signedPack } from "../../shared/evidence/pack.ts";
import type { KeyRing } from "../../shared/keys/key-set.ts";

/** Signs nothing: what a pack's signature is worth is shown on the real keys, in test/journeys/evidence-pack.test.ts. */
const ring: KeyRing = {
  current: {
    publicJwk: () => Promise.reject(new Error("Not asked for here")),
    sign: async (typ, claims) => `${typ} ${String(claims.subject)}`,
    signDetached: () => Promise.reject(new Error("Not asked for here")),
  },
  publicJwks: async () => [],
};
const exchange = { issuer: "https://exchange.example", ring };
const id = "01a1ff62-0406-7039-ba8f-74a5a22e6892";
const about = { subject: `referral#${id}`, madeFor: "201", at: "2026-11-23T09:30:00.000Z" } as const;

describe("an evidence pack", () => {
  it("is the same to the byte for the same content, whenever and wherever it is made", async () => {
    const content = new Map([
      ["events.json", "{}\n"],
      ["record-1.json", "{}"],
    ]);
    const [one, other] = await Promise.all([
      signedPack(exchange, about, content),
      signedPack(exchange, about, content),
    ]);
    expect(Buffer.compare(one, other)).toBe(0);
    const files = unzipSync(one);
    expect(Object.keys(files)).toEqual([
      "README.txt",
      "events.json",
      "record-1.json",
      "jwks.json",
      "manifest.json",
      "manifest.jws",
    ]);
    expect(JSON.parse(strFromU8(files["manifest.json"] ?? new Uint8Array()))).toMatchObject({
      format: "cme-evidence-pack/1",
      issuer: "https://exchange.example",
      subject: `referral#${id}`,
      madeFor: "201",
      madeAt: "2026-11-23T09:30:00.000Z",
      // The digest of two bytes, {}, worked out with another program.
      files: expect.arrayContaining([
        { name: "record-1.json", bytes: 2, digest: "sha-256:RBNvo1WzZ4oRRq0W9-hknpT7T8If536DEMBg9hyq_4o" },
      ]),
    });
  });

  it("says in its README what each of its files is", async () => {
    const names = [
      "referral.json",
      `entry-${id}.json`,
      "events.json",
      "receipt.jws",
      "certificate.jws",
      "deadlines.json",
    ];
    const others = ["steps.json", "correspondence.json", "notes.json", "enquiries.json", "record-1.json"];
    const content = new Map([...names, ...others].map((name) => [name, "{}"]));
    const readme = strFromU8(unzipSync(await signedPack(exchange, about, content))["README.txt"] ?? new Uint8Array());
    for (const name of content.keys()) expect(readme).toContain(`\n${name}\n    `);
  });

  it("is refused where it is more than one answer can be", async () => {
    const content = new Map([["record-1.json", randomBytes(4 * 1024 * 1024).toString("latin1")]]);
    await expect(signedPack(exchange, about, content)).rejects.toMatchObject({ code: "pack-too-large" });
  });
});
