import { createHash } from "node:crypto";
import { compactDecrypt, importJWK } from "jose";
import { describe, expect, it } from "vitest";
import type { Answer, Client } from "../../infra/local/client.ts";
import type { Summary } from "../../shared/contract/referrals.ts";
import { useExchange } from "../builders/exchange.ts";
import { exampleReferral, submit } from "../builders/referral.ts";

const exchange = useExchange();

/** Worked out with another program over the example's canonical JSON (RFC 8785). */
const exampleDigest = "sha-256:05FNmFmSuEYwjDMPcF6GPb7aCvWIH1ChofnA8gjFZHc";

const digestOf = (text: string) => `sha-256:${createHash("sha256").update(text).digest("base64url")}`;

const parties = async (): Promise<{ sender: Client; recipient: Client }> => ({
  sender: await exchange.client("201"),
  recipient: await exchange.client("330"),
});

type Event = { type: string; sequence: number; actor: unknown; details: unknown };
const events = async (client: Client, id: string): Promise<Event[]> =>
  ((await client.get(`/v1/referrals/${id}/events`)).json() as { items: Event[] }).items;

const asJose = { headers: { accept: "application/jose" } };

const decrypted = async (client: Client, answer: Answer): Promise<string> => {
  const key = await importJWK(client.file.encryptionKey, client.file.encryptionKey.alg);
  const { plaintext, protectedHeader } = await compactDecrypt(answer.text, key);
  expect(protectedHeader).toMatchObject({
    alg: "ECDH-ES+A256KW",
    enc: "A256GCM",
    kid: client.file.encryptionKey.kid,
    cty: "application/json",
  });
  return new TextDecoder().decode(plaintext);
};

describe("the child's record", () => {
  it("is what was sent, in the very bytes of which the digest is told", async () => {
    const { sender, recipient } = await parties();
    const { id, payloadDigest } = await submit(sender);
    expect(payloadDigest).toBe(exampleDigest);
    for (const client of [recipient, sender]) {
      const answer = await client.get(`/v1/referrals/${id}/child`);
      expect([answer.status, answer.headers.get("content-type"), answer.headers.get("cache-control")]).toEqual([
        200,
        "application/json",
        "no-store",
      ]);
      expect(answer.json()).toEqual(exampleReferral().child);
      expect(digestOf(answer.text)).toBe(exampleDigest);
    }
  });

  it("has the same digest however it was written", async () => {
    const { sender } = await parties();
    const { child, ...rest } = exampleReferral();
    const reversed = Object.fromEntries(Object.entries(child).reverse());
    const text = JSON.stringify({ child: reversed, ...rest }, null, 3).replace("Zoë-Anne", "Zo\\u00eb-Anne");
    expect((await sender.post("/v1/referrals", text)).json()).toMatchObject({ payloadDigest: exampleDigest });
    const other = { child: { ...child, identity: { ...child.identity, forename: "Zoe\u0308-Anne" } } };
    expect((await submit(sender, other)).payloadDigest).not.toBe(exampleDigest);
  });

  it("comes as a JWE to the client's registered key, if that is asked for", async () => {
    const { sender, recipient } = await parties();
    const { id } = await submit(sender);
    for (const client of [recipient, sender]) {
      const answer = await client.get(`/v1/referrals/${id}/child`, asJose);
      expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "application/jose"]);
      expect(answer.text.split(".")).toHaveLength(5);
      expect(digestOf(await decrypted(client, answer))).toBe(exampleDigest);
    }
    const foreign = await recipient.get(`/v1/referrals/${id}/child`, asJose);
    await expect(decrypted(sender, foreign)).rejects.toThrow();
    const preferred = await recipient.get(`/v1/referrals/${id}/child`, {
      headers: { accept: "text/html, Application/JOSE;q=0.9" },
    });
    expect(preferred.headers.get("content-type")).toBe("application/jose");
  });

  it("comes so from an enquiry, a notice and the own list too, each read an event", async () => {
    const { sender, recipient } = await parties();
    const { child } = exampleReferral();
    const made = async (path: string, body: object): Promise<Record<string, string>> => {
      const answer = await sender.post(path, body);
      expect(answer.status, answer.text).toBe(201);
      return answer.json() as Record<string, string>;
    };
    const { entryId } = await made("/v1/cme-list", { child });
    const asked = { kind: "targeted", entryId, asked: "330", reason: "kin", openedBy: "201-lead" };
    const enquiry = await made("/v1/enquiries", asked);
    const notice = await made("/v1/notices/school-admission", {
      recipient: "330",
      sentBy: "201-lead",
      schoolUrn: "100000",
      startDate: "2024-09-03",
      child: { identity: { surname: "Okafor", dateOfBirth: "2014-02-11", sex: "F" } },
    });
    const reads: [Client, string, object][] = [
      [sender, `/v1/cme-list/${entryId}`, { identity: child.identity, addresses: child.addresses }],
      [recipient, `/v1/enquiries/${enquiry.id}`, { identity: { surname: child.identity.surname } }],
      [recipient, `/v1/notices/${notice.id}`, { identity: { surname: "Okafor", dateOfBirth: "2014-02-11", sex: "F" } }],
    ];
    for (const [client, path, whom] of reads) {
      const answer = await client.get(`${path}/child`, asJose);
      expect([answer.status, answer.headers.get("content-type")], path).toEqual([200, "application/jose"]);
      const record = await decrypted(client, answer);
      expect(JSON.parse(record)).toMatchObject(whom);
      expect((await client.get(`${path}/child`)).text).toBe(record);
      const { items } = (await client.get(`${path}/events`)).json() as { items: Event[] };
      expect(items.filter(({ type }) => type.endsWith(".child-read"))).toHaveLength(2);
    }
  });

  it("is read by nobody unseen: each read is an event that both parties see", async () => {
    const { sender, recipient } = await parties();
    const temporary = await exchange.client("202");
    const { id } = await submit(sender, { temporaryAuthority: "202" });
    await recipient.get(`/v1/referrals/${id}/child`);
    await recipient.get(`/v1/referrals/${id}/child`, asJose);
    await sender.get(`/v1/referrals/${id}/child`);
    await temporary.get(`/v1/referrals/${id}/child`);
    await recipient.get(`/v1/referrals/${id}/notes`);
    const read = (authority: string, sequence: number) => ({
      type: "referral.child-read",
      sequence,
      actor: { authority, clientId: `cme-${authority}`, contactId: null },
      details: {},
    });
    for (const client of [sender, recipient]) {
      expect(await events(client, id)).toMatchObject([
        { type: "referral.submitted", sequence: 1 },
        read("330", 2),
        read("330", 3),
        read("201", 4),
        read("202", 5),
        read("330", 6),
      ]);
    }
    for (const view of ["", "/events", "/removal"]) await sender.get(`/v1/referrals/${id}${view}`);
    expect(await events(sender, id)).toHaveLength(6);
  });

  it("leaves one event for each that is answered of ten reads at once", async () => {
    const { sender, recipient } = await parties();
    const { id } = await submit(sender);
    const answers = await Promise.all(Array.from({ length: 10 }, () => recipient.get(`/v1/referrals/${id}/child`)));
    const read = answers.filter(({ status }) => status === 200).length;
    expect(answers.filter(({ status }) => status !== 200 && status !== 503)).toEqual([]);
    expect((await events(sender, id)).filter(({ type }) => type === "referral.child-read")).toHaveLength(read);
  });

  it("is not shown to others, and their attempts leave no event", async () => {
    const { sender } = await parties();
    const { id } = await submit(sender);
    for (const owner of ["202", "203"]) {
      const other = await exchange.client(owner);
      for (const request of [{}, asJose]) {
        const answer = await other.get(`/v1/referrals/${id}/child`, request);
        expect([answer.status, answer.headers.get("content-type")]).toEqual([404, "application/problem+json"]);
      }
    }
    const dfe = await (await exchange.client("dfe")).get(`/v1/referrals/${id}/child`);
    expect([dfe.status, (dfe.json() as { code: string }).code]).toEqual([403, "scope-missing"]);
    expect(await events(sender, id)).toHaveLength(1);
  });

  it("stays readable to the parties when the referral is over", async () => {
    const { sender, recipient } = await parties();
    const { id } = await submit(sender);
    await recipient.post(`/v1/referrals/${id}/return`, { reason: "wrong-authority" });
    expect((await sender.get(`/v1/referrals/${id}/child`)).json()).toEqual(exampleReferral().child);
    expect((await sender.get(`/v1/referrals/${id}`)).json() as Summary).toMatchObject({
      state: "returned",
      version: 3,
    });
  });
});

describe("notes", () => {
  it("are read by the parties in the order of their events, exactly as written", async () => {
    const { sender, recipient } = await parties();
    const { id } = await submit(sender);
    const at = `/v1/referrals/${id}`;
    expect((await sender.get(`${at}/notes`)).json()).toEqual({ items: [] });
    await recipient.post(`${at}/receipt`, { confirmedBy: "330-lead", note: "Máire rang.\r\n\tCall back 😀" });
    await recipient.post(`${at}/finding`, { finding: "located", foundBy: "330-lead" });
    const provision = "Taught at home; the plan was seen.";
    await recipient.post(`${at}/conclusion`, { outcome: "suitable-education-otherwise", provision });
    for (const client of [sender, recipient]) {
      expect((await client.get(`${at}/notes`)).json()).toEqual({
        items: [
          { sequence: 3, note: "Máire rang.\r\n\tCall back 😀" },
          { sequence: 5, note: "Taught at home; the plan was seen." },
        ],
      });
    }
  });

  it("tell why a referral was withdrawn or returned", async () => {
    const { sender, recipient } = await parties();
    const withdrawn = await submit(sender);
    await sender.post(`/v1/referrals/${withdrawn.id}/withdrawal`, { reason: "Back in school." });
    expect((await recipient.get(`/v1/referrals/${withdrawn.id}/notes`)).json()).toEqual({
      items: [{ sequence: 2, note: "Back in school." }],
    });
    const returned = await submit(sender);
    await recipient.post(`/v1/referrals/${returned.id}/return`, { reason: "duplicate", note: "We have the child." });
    expect((await sender.get(`/v1/referrals/${returned.id}/notes`)).json()).toEqual({
      items: [{ sequence: 2, note: "We have the child." }],
    });
  });
});
