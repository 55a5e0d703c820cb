import { describe, expect, it } from "vitest";
import * as z from "zod";
import { type ClientKey, sentKeys } from "../../shared/contract/client.ts";
import { describeIssues } from "../../shared/contract/describe-issues.ts";
import { examineKeys } from "../../shared/keys/client-keys.ts";

/** The public keys of RFC 7517 appendix A.1 and of RFC 8037 appendix A.2. */
const ec = {
  kty: "EC",
  crv: "P-256",
  x: "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
  y: "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
} as const;
const ed25519 = { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" } as const;
const n2048 =
  "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
const n1024 =
  "qwYm1tO3KSnHGw2W0_RUTzo_FHFppId4HqYAuPqOzU5SpqE7UWtUdGQcrj6jV_gnYYLvL8KPZGNFYZo-vx4NPrmXtMJiQJ5sFf05UZ1OwnRITsGbaSBqg9OkYE0M4QJtIs773L_iTcqp5elkDVdymwYbOo-yxJ33lmYbu4vOPek";
const n2040 =
  "nDvzoGl0M-n0ECHBrCLOHZXgFkeHu8puqmU6DHE3pY6UW0jMFKkcIaf3H5kPFeqNK1mIHOzrKzZC-PZGT5frjvFz-nEvcHXvMrenLY8XDVmWtGeD6wzkd9ghWrYRchZNSAS5Pytnk2gn4OnmgtVMH8ePtjWxM47z4tKDWPTUAlb1ir-RtZrwGe9votEimG5rAjQ48il_YiZ8BnT1kz4EINdMuf_V56MH4spZ1vQKO1PE9MtZgDa9mH28f0zRHc_gE1sKsb_YEim3VasL0bINLz83YE5cm7iGXkQVj2STlC9VxTui46MVOvRkN5-5KeAtSFLdLEAK1EzpOe__I3BN";

const es256 = { ...ec, kid: "one", use: "sig", alg: "ES256" } as const;
const sealing = { ...ec, kid: "two", use: "enc", alg: "ECDH-ES+A256KW" } as const;
const eddsa = { ...ed25519, kid: "three", use: "sig", alg: "EdDSA" } as const;
const ps256 = { kty: "RSA", n: n2048, e: "AQAB", kid: "four", use: "sig", alg: "PS256" } as const;

const body = z.strictObject({ keys: sentKeys });
const faultsOf = (...keys: unknown[]) => {
  const parsed = body.safeParse({ keys });
  return parsed.success ? [] : describeIssues(parsed.error, { schema: body, sent: { keys } });
};
const without = (key: Record<string, unknown>, member: string) =>
  Object.fromEntries(Object.entries(key).filter(([name]) => name !== member));

describe("the shape of a client's key", () => {
  it.each([es256, sealing, eddsa, ps256])("$alg is taken as it is", (key) => {
    expect(body.parse({ keys: [key] })).toEqual({ keys: [key] });
  });

  it.each(["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"])("%s is pointed at and not repeated", (member) => {
    const secret = "c2VjcmV0IGFzIGEgc2VjcmV0IGNhbiBiZSwgMzIgYg";
    expect(faultsOf(eddsa, { ...es256, [member]: secret })).toEqual([
      {
        pointer: `/keys/1/${member}`,
        detail: "is a secret that must never leave its owner: make a new key pair, and send its public key only",
      },
    ]);
  });

  it("a symmetric key is refused for its secret, whatever else it is", () => {
    expect(faultsOf({ kty: "oct", k: "c2VjcmV0" })).toMatchObject([{ pointer: "/keys/0/k" }]);
  });

  it.each([
    ["no use", without(es256, "use"), "/keys/0/use", "is required"],
    ["no kid", without(es256, "kid"), "/keys/0/kid", "is required"],
    ["no alg", without(es256, "alg"), "/keys/0/alg", "is required"],
    ["another alg", { ...ps256, alg: "RS256" }, "/keys/0/alg", "must be one of: ES256, EdDSA, PS256, ECDH-ES+A256KW"],
    ["a use that is not its alg's", { ...es256, use: "enc" }, "/keys/0/use", "must be sig"],
    ["a curve that is not its alg's", { ...es256, crv: "P-384" }, "/keys/0/crv", "must be P-256"],
    ["a kid with a space", { ...es256, kid: "my key" }, "/keys/0/kid", "must be 1 to 128 visible ASCII characters"],
    ["a short coordinate", { ...es256, x: "MKBC" }, "/keys/0/x", "must be 32 bytes as base64url without padding"],
    [
      "the same bytes spelt otherwise",
      { ...es256, y: "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyN" },
      "/keys/0/y",
      "must be 32 bytes as base64url without padding",
    ],
    [
      "RSA of 1024 bits",
      { ...ps256, n: n1024 },
      "/keys/0/n",
      "must be a modulus of 2048 to 4096 bits without leading zeros",
    ],
    [
      "RSA of 2040 bits",
      { ...ps256, n: n2040 },
      "/keys/0/n",
      "must be a modulus of 2048 to 4096 bits without leading zeros",
    ],
    [
      "RSA with leading zeros",
      { ...ps256, n: `AAAA${n2048}` },
      "/keys/0/n",
      "must be a modulus of 2048 to 4096 bits without leading zeros",
    ],
    ["RSA with the exponent 3", { ...ps256, e: "Aw" }, "/keys/0/e", "must be AQAB"],
    ["a certificate", { ...es256, x5c: ["MIIB"] }, "/keys/0", "it may have: kid, kty, crv, x, y, use, alg"],
    ["no object", "a key", "/keys/0", "must be an object"],
  ])("%s is refused", (_what, key, pointer, detail) => {
    expect(faultsOf(key)).toEqual([{ pointer, detail: expect.stringContaining(detail) }]);
  });

  it("there is one at least and six at most", () => {
    expect(faultsOf()).toEqual([{ pointer: "/keys", detail: "must have at least 1 item" }]);
    expect(faultsOf(...Array(7).fill(es256))).toEqual([{ pointer: "/keys", detail: "must have at most 6 items" }]);
  });
});

describe("a client's keys", () => {
  it("are known by their thumbprints, as RFC 7638 and RFC 8037 work them out", async () => {
    expect(await examineKeys([ps256, eddsa])).toEqual({
      thumbprints: ["NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"],
      faults: [],
    });
  });

  const faults = async (...keys: ClientKey[]) => (await examineKeys(keys)).faults;

  it("have kids of their own", async () => {
    expect(await faults(es256, { ...eddsa, kid: "one" })).toEqual([
      { pointer: "/keys/1/kid", detail: "is the kid of another key too" },
    ]);
  });

  it("are not one key for two uses", async () => {
    expect(await faults(es256, sealing)).toEqual([{ pointer: "/keys/1", detail: "is the same key as another" }]);
  });

  const none = [{ pointer: "/keys/0", detail: "is not a public key of its kind" }];

  it("lie on their curve", async () => {
    const otherY = `5${ec.y.slice(1)}`;
    expect(await faults({ ...es256, y: otherY })).toEqual(none);
    expect(await faults({ ...sealing, y: otherY })).toEqual(none);
  });

  // 2 is no point's y; 0, 1, -1 and the two of order 8 are those of small order; p + 3 is 3 spelt otherwise.
  it.each([
    "AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "7P_______________________________________38",
    "JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU",
    "xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA3o",
    "8P_______________________________________38",
  ])("are no point of Ed25519 that anybody could sign for: %s", async (x) => {
    expect(await faults({ ...eddsa, x })).toEqual(none);
  });

  it("may be any other point of it: 3, 4, 5, 6", async () => {
    for (const first of ["Aw", "BA", "BQ", "Bg"]) {
      expect(await faults({ ...eddsa, x: `${first}AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA` })).toEqual([]);
    }
  });
});
