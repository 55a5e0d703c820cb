import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Answer, type Client, connect } from "../../infra/local/client.ts";
import { chainFault, type ReferralEvent } from "../../shared/domain/event-chain.ts";
import { useExchange } from "../builders/exchange.ts";
import { exampleReferral, submit } from "../builders/referral.ts";

/** A Monday. The clock goes forward only when told. */
const monday = "2026-11-23T09:30:00.000Z";
beforeAll(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date(monday) });
});
const exchange = useExchange({ telling: true });
afterAll(() => {
  vi.useRealTimers();
});
const itIs = (moment: string) => vi.setSystemTime(new Date(moment));

/** A token is of the time at which it was fetched, so each test fetches its own. */
const of = (code: string): Promise<Client> => connect(exchange.clients, code);

const made = (answer: Answer): Record<string, unknown> => {
  expect(answer.status, answer.text).toBe(201);
  return answer.json() as Record<string, unknown>;
};
const read = async <T>(client: Client, path: string): Promise<T[]> => {
  const answer = await client.get(path);
  expect(answer.status, answer.text).toBe(200);
  return (answer.json() as { items: T[] }).items;
};
const refused = (answer: Answer): unknown => {
  const { status, code, errors } = answer.json() as Record<string, unknown>;
  return [status, code, ...(errors ? [errors] : [])];
};
const trailOf = (client: Client, id: string): Promise<ReferralEvent[]> =>
  read<ReferralEvent>(client, `/v1/referrals/${id}/events?limit=100`);

const question = { kind: "question", text: "Which school in Bournville did Zoë’s mother name?", by: "330-lead" };

describe("questions and answers about a referral", () => {
  it("are read by both sides, each an event of its trail without a word of what was written", async () => {
    itIs(monday);
    const [london, birmingham] = [await of("201"), await of("330")];
    const { id } = await submit(london);
    const path = `/v1/referrals/${id}/messages`;
    expect(made(await birmingham.post(path, question))).toEqual({
      number: 2,
      kind: "question",
      answers: null,
      at: monday,
      authority: "330",
      by: "330-lead",
    });
    const answer = { kind: "answer", text: "None.\nShe said “near the park”.", by: "201-inbox", answers: 2 };
    expect(made(await london.post(path, answer))).toMatchObject({ number: 3, kind: "answer", answers: 2 });

    const expected = [
      { number: 2, kind: "question", answers: null, at: monday, authority: "330", by: "330-lead", text: question.text },
      { number: 3, kind: "answer", answers: 2, at: monday, authority: "201", by: "201-inbox", text: answer.text },
    ];
    expect(await read(london, path)).toEqual(expected);
    expect(await read(birmingham, path)).toEqual(expected);

    const trail = await trailOf(london, id);
    expect(chainFault(trail)).toBeUndefined();
    expect(trail.map(({ type, actor, details }) => [type, actor.authority, details]).slice(1)).toEqual([
      ["referral.question-asked", "330", {}],
      ["referral.question-answered", "201", { answers: "2" }],
      ["referral.child-read", "201", { what: "messages" }],
      ["referral.child-read", "330", { what: "messages" }],
    ]);
  });

  it("are told to the other side in its feed, and by email without a word of them", async () => {
    itIs(monday);
    const [london, birmingham] = [await of("201"), await of("330")];
    const { id } = await submit(london, { temporaryAuthority: "202" });
    await exchange.telling?.idle();
    const before = exchange.mailbox().length;
    made(await birmingham.post(`/v1/referrals/${id}/messages`, question));
    await exchange.telling?.idle();
    const emails = exchange.mailbox().slice(before);
    expect(emails.map(({ emailAddress, template }) => [emailAddress, template]).sort()).toEqual([
      ["cme-inbox@la-201.example.org", "referral-message"],
      ["cme-inbox@la-202.example.org", "referral-message"],
      ["cme-lead@la-201.example.org", "referral-message"],
      ["cme-lead@la-202.example.org", "referral-message"],
    ]);
    expect(JSON.stringify(emails)).not.toMatch(/Zoë|Bournville|mother/);
    expect(await read(london, "/v1/events?limit=100")).toContainEqual({
      type: "referral.question-asked",
      timestamp: monday,
      data: { referralId: id, sequence: 2 },
    });
  });

  it("are the temporary authority's too, and nobody else's", async () => {
    itIs(monday);
    const [london, camden, manchester] = [await of("201"), await of("202"), await of("352")];
    const { id } = await submit(london, { temporaryAuthority: "202" });
    const path = `/v1/referrals/${id}/messages`;
    made(await camden.post(path, { ...question, by: "202-lead" }));
    expect(await read(camden, path)).toHaveLength(1);
    made(await london.post(path, { kind: "answer", text: "Yes.", by: "201-lead", answers: 2 }));
    for (const answer of [await manchester.get(path), await manchester.post(path, { ...question, by: "352-lead" })]) {
      expect(refused(answer)).toEqual([404, "not-found"]);
    }
  });

  it("come again as they were answered first when they are repeated", async () => {
    itIs(monday);
    const birmingham = await of("330");
    const { id } = await submit(await of("201"));
    const path = `/v1/referrals/${id}/messages`;
    const first = await birmingham.post(path, question, { key: "the-same" });
    const second = await birmingham.post(path, question, { key: "the-same" });
    expect([second.status, second.text, second.headers.get("idempotency-replayed")]).toEqual([201, first.text, "true"]);
    expect(await read(birmingham, path)).toHaveLength(1);
  });

  it("name a contact of their own authority, and answer another's question", async () => {
    itIs(monday);
    const [london, birmingham] = [await of("201"), await of("330")];
    const { id } = await submit(london);
    const path = `/v1/referrals/${id}/messages`;
    const { number } = made(await birmingham.post(path, question));
    const own = { kind: "answer", text: "Never mind.", by: "330-lead", answers: number };
    const about = (pointer: string, detail: string) => [422, "validation-failed", [{ pointer, detail }]];
    const notAQuestion = about("/answers", "is not the number of a question that another side asked");
    expect(refused(await birmingham.post(path, { ...question, by: "201-lead" }))).toEqual(
      about("/by", "is not a named contact of your authority in effect"),
    );
    expect(refused(await birmingham.post(path, own))).toEqual(notAQuestion);
    expect(refused(await london.post(path, { ...own, by: "201-lead", answers: 1 }))).toEqual(notAQuestion);
    expect(refused(await london.post(path, { ...own, by: "201-lead", answers: 77 }))).toEqual(notAQuestion);
    expect(refused(await birmingham.post(path, { ...question, answers: number }))).toEqual(
      about("/answers", "must be left out of a question"),
    );
    expect(await trailOf(london, id)).toHaveLength(2);
  });

  it("can be written for 30 days after the referral's end", async () => {
    itIs(monday);
    const { id } = await submit(await of("201"));
    const path = `/v1/referrals/${id}/messages`;
    made(await (await of("330")).post(`/v1/referrals/${id}/return`, { reason: "wrong-authority" }));
    itIs("2026-12-23T09:29:59.999Z");
    made(await (await of("201")).post(path, { ...question, by: "201-lead" }));
    itIs("2026-12-23T09:30:00.000Z");
    expect(refused(await (await of("330")).post(path, question))).toEqual([409, "state-does-not-allow"]);
    expect(await read(await of("330"), path)).toHaveLength(1);
  });
});

describe("the steps of enquiry of an entry", () => {
  const step = { step: "home-visit", date: "2026-11-20", outcome: "no-answer", note: "Zoë’s flat is empty." };

  it("travel with its referral up to the end of that, with their notes", async () => {
    itIs(monday);
    const [london, birmingham, camden] = [await of("201"), await of("330"), await of("202")];
    const { child } = exampleReferral();
    const { entryId } = made(await london.post("/v1/cme-list", { child }));
    const steps = `/v1/cme-list/${entryId}/enquiry-steps`;
    made(await london.post(steps, step));
    const { id } = await submit(london, { entryId });
    made(await london.post(steps, { step: "check-giap", date: "2026-11-23", outcome: "nothing-found" }));
    const path = `/v1/referrals/${id}/enquiry-steps`;
    const expected = [
      {
        step: "home-visit",
        text: "home visits made by the appropriate team, following local guidance concerning risk assessment",
        date: "2026-11-20",
        outcome: "no-answer",
        recordedAt: monday,
        note: "Zoë’s flat is empty.",
      },
      {
        step: "check-giap",
        text: "checking Get Information About a Pupil (GIAP)",
        date: "2026-11-23",
        outcome: "nothing-found",
        recordedAt: monday,
        note: null,
      },
    ];
    expect(await read(birmingham, path)).toEqual(expected);
    expect(refused(await camden.get(path))).toEqual([404, "not-found"]);
    expect((await trailOf(london, id)).map(({ type, details }) => [type, details]).slice(1)).toEqual([
      ["referral.child-read", { what: "enquiry-steps" }],
    ]);

    made(await birmingham.post(`/v1/referrals/${id}/return`, { reason: "wrong-authority" }));
    itIs("2026-11-23T09:40:00.000Z");
    made(await london.post(steps, { ...step, note: "A neighbour has her number." }));
    expect(await read(birmingham, path)).toEqual(expected);
  });

  it("are none of one that the referral itself made", async () => {
    itIs(monday);
    const { id } = await submit(await of("201"));
    expect(await read(await of("330"), `/v1/referrals/${id}/enquiry-steps`)).toEqual([]);
  });
});
