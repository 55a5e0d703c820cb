import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { newWebhookSecret, signatureHeaders } from "../../shared/keys/webhook-signature.ts";

/** The bytes 0 to 31, and 255 down to 224. */
const present = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const former = "whsec_//79/Pv6+fj39vX08/Lx8O/u7ezr6uno5+bl5OPi4eA=";
const stranger = "whsec_ZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGQ=";

const id = "019aa6a0-5f00-7000-8000-000000000001#1";
const timestampSeconds = 1_795_262_405; // 2026-11-21T12:00:05Z
const body =
  '{"type":"referral.submitted","timestamp":"2026-11-21T12:00:00.000Z","data":{"referralId":"019aa6a0-5f00-7000-8000-000000000001","sequence":1}}';
const attempt = { id, timestampSeconds, body };

describe("a new secret", () => {
  it("is whsec_ and the base64 of its 32 bytes", () => {
    expect(newWebhookSecret(Uint8Array.from({ length: 32 }, (_, byte) => byte))).toBe(present);
    expect(newWebhookSecret(Uint8Array.from({ length: 32 }, (_, byte) => 255 - byte))).toBe(former);
  });

  it.each([0, 31, 33])("is not made of %i bytes", (length) => {
    expect(() => newWebhookSecret(new Uint8Array(length))).toThrow(RangeError);
  });
});

/** The signatures were computed with Python's hmac. */
describe("the signature's headers", () => {
  it("for one secret", () => {
    expect(signatureHeaders({ ...attempt, secrets: [present] })).toEqual({
      "webhook-id": "019aa6a0-5f00-7000-8000-000000000001#1",
      "webhook-timestamp": "1795262405",
      "webhook-signature": "v1,un8rqenF8B2efcUt5rCtfDq3gAngf+IUjhV/RqECv2o=",
    });
  });

  it("for two secrets, during rotation", () => {
    expect(signatureHeaders({ ...attempt, secrets: [present, former] })["webhook-signature"]).toBe(
      "v1,un8rqenF8B2efcUt5rCtfDq3gAngf+IUjhV/RqECv2o= v1,+fnp77wjGXUmDUjgqtNl0/zQ+sgQde1OVA0P9ALRemQ=",
    );
  });

  it("over the body's UTF-8", () => {
    expect(signatureHeaders({ ...attempt, body: '{"café":"€"}', secrets: [present] })["webhook-signature"]).toBe(
      "v1,xjyeuGidUH8TvVxS1vnT+Z13scOP+QreYalkqR/ZEXY=",
    );
  });

  it("as in the tests of the standard's own libraries, with the shortest secret allowed", () => {
    expect(
      signatureHeaders({
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestampSeconds: 1_614_265_330,
        body: '{"test": 2432232314}',
        secrets: ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
      }),
    ).toEqual({
      "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    });
  });
});

describe("a receiver with the published library", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["Date"], now: new Date("2026-11-21T12:00:06.000Z") });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const headers = signatureHeaders({ ...attempt, secrets: [present, former] });
  const received = {
    type: "referral.submitted",
    timestamp: "2026-11-21T12:00:00.000Z",
    data: { referralId: "019aa6a0-5f00-7000-8000-000000000001", sequence: 1 },
  };

  it.each([
    ["present", present],
    ["former", former],
  ])("accepts the message with the %s secret", (_which, secret) => {
    expect(new Webhook(secret).verify(body, headers)).toEqual(received);
  });

  it("refuses the message with another secret", () => {
    expect(() => new Webhook(stranger).verify(body, headers)).toThrow("No matching signature found");
  });

  it("refuses a former secret once the rotation is over", () => {
    const afterwards = signatureHeaders({ ...attempt, secrets: [present] });
    expect(new Webhook(present).verify(body, afterwards)).toEqual(received);
    expect(() => new Webhook(former).verify(body, afterwards)).toThrow("No matching signature found");
  });

  it.each([
    ["body", body.replace('"sequence":1', '"sequence":2'), headers],
    ["id", body, { ...headers, "webhook-id": "019aa6a0-5f00-7000-8000-000000000001#2" }],
    ["timestamp", body, { ...headers, "webhook-timestamp": "1795262406" }],
  ])("refuses an altered %s", (_what, sent, sentHeaders) => {
    for (const secret of [present, former]) {
      expect(() => new Webhook(secret).verify(sent, sentHeaders)).toThrow("No matching signature found");
    }
  });

  it("refuses the headers of an attempt made hours ago, and takes those of a fresh one with the same id", () => {
    vi.setSystemTime("2026-11-21T14:00:06.000Z");
    expect(() => new Webhook(present).verify(body, headers)).toThrow("Message timestamp too old");
    const fresh = signatureHeaders({ ...attempt, timestampSeconds: 1_795_269_605, secrets: [present] });
    expect(new Webhook(present).verify(body, fresh)).toEqual(received);
    expect(fresh["webhook-id"]).toBe(headers["webhook-id"]);
  });
});

describe("nothing is signed", () => {
  it.each([
    ["without a secret", { secrets: [] }],
    ["with a secret without its prefix", { secrets: ["AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="] }],
    ["with an empty secret", { secrets: ["whsec_"] }],
    ["with a secret of 23 bytes", { secrets: ["whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRY="] }],
    ["with a bad secret beside a good one", { secrets: [present, "whsec_"] }],
    ["with an id that holds a full stop", { id: "a.b" }],
    ["without an id", { id: "" }],
    ["at a broken second", { timestampSeconds: 1_795_262_405.5 }],
    ["at no time", { timestampSeconds: Number.NaN }],
  ])("%s", (_what, changes) => {
    expect(() => signatureHeaders({ ...attempt, secrets: [present], ...changes })).toThrow(RangeError);
  });

  it("and the error does not repeat the secret", () => {
    const unfit = "whsec_dG9vIHNob3J0";
    expect(() => signatureHeaders({ ...attempt, secrets: [unfit] })).toThrow(/^(?!.*dG9vIHNob3J0)/s);
  });
});
