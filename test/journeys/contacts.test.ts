import { createHash } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import type { Answer, Client } from "../../infra/local/client.ts";
import { useExchange } from "../builders/exchange.ts";
import { submit } from "../builders/referral.ts";

const exchange = useExchange();

type Contact = { contactId: string; version: number; effectiveFrom: string; effectiveTo: string | null };
type Change = { sequence: number; type: string; previousHash: string | null; hash: string } & Record<string, unknown>;

const amina = {
  name: "Amina Begum",
  role: "deputy",
  email: "Amina.Begum@birmingham.gov.uk",
  telephone: "+44 121 303 1234",
};

let dfe: Client;
let birmingham: Client;
let camden: Client;
beforeAll(async () => {
  dfe = await exchange.client("dfe");
  birmingham = await exchange.client("330");
  camden = await exchange.client("202");
});

const contactsOf = async (code: string): Promise<Contact[]> => {
  const { items } = (await dfe.get(`/v1/authorities/${code}/contacts?limit=100`)).json() as { items: Contact[] };
  return items;
};
const idsOf = async (code: string): Promise<string[]> => (await contactsOf(code)).map(({ contactId }) => contactId);

const made = (answer: Answer): Contact => {
  expect(answer.status, answer.text).toBe(201);
  return answer.json() as Contact;
};
const add = async (client: Client, code: string, changes: Record<string, unknown> = {}): Promise<Contact> =>
  made(await client.post(`/v1/authorities/${code}/contacts`, { ...amina, ...changes }));
const retire = (client: Client, { contactId }: { contactId: string }, code = "330", body = {}): Promise<Answer> =>
  client.post(`/v1/authorities/${code}/contacts/${contactId}/retirement`, body);

const faultsOf = (answer: Answer): unknown => {
  expect(answer.status, answer.text).toBe(422);
  return (answer.json() as { errors: unknown }).errors;
};

const inMinutes = (minutes: number): string => new Date(Date.now() + minutes * 60_000).toISOString();

describe("appointing", () => {
  it("makes a contact that is in effect at once, with its telephone in the usual spelling", async () => {
    const answer = await birmingham.post("/v1/authorities/330/contacts", amina);
    const contact = made(answer);
    expect(contact).toEqual({
      contactId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      authority: "330",
      name: "Amina Begum",
      role: "deputy",
      email: "Amina.Begum@birmingham.gov.uk",
      telephone: "0121 303 1234",
      effectiveFrom: expect.stringMatching(/^20.*Z$/),
      effectiveTo: null,
      verifiedAt: contact.effectiveFrom,
      verifiedBy: "330",
      unreachableSince: null,
      version: 1,
    });
    expect(answer.headers.get("etag")).toBe('"1"');
    const location = answer.headers.get("location") ?? "";
    expect(location).toBe(`/v1/authorities/330/contacts/${contact.contactId}`);
    const got = await camden.get(location);
    expect([got.status, got.headers.get("etag"), got.json()]).toEqual([200, '"1"', contact]);
    expect(await idsOf("330")).toEqual([contact.contactId, "330-inbox", "330-lead"].sort());
    made(await retire(birmingham, contact));
  });

  it("is what such a contact may do, from its first moment on", async () => {
    const contact = await add(birmingham, "330");
    const { id } = await submit(await exchange.client("201"));
    made(await birmingham.post(`/v1/referrals/${id}/receipt`, { confirmedBy: contact.contactId }));
    made(await retire(birmingham, contact));
  });

  it("gives the first answer again to a repeat, and appoints nobody twice", async () => {
    const first = await birmingham.post("/v1/authorities/330/contacts", amina, { key: "appoint-once" });
    const again = await birmingham.post("/v1/authorities/330/contacts", amina, { key: "appoint-once" });
    expect([again.status, again.headers.get("idempotency-replayed"), again.text]).toEqual([201, "true", first.text]);
    expect(again.headers.get("etag")).toBe('"1"');
    expect(await idsOf("330")).toHaveLength(3);
    made(await retire(birmingham, made(first)));
  });

  it("may be for later: not a contact until then", async () => {
    const effectiveFrom = inMinutes(60);
    const contact = await add(birmingham, "330", { effectiveFrom, effectiveTo: inMinutes(120) });
    expect(contact).toMatchObject({ effectiveFrom });
    expect(await idsOf("330")).toEqual(["330-inbox", "330-lead"]);
    const { id } = await submit(await exchange.client("201"));
    const answer = await birmingham.post(`/v1/referrals/${id}/receipt`, { confirmedBy: contact.contactId });
    expect(faultsOf(answer)).toEqual([
      { pointer: "/confirmedBy", detail: "is not a named contact of your authority in effect" },
    ]);
    made(await retire(birmingham, contact));
  });

  it("says everything that is wrong at once", async () => {
    const answer = await birmingham.post("/v1/authorities/330/contacts", {
      ...amina,
      email: "amina@gmail.com",
      effectiveFrom: "2020-01-01T00:00:00.000Z",
      effectiveTo: "2019-01-01T00:00:00.000Z",
    });
    expect(faultsOf(answer)).toEqual([
      { pointer: "/email", detail: "is not at one of the official domains of GET /v1/contact-list/email-domains" },
      { pointer: "/effectiveFrom", detail: "is in the past" },
      { pointer: "/effectiveTo", detail: "is in the past" },
      { pointer: "/effectiveTo", detail: "is not later than effectiveFrom" },
    ]);
  });

  it.each([
    ["a domain that only ends like an official one", { email: "a@notgov.uk" }],
    ["an official domain in the part before the @", { email: "gov.uk@example.com" }],
    ["an official domain as a label further in", { email: "a@gov.uk.example.com" }],
  ])("refuses %s", async (_, changes) => {
    const answer = await birmingham.post("/v1/authorities/330/contacts", { ...amina, ...changes });
    expect(faultsOf(answer)).toMatchObject([{ pointer: "/email" }]);
  });

  it.each(["999", "0121 303 1234 ext 5", "call me", "+44", "0121 303 1234 or 0121 303 4321", "=1+1"])(
    "refuses %s as a telephone number",
    async (telephone) => {
      const answer = await birmingham.post("/v1/authorities/330/contacts", { ...amina, telephone });
      expect(faultsOf(answer)).toEqual([
        { pointer: "/telephone", detail: "must be a telephone number, without an extension" },
      ]);
    },
  );

  it.each([
    ["020 7946 0000", "020 7946 0000"],
    ["+353 1 234 5678", "+353 1 234 5678"],
    ["(01632) 960001", "01632 960001"],
    ["0044 121 303 1234", "0121 303 1234"],
  ])("takes %s and keeps %s", async (telephone, kept) => {
    const contact = await add(birmingham, "330", { telephone });
    expect(contact).toMatchObject({ telephone: kept });
    made(await retire(birmingham, contact));
  });

  it("takes 30 of one authority and no more, and makes room when one ends", async () => {
    const added: Contact[] = [];
    for (let at = 0; at < 28; at += 1) added.push(await add(dfe, "873", { name: `Contact ${at}` }));
    const answer = await dfe.post("/v1/authorities/873/contacts", amina);
    expect(faultsOf(answer)).toEqual([
      { pointer: "", detail: "is one contact more than the 30 that an authority may have" },
    ]);
    made(await retire(dfe, added[0] as Contact, "873"));
    await add(dfe, "873");
  });

  it("is for an authority that is there", async () => {
    expect((await dfe.post("/v1/authorities/999/contacts", amina)).status).toBe(404);
    expect((await dfe.post("/v1/authorities/contact-list/contacts", amina)).status).toBe(404);
  });

  it("is the DfE's for an authority of another nation", async () => {
    const contact = await add(dfe, "S12000036", { email: "cme@edinburgh.gov.scot" });
    expect(contact).toMatchObject({ authority: "S12000036", verifiedBy: "dfe" });
  });
});

describe("changing", () => {
  const facts = { ...amina, name: "Amina Begum-Khan" };
  const change = (client: Client, { contactId }: Contact, body: unknown, ifMatch?: string): Promise<Answer> =>
    client.put(`/v1/authorities/330/contacts/${contactId}`, body, {
      ...(ifMatch !== undefined && { headers: { "if-match": ifMatch } }),
    });

  it("needs the version that was read: 428 without, 400 for what is no ETag, 412 when it has moved on", async () => {
    const contact = await add(birmingham, "330");
    expect((await change(birmingham, contact, facts)).json()).toMatchObject({
      status: 428,
      code: "precondition-required",
    });
    for (const ifMatch of ["1", "*", 'W/"1"', '"0"', '"1", "2"', '"01"']) {
      expect((await change(birmingham, contact, facts, ifMatch)).json()).toMatchObject({
        status: 400,
        code: "if-match-malformed",
      });
    }
    expect((await change(birmingham, contact, facts, '"2"')).json()).toMatchObject({
      status: 412,
      code: "precondition-failed",
      version: 1,
    });
    const changed = await change(birmingham, contact, facts, '"1"');
    expect(made(changed)).toMatchObject({ name: "Amina Begum-Khan", version: 2, effectiveFrom: contact.effectiveFrom });
    expect(changed.headers.get("etag")).toBe('"2"');
    made(await retire(birmingham, contact));
  });

  it("lets one of two editors win and tells the other", async () => {
    const contact = await add(birmingham, "330");
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, at) => change(at % 2 ? dfe : birmingham, contact, facts, '"1"')),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array.from({ length: 9 }, () => 412)]);
    expect(answers.find(({ status }) => status === 412)?.json()).toMatchObject({ version: 2 });
    made(await retire(birmingham, contact));
  });

  it("under another version is another intent: a repeat with a new If-Match never passes for done", async () => {
    const contact = await add(birmingham, "330");
    const put = (ifMatch: string) =>
      birmingham.put(`/v1/authorities/330/contacts/${contact.contactId}`, facts, {
        key: "rename-her",
        headers: { "if-match": ifMatch },
      });
    expect((await put('"1"')).status).toBe(201);
    expect((await put('"1"')).headers.get("idempotency-replayed")).toBe("true");
    expect((await put('"2"')).json()).toMatchObject({ status: 422, code: "idempotency-key-reused" });
    made(await retire(birmingham, contact));
  });

  it("can't move the beginning of what has begun, nor bring back what has ended", async () => {
    const contact = await add(birmingham, "330");
    const later = { ...facts, effectiveFrom: inMinutes(5) };
    expect(faultsOf(await change(birmingham, contact, later, '"1"'))).toEqual([
      { pointer: "/effectiveFrom", detail: "can't be changed: the contact is in effect already" },
    ]);
    made(await retire(birmingham, contact));
    for (const answer of [
      await change(birmingham, contact, facts, '"2"'),
      await retire(birmingham, contact),
      await birmingham.post(`/v1/authorities/330/contacts/${contact.contactId}/verification`, {}),
    ]) {
      expect(answer.json()).toMatchObject({ status: 409, code: "state-does-not-allow", state: "retired" });
    }
  });

  it("is refused where there is no such contact, whatever its name", async () => {
    for (const contactId of ["nobody", "constructor", "toString", "201-lead"]) {
      const answer = await change(birmingham, { contactId } as Contact, facts, '"1"');
      expect([answer.status, contactId]).toEqual([404, contactId]);
      expect((await birmingham.get(`/v1/authorities/330/contacts/${contactId}`)).status).toBe(404);
    }
  });
});

describe("retiring", () => {
  it("leaves an authority never without anybody: not the last, not at the same time, not at a later time", async () => {
    const lead = { contactId: "204-lead" };
    const inbox = { contactId: "204-inbox" };
    made(await retire(dfe, lead, "204"));
    const last = await retire(dfe, inbox, "204");
    expect(last.json()).toMatchObject({ status: 409, code: "last-contact" });
    expect((await retire(dfe, inbox, "204", { effectiveTo: inMinutes(60) })).json()).toMatchObject({
      code: "last-contact",
    });
    // A successor that begins a minute too late leaves a gap; one that begins in time leaves none.
    const end = inMinutes(60);
    await add(dfe, "204", { effectiveFrom: inMinutes(61) });
    expect((await retire(dfe, inbox, "204", { effectiveTo: end })).status).toBe(409);
    await add(dfe, "204", { effectiveFrom: inMinutes(59) });
    expect(made(await retire(dfe, inbox, "204", { effectiveTo: end }))).toMatchObject({ effectiveTo: end });
    expect(await idsOf("204")).toEqual(["204-inbox"]);
  });

  it("of both of an authority's two contacts at once spares one of them", async () => {
    const answers = await Promise.all(["205-lead", "205-inbox"].map((contactId) => retire(dfe, { contactId }, "205")));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
    expect(await idsOf("205")).toHaveLength(1);
  });

  it("wins against receipts under way, or comes after them: whoever has left confirms nothing", async () => {
    const outcomes = new Set<number>();
    for (let round = 0; round < 10; round += 1) {
      const contact = await add(birmingham, "330");
      const { id } = await submit(await exchange.client("201"));
      const [receipt, retirement] = await Promise.all([
        birmingham.post(`/v1/referrals/${id}/receipt`, { confirmedBy: contact.contactId }),
        retire(birmingham, contact),
      ]);
      made(retirement);
      outcomes.add(receipt.status);
      if (receipt.status !== 201) expect(faultsOf(receipt)).toMatchObject([{ pointer: "/confirmedBy" }]);
      const other = await submit(await exchange.client("201"));
      const after = await birmingham.post(`/v1/referrals/${other.id}/receipt`, { confirmedBy: contact.contactId });
      expect(faultsOf(after)).toMatchObject([{ pointer: "/confirmedBy" }]);
    }
    expect([...outcomes].every((status) => status === 201 || status === 422)).toBe(true);
  });
});

describe("verifying", () => {
  it("says when and by whom, for the authority itself and the DfE", async () => {
    const contact = await add(dfe, "330");
    const path = `/v1/authorities/330/contacts/${contact.contactId}/verification`;
    expect(made(await birmingham.post(path, {}))).toMatchObject({ verifiedBy: "330", version: 2 });
    expect(made(await dfe.post(path, {}))).toMatchObject({ verifiedBy: "dfe", version: 3 });
    expect((await camden.post(path, {})).json()).toMatchObject({ status: 403, code: "not-your-role" });
    made(await retire(birmingham, contact));
  });
});

describe("the chain of changes", () => {
  /** RFC 8785 for what stands in it: strings, whole numbers, null, and objects whose members are sorted. */
  const canonical = (value: unknown): string => {
    if (Array.isArray(value)) return `[${value.map(canonical)}]`;
    if (value === null || typeof value !== "object") return JSON.stringify(value);
    const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
    return `{${members.map(([name, each]) => `${JSON.stringify(name)}:${canonical(each)}`)}}`;
  };
  const digest = (value: unknown): string =>
    `sha-256:${createHash("sha256").update(canonical(value)).digest("base64url")}`;

  it("tells who did what and when, how it was before and after, and holds", async () => {
    const contact = await add(await exchange.client("931"), "931");
    made(await dfe.post(`/v1/authorities/931/contacts/${contact.contactId}/verification`, {}));
    made(await retire(dfe, contact, "931"));
    const answer = await (await exchange.client("931")).get("/v1/authorities/931/changes");
    const { items } = answer.json() as { items: Change[] };

    expect(items.map(({ sequence, type }) => [sequence, type])).toEqual([
      [1, "authority.added"],
      [2, "contact.added"],
      [3, "contact.verified"],
      [4, "contact.retired"],
    ]);
    expect(items[1]).toMatchObject({
      subject: "authority#931",
      actor: { authority: "931", clientId: "cme-931", contactId: null },
      before: null,
      after: { contactId: contact.contactId, name: "Amina Begum", version: 1 },
    });
    expect(items[3]).toMatchObject({
      actor: { authority: "dfe", clientId: "cme-dfe" },
      before: { effectiveTo: null, version: 2 },
      after: { version: 3 },
    });
    let previous: string | null = null;
    for (const { hash, ...change } of items) {
      expect(change.previousHash).toBe(previous);
      expect(hash).toBe(digest(change));
      previous = hash;
    }
  });

  it("has no GSS code twice, and no neighbour that is not there", async () => {
    const before = await dfe.get("/v1/authorities/353");
    const { name, councilName, type, region } = before.json() as Record<string, unknown>;
    const facts = { gssCode: "E09000001", name, councilName, type, region, neighbours: ["999", "353", "354", "354"] };
    const answer = await dfe.put("/v1/authorities/353", facts, {
      headers: { "if-match": String(before.headers.get("etag")) },
    });
    expect(faultsOf(answer)).toEqual([
      { pointer: "/gssCode", detail: "is another authority's" },
      { pointer: "/neighbours/0", detail: "is not another authority in effect" },
      { pointer: "/neighbours/1", detail: "is not another authority in effect" },
      { pointer: "/neighbours/3", detail: "is named more than once" },
    ]);
  });

  it("is there for an authority's facts too, and a former GSS code still finds it", async () => {
    const before = await dfe.get("/v1/authorities/352");
    const { gssCode, name, councilName, type, region, neighbours } = before.json() as Record<string, unknown>;
    expect(gssCode).toBe("E08000003");
    const facts = { gssCode: "E08000099", name, councilName, type, region, neighbours };
    const headers = { "if-match": String(before.headers.get("etag")) };
    const after = await dfe.put("/v1/authorities/352", facts, { headers });
    expect(after.status, after.text).toBe(201);
    expect(after.json()).toMatchObject({ gssCode: "E08000099", formerGssCodes: ["E08000003"], version: 2 });
    expect((await dfe.get("/v1/authorities/E08000003")).json()).toMatchObject({ code: "352" });
    expect((await dfe.put("/v1/authorities/352", facts, { headers })).status).toBe(412);
    const { items } = (await dfe.get("/v1/authorities/352/changes")).json() as { items: Change[] };
    expect(items.at(-1)).toMatchObject({
      type: "authority.changed",
      before: { gssCode: "E08000003" },
      after: { gssCode: "E08000099" },
    });
  });
});

describe("the official domains", () => {
  it("are the DfE's to change, and count from the next contact on", async () => {
    const before = await dfe.get("/v1/contact-list/email-domains");
    const { domains } = before.json() as { domains: string[] };
    expect(domains).toEqual(["eani.org.uk", "example.org", "gov.scot", "gov.uk", "gov.wales", "llyw.cymru"]);
    const put = (given: string[], etag: string | null) =>
      dfe.put("/v1/contact-list/email-domains", { domains: given }, { headers: { "if-match": String(etag) } });

    const achieving = { email: "cme@achievingforchildren.org.uk" };
    expect((await birmingham.post("/v1/authorities/330/contacts", { ...amina, ...achieving })).status).toBe(422);
    const after = await put([...domains, "achievingforchildren.org.uk"], before.headers.get("etag"));
    expect(after.status, after.text).toBe(201);
    const contact = await add(birmingham, "330", achieving);
    made(await retire(birmingham, contact));

    expect((await put(domains, before.headers.get("etag"))).status).toBe(412);
    expect((await put(["GOV.UK", "uk.", "-a.uk", "a b.uk"], after.headers.get("etag"))).status).toBe(422);
  });
});
