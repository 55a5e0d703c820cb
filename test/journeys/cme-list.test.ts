import { BatchWriteCommand, GetCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { handler as eraseRetained } from "../../functions/cme-list/erase-retained.ts";
import { type Answer, type Client, connect } from "../../infra/local/client.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { readParts } from "../../shared/store/records.ts";
import { useExchange } from "../builders/exchange.ts";
import { guidanceSteps } from "../builders/guidance-steps.ts";
import { exampleReferral, submit } from "../builders/referral.ts";

/** A Monday. The clock stands still, so that every time in an answer is a literal. */
const now = "2026-11-23T09:30:00.000Z";
beforeAll(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date(now) });
});
const exchange = useExchange();
afterAll(() => {
  vi.useRealTimers();
});

type Entry = { entryId: string; status: string; closure: unknown; retained: unknown; version: number };

/** A token is of the time at which it was fetched, so each test fetches its own. */
const london = (): Promise<Client> => connect(exchange.clients, "201");
const birmingham = (): Promise<Client> => connect(exchange.clients, "330");

const made = <T = Entry>(answer: Answer): T => {
  expect(answer.status, answer.text).toBe(201);
  return answer.json() as T;
};
const refusedAs = (answer: Answer): Record<string, unknown> => answer.json() as Record<string, unknown>;

const listed = async (client: Client): Promise<Entry> =>
  made(await client.post("/v1/cme-list", { child: exampleReferral().child }));

const close = (client: Client, { entryId }: { entryId: string }, body: unknown): Promise<Answer> =>
  client.post(`/v1/cme-list/${entryId}/closure`, body);

const step = (client: Client, { entryId }: { entryId: string }, body: Record<string, unknown>): Promise<Answer> =>
  client.post(`/v1/cme-list/${entryId}/enquiry-steps`, body);

const eventsOf = async (client: Client, { entryId }: { entryId: string }): Promise<string[]> => {
  const { items } = (await client.get(`/v1/cme-list/${entryId}/events?limit=100`)).json() as {
    items: { type: string; sequence: number; previousHash: string | null; hash: string }[];
  };
  expect(items.map(({ previousHash }) => previousHash)).toEqual([null, ...items.map(({ hash }) => hash)].slice(0, -1));
  return items.map(({ type }) => type);
};

const exhaust = async (client: Client, entry: { entryId: string }): Promise<void> => {
  for (const each of guidanceSteps) {
    made(await step(client, entry, { step: each, date: "2026-11-20", outcome: "nothing-found" }));
  }
};

describe("steps of enquiry", () => {
  it("are recorded with date, outcome and note, and listed in the guidance's words with what is missing", async () => {
    const client = await london();
    const entry = await listed(client);
    const first = {
      step: "contact-parent",
      date: "2026-11-19",
      outcome: "no-answer",
      note: "Rang Ada Lovelace twice.",
    };
    expect(made(await step(client, entry, first))).toEqual({
      step: "contact-parent",
      date: "2026-11-19",
      outcome: "no-answer",
      recordedAt: now,
      sequence: 2,
    });
    made(await step(client, entry, { step: "contact-parent", date: "2026-11-20", outcome: "answer-awaited" }));
    made(
      await step(client, entry, {
        step: "check-siblings-schools",
        date: "2026-11-20",
        outcome: "not-applicable",
        note: "An only child.",
      }),
    );

    const answer = await client.get(`/v1/cme-list/${entry.entryId}/enquiry-steps`);
    expect(answer.status, answer.text).toBe(200);
    const { items, missing, guidance } = answer.json() as {
      items: { step: string; text: string; records: unknown[] }[];
      missing: string[];
      guidance: string;
    };
    expect(items.map((each) => each.step)).toEqual(guidanceSteps);
    expect(items[0]).toEqual({
      step: "contact-parent",
      text: "making contact with the parent using known contact details",
      records: [
        {
          step: "contact-parent",
          date: "2026-11-19",
          outcome: "no-answer",
          recordedAt: now,
          sequence: 2,
          note: "Rang Ada Lovelace twice.",
        },
        {
          step: "contact-parent",
          date: "2026-11-20",
          outcome: "answer-awaited",
          recordedAt: now,
          sequence: 3,
          note: null,
        },
      ],
    });
    // The newest record of a step counts: an answer that is awaited is no outcome yet.
    expect(missing).toEqual(guidanceSteps.filter((each) => each !== "check-siblings-schools"));
    expect(guidance).toContain("Making reasonable enquiries");
    expect(await eventsOf(client, entry)).toEqual([
      "entry.added",
      "entry.step-recorded",
      "entry.step-recorded",
      "entry.step-recorded",
      "entry.child-read",
    ]);
  });

  it("must not lie in the future, and say why they do not apply", async () => {
    const client = await london();
    const entry = await listed(client);
    const future = await step(client, entry, { step: "home-visit", date: "2026-11-24", outcome: "found" });
    expect(refusedAs(future).errors).toEqual([{ pointer: "/date", detail: "is in the future" }]);
    const silent = await step(client, entry, { step: "home-visit", date: "2026-11-23", outcome: "not-applicable" });
    expect(refusedAs(silent).errors).toEqual([{ pointer: "/note", detail: "must say why the step is not applicable" }]);
    const stranger = await step(await birmingham(), entry, {
      step: "home-visit",
      date: "2026-11-23",
      outcome: "found",
    });
    expect(stranger.status).toBe(404);
    expect(await eventsOf(client, entry)).toEqual(["entry.added"]);
  });

  it("of a search of GIAP are recorded for many children at once, all or none", async () => {
    const client = await london();
    const entries = [await listed(client), await listed(client), await listed(client)];
    const items = entries.map(({ entryId }) => ({
      entryId,
      step: "check-giap",
      date: "2026-11-23",
      outcome: "nothing-found",
    }));
    const foreign = await listed(await birmingham());
    const wrong = [...items, { ...items[0] }, { ...items[0], entryId: foreign.entryId }];
    const refused = await client.post("/v1/cme-list/enquiry-steps", { items: wrong });
    expect(refusedAs(refused).errors).toEqual([
      { pointer: "/items/3/entryId", detail: "is named more than once" },
      { pointer: "/items/4/entryId", detail: "does not lead to an entry on your CME list" },
    ]);
    for (const entry of entries) expect(await eventsOf(client, entry)).toEqual(["entry.added"]);
    expect(made<unknown>(await client.post("/v1/cme-list/enquiry-steps", { items }))).toEqual({ recorded: 3 });
    for (const entry of entries) expect(await eventsOf(client, entry)).toEqual(["entry.added", "entry.step-recorded"]);
  });
});

describe("coming off the list", () => {
  it("is on a school's register, with the school and the date", async () => {
    const client = await london();
    const entry = await listed(client);
    const body = { as: "on-school-register", schoolUrn: "103200", startDate: "2026-11-20" };
    expect(made(await close(client, entry, body))).toMatchObject({
      status: "closed",
      closure: { as: "on-school-register", at: now, schoolUrn: "103200", startDate: "2026-11-20" },
      retained: null,
    });
    expect(refusedAs(await close(client, entry, body))).toMatchObject({ status: 409, code: "entry-closed" });
    expect(await eventsOf(client, entry)).toEqual(["entry.added", "entry.closed"]);
  });

  it("is not on a school's register before the child starts there", async () => {
    const client = await london();
    const entry = await listed(client);
    const body = { as: "on-school-register", schoolUrn: "103200", startDate: "2026-11-24" };
    expect(refusedAs(await close(client, entry, body))).toMatchObject({
      status: 409,
      code: "closure-not-permitted",
      reasons: [{ code: "not-started", text: expect.stringContaining("2026-11-24") }],
    });
    expect((await client.get(`/v1/cme-list/${entry.entryId}`)).json()).toMatchObject({ status: "suspected" });
  });

  it("never as transferred: only a removal does that", async () => {
    const client = await london();
    const answer = await close(client, await listed(client), { as: "transferred" });
    expect(answer.status).toBe(422);
  });

  it("withdraws a referral that nobody has received", async () => {
    const client = await london();
    const entry = await listed(client);
    const { id } = await submit(client, { entryId: entry.entryId });
    made(await close(client, entry, { as: "suitable-education-otherwise", provision: "Taught at home." }));
    expect((await client.get(`/v1/referrals/${id}`)).json()).toMatchObject({ state: "withdrawn" });
    const receipt = await (await birmingham()).post(`/v1/referrals/${id}/receipt`, { confirmedBy: "330-lead" });
    expect(refusedAs(receipt)).toMatchObject({ code: "state-does-not-allow", state: "withdrawn" });
  });

  it("of the recipient concludes the referral by which the child came, and touches the sender's entry no more", async () => {
    const sender = await london();
    const recipient = await birmingham();
    const entry = await listed(sender);
    const { id } = await submit(sender, { entryId: entry.entryId });
    await recipient.post(`/v1/referrals/${id}/receipt`, { confirmedBy: "330-lead" });
    const { items } = (await recipient.get("/v1/cme-list")).json() as { items: (Entry & { referralId: string })[] };
    const received = items.find(({ referralId }) => referralId === id) as Entry;
    made(await close(recipient, received, { as: "deceased" }));
    expect((await sender.get(`/v1/referrals/${id}`)).json()).toMatchObject({ state: "concluded", concludedAt: now });
    expect((await sender.get(`/v1/cme-list/${entry.entryId}`)).json()).toMatchObject({ status: "suspected" });
    expect((await sender.post(`/v1/referrals/${id}/removal`, { removedBy: "201-lead" })).status).toBe(201);
  });

  it("above the leaving age only after it: the last Friday of June in the school year of the 16th birthday", async () => {
    const client = await london();
    const { child } = exampleReferral();
    // Born on 31 August 2010, so 16 in the school year that ended in August 2026: the last Friday of June was the 26th.
    const tooOld = { ...child, identity: { ...child.identity, dateOfBirth: "2010-08-31" } };
    expect((await client.post("/v1/cme-list", { child: tooOld })).status).toBe(422);
    const entry = made(
      // Born a day later: it ends on Friday, 25 June 2027.
      await client.post("/v1/cme-list", {
        child: { ...child, identity: { ...child.identity, dateOfBirth: "2010-09-01" } },
      }),
    );
    const refused = await close(client, entry, { as: "above-leaving-age" });
    expect(refusedAs(refused)).toMatchObject({
      status: 409,
      code: "closure-not-permitted",
      reasons: [{ code: "of-compulsory-school-age", text: expect.stringContaining("2027-06-25") }],
    });
    const later = await connect(exchange.clients, "201");
    vi.setSystemTime("2027-06-25T22:30:00.000Z");
    expect((await close(later, entry, { as: "above-leaving-age" })).status).toBe(409);
    vi.setSystemTime("2027-06-25T23:00:00.000Z");
    expect(made(await close(later, entry, { as: "above-leaving-age" }))).toMatchObject({
      closure: { as: "above-leaving-age", at: "2027-06-25T23:00:00.000Z" },
    });
    vi.setSystemTime(now);
  });
});

describe("enquiries that are exhausted", () => {
  it("list what is missing, quoting the guidance, until every step is done or does not apply", async () => {
    const client = await london();
    const entry = await listed(client);
    made(await step(client, entry, { step: "home-visit", date: "2026-11-20", outcome: "no-answer" }));
    const refused = refusedAs(await close(client, entry, { as: "enquiries-exhausted" })) as {
      reasons: { code: string; guidance: string }[];
    };
    expect(refused).toMatchObject({ status: 409, code: "closure-not-permitted" });
    expect(refused.reasons.map(({ code }) => code)).toEqual(guidanceSteps.filter((each) => each !== "home-visit"));
    expect(refused.reasons[0]?.guidance).toContain("until they have exhausted all other reasonable enquiries");
  });

  it("aren't while another authority knows the child, or has the referral and looks for it", async () => {
    const client = await london();
    const other = await birmingham();
    const asking = await listed(client);
    await exhaust(client, asking);
    const enquiry = { kind: "targeted", asked: "330", reason: "kin", openedBy: "201-lead" };
    const { id } = made<{ id: string }>(await client.post("/v1/enquiries", { ...enquiry, entryId: asking.entryId }));
    const known = { answer: "known", answeredBy: "330-lead" };
    made(await other.post(`/v1/enquiries/${id}/answers`, known));
    const codes = async (entry: Entry) => {
      const refused = refusedAs(await close(client, entry, { as: "enquiries-exhausted" }));
      return (refused.reasons as { code: string }[]).map(({ code }) => code);
    };
    expect(await codes(asking)).toEqual(["enquiries-going-on"]);
    made(await client.post(`/v1/enquiries/${id}/closure`, { reason: "no-longer-needed" }));

    const { id: referralId } = await submit(client, { entryId: asking.entryId });
    made(await other.post(`/v1/referrals/${referralId}/receipt`, { confirmedBy: "330-lead" }));
    expect(await codes(asking)).toEqual(["referral-open"]);
    const finding = { finding: "not-located", foundBy: "330-lead" };
    made(await other.post(`/v1/referrals/${referralId}/finding`, finding));
    made(await close(client, asking, { as: "enquiries-exhausted" }));
  });

  it("leave a record that its keeper can read until the leaving age, and nobody after", async () => {
    const client = await london();
    const entry = await listed(client);
    await exhaust(client, entry);
    // Born on 17 May 2016: compulsory school age ends on Friday, 25 June 2032.
    const closed = made(await close(client, entry, { as: "enquiries-exhausted", note: "Nobody knows the family." }));
    expect(closed).toMatchObject({ status: "closed", retained: { until: "2032-06-25", erasedAt: null } });
    const path = `/v1/cme-list/${entry.entryId}`;
    expect((await client.get(`${path}/child`)).json()).toEqual(exampleReferral().child);
    expect((await (await birmingham()).get(`${path}/child`)).status).toBe(404);

    vi.setSystemTime("2032-06-25T12:00:00.000Z");
    await eraseRetained();
    expect((await partsOf(entry)).length).toBeGreaterThan(0);
    vi.setSystemTime("2032-06-26T00:00:00.000Z");
    await eraseRetained();
    await eraseRetained();
    expect(await partsOf(entry)).toEqual([]);
    const reader = await connect(exchange.clients, "201");
    expect((await reader.get(`${path}/child`)).status).toBe(404);
    expect((await reader.get(path)).json()).toMatchObject({
      retained: { until: "2032-06-25", erasedAt: "2032-06-26T00:00:00.000Z" },
    });
    expect((await eventsOf(reader, entry)).slice(-3)).toEqual(["entry.closed", "entry.child-read", "entry.erased"]);
    vi.setSystemTime(now);
  });

  it("keep what was last known, also where it was said in a referral that came to nothing", async () => {
    const client = await london();
    const other = await birmingham();
    const { child } = exampleReferral();
    const little = { identity: { surname: "O’Connor", dateOfBirth: "2016-05-17", sex: "F" } };
    const entry = made(await client.post("/v1/cme-list", { child: little }));
    const path = `/v1/cme-list/${entry.entryId}/child`;
    const withdrawn = await submit(client, { entryId: entry.entryId });
    expect((await client.get(path)).json()).toEqual(child);
    made(await client.post(`/v1/referrals/${withdrawn.id}/withdrawal`, { reason: "Another child's record." }));
    expect((await client.get(path)).json()).toEqual(little);

    const { id } = await submit(client, { entryId: entry.entryId });
    made(await other.post(`/v1/referrals/${id}/receipt`, { confirmedBy: "330-lead" }));
    const corrected = { ...child, safeguarding: { concern: true, socialCare: { told: false, reason: "Today." } } };
    made(await other.post(`/v1/referrals/${id}/child`, { child: corrected, by: "330-lead" }));
    made(await other.post(`/v1/referrals/${id}/finding`, { finding: "not-located", foundBy: "330-lead" }));
    expect((await client.get(path)).json()).toEqual(corrected);
    await exhaust(client, entry);
    made(await close(client, entry, { as: "enquiries-exhausted" }));
    expect((await client.get(path)).json()).toEqual(corrected);
    made(await client.post(`/v1/cme-list/${entry.entryId}/erasure`, { because: "located" }));
    expect((await client.get(path)).status).toBe(404);
    expect(await partsOf(entry)).toEqual([]);
  });

  it("leave nothing of a record and notes that are more than a megabyte, once erased", async () => {
    const client = await london();
    const entry = await listed(client);
    // A letter outside the basic plane takes four bytes.
    const note = "\u{20000}".repeat(4000);
    for (const each of [...Array(4).fill(guidanceSteps)].flat()) {
      made(await step(client, entry, { step: each, date: "2026-11-20", outcome: "nothing-found", note }));
    }
    made(await close(client, entry, { as: "enquiries-exhausted", note }));
    expect(await partsOf(entry)).toHaveLength(58);
    made(await client.post(`/v1/cme-list/${entry.entryId}/erasure`, { because: "located" }));
    expect(await partsOf(entry)).toEqual([]);
  });

  it("of a child who came by a referral keep a record of their own: erasing it takes nothing from the sender", async () => {
    const sender = await london();
    const recipient = await birmingham();
    const { id } = await submit(sender);
    await recipient.post(`/v1/referrals/${id}/receipt`, { confirmedBy: "330-lead" });
    const { items } = (await recipient.get("/v1/cme-list")).json() as { items: (Entry & { referralId: string })[] };
    const entry = items.find(({ referralId }) => referralId === id) as Entry;
    await exhaust(recipient, entry);
    made(await close(recipient, entry, { as: "enquiries-exhausted" }));
    const erased = await recipient.post(`/v1/cme-list/${entry.entryId}/erasure`, { because: "located" });
    expect(made(erased)).toMatchObject({ retained: { until: "2032-06-25", erasedAt: now } });
    expect((await recipient.get(`/v1/cme-list/${entry.entryId}/child`)).status).toBe(404);
    expect((await sender.get(`/v1/referrals/${id}/child`)).json()).toEqual(exampleReferral().child);
    const again = await recipient.post(`/v1/cme-list/${entry.entryId}/erasure`, { because: "located" });
    expect(refusedAs(again)).toMatchObject({ status: 409, code: "not-retained" });
  });

  const partsOf = ({ entryId }: { entryId: string }) =>
    readParts(dynamoClient(), "cme-records", { kind: "entry", id: entryId });
});

describe("for Get Information About Pupils", () => {
  it("lists the UPNs of the children on the list, one a line, each recorded as a read", async () => {
    const client = await exchange.client("204");
    const { child } = exampleReferral();
    const withUpn = made(await client.post("/v1/cme-list", { child }));
    const { upn: _, ...identity } = child.identity;
    const without = made(
      await client.post("/v1/cme-list", { child: { ...child, identity: { ...identity, noUpnReason: "not-known" } } }),
    );
    const answer = await client.get("/v1/cme-list/upns");
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "text/plain; charset=utf-8"]);
    expect(answer.text).toBe("H801200001001\n");
    expect(answer.headers.get("link")).toBeNull();
    expect(await eventsOf(client, withUpn)).toEqual(["entry.added", "entry.child-read"]);
    expect(await eventsOf(client, without)).toEqual(["entry.added"]);
    expect((await (await exchange.client("205")).get("/v1/cme-list/upns")).text).toBe("");
  });

  it("goes on at the next page after 500 entries, until there is none", async () => {
    const client = await exchange.client("206");
    const addWith = async (upn: string): Promise<Entry> => {
      const { child } = exampleReferral();
      return made(await client.post("/v1/cme-list", { child: { ...child, identity: { ...child.identity, upn } } }));
    };
    const older = await addWith("H801200001001");
    const { Item } = await dynamoClient().send(
      new GetCommand({ TableName: "cme-entries", Key: { entryId: older.entryId } }),
    );
    // 499 that have no record, so that they have no UPN either.
    const copies = Array.from({ length: 499 }, (_, at) => {
      const entryId = `02000000-0000-7000-8000-${String(at).padStart(12, "0")}`;
      return { PutRequest: { Item: { ...Item, entryId, openedKey: `${now}#${entryId}` } } };
    });
    for (let at = 0; at < copies.length; at += 25) {
      await dynamoClient().send(new BatchWriteCommand({ RequestItems: { "cme-entries": copies.slice(at, at + 25) } }));
    }
    vi.setSystemTime("2026-11-23T09:31:00.000Z");
    const newer = await addWith("A825432119085");
    vi.setSystemTime(now);

    const first = await client.get("/v1/cme-list/upns");
    expect([first.status, first.text]).toEqual([200, "A825432119085\n"]);
    expect(await eventsOf(client, older)).toEqual(["entry.added"]);
    const [, next = ""] =
      /^<(\/v1\/cme-list\/upns\?cursor=[^>]+)>; rel="next"$/.exec(first.headers.get("link") ?? "") ?? [];
    const second = await client.get(next);
    expect([second.status, second.text, second.headers.get("link")]).toEqual([200, "H801200001001\n", null]);
    for (const entry of [older, newer])
      expect(await eventsOf(client, entry)).toEqual(["entry.added", "entry.child-read"]);
  });
});
