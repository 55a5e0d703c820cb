import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { handler as applyReorganisations } from "../../functions/contact-list/apply-reorganisations.ts";
import { handler as lapseEnquiries } from "../../functions/enquiries/lapse-enquiries.ts";
import type { Client } from "../../infra/local/client.ts";
import {
  askedAbout,
  type Body,
  done,
  type Enquiry,
  type Event,
  isKept,
  items,
  question,
  refusal,
  sidesOn,
} from "../builders/enquiries.ts";
import { useExchange } from "../builders/exchange.ts";
import { anotherChild, exampleReferral, submit } from "../builders/referral.ts";

/** A Monday. The clock goes forward only when told. */
const monday = "2026-01-12T09:30:00.000Z";
beforeAll(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date(monday) });
});
const exchange = useExchange({ telling: true });
afterAll(() => {
  vi.useRealTimers();
});

const { listed, ask, answer, of, trailOf, feedOf, mailsAbout } = sidesOn(exchange);

/** What the example's child is known by. */
const { identity } = exampleReferral().child;
const enquired = {
  identity: {
    forename: "Zoë-Anne",
    middleNames: "Máire",
    surname: "O’Connor-Okafor",
    preferredForename: "Zoë",
    formerSurnames: ["Okafor"],
    dateOfBirth: "2016-05-17",
    sex: "F",
    upn: "H801200001001",
  },
  lastKnownAddress: { lines: ["Flat 4", "12 Golden Lane"], town: "London", postcode: "EC1Y 0RS" },
  lastSchool: { urn: "100000", laEstab: "2013614", name: "The Aldgate School" },
};

describe("an enquiry", () => {
  it("tells the asked authority what the child is known by and nothing else, and both sides see every read", async () => {
    const entryId = await listed("201", { identity });
    const enquiry = await ask(entryId, "330", { note: "An aunt in Bournville." });
    expect(enquiry).toEqual({
      id: enquiry.id,
      kind: "targeted",
      asker: "201",
      asked: "330",
      entryId,
      reason: "kin",
      openedBy: "201-lead",
      openedAt: monday,
      state: "open",
      lapsesAt: "2026-02-09T09:30:00.000Z",
      answer: null,
      closedFor: null,
      endedAt: null,
      referralId: null,
      erasedAt: null,
      version: 1,
    });

    const recipient = await exchange.client("330");
    expect(await of("330", enquiry.id)).toEqual({ ...enquiry, entryId: null });
    expect(done(await recipient.get(`/v1/enquiries/${enquiry.id}/child`), 200)).toEqual(enquired);
    expect(done(await recipient.get(`/v1/enquiries/${enquiry.id}/notes`), 200)).toEqual({
      items: [{ sequence: 1, note: "An aunt in Bournville." }],
    });
    expect(await trailOf("201", enquiry.id)).toEqual(["enquiry.asked", "enquiry.child-read", "enquiry.child-read"]);
    expect(await trailOf("330", enquiry.id)).toEqual(await trailOf("201", enquiry.id));
    expect(await feedOf("330", enquiry.id)).toEqual(["enquiry.asked"]);
    expect(await feedOf("201", enquiry.id)).toEqual(["enquiry.asked"]);
    expect(await mailsAbout(enquiry.id)).toEqual([
      "enquiry-awaits: City of London asks whether you know a child -> cme-inbox@la-330.example.org",
      "enquiry-awaits: City of London asks whether you know a child -> cme-lead@la-330.example.org",
    ]);
  });

  it("is read by its two sides alone", async () => {
    const { id } = await ask(await listed(), "330");
    const stranger = await exchange.client("202");
    for (const path of ["", "/child", "/notes", "/events"]) {
      expect(refusal(await stranger.get(`/v1/enquiries/${id}${path}`))).toEqual({ status: 404, code: "not-found" });
    }
    for (const [path, body] of [
      ["answers", { answer: "known", answeredBy: "202-lead" }],
      ["closure", { reason: "no-longer-needed" }],
      ["referral", { sentBy: "202-lead" }],
    ] as const) {
      const refused = refusal(await stranger.post(`/v1/enquiries/${id}/${path}`, body));
      expect(refused).toEqual({ status: 404, code: "not-found" });
    }
  });

  it("lets each side do its own part", async () => {
    const { id } = await ask(await listed(), "330");
    const asker = await exchange.client("201");
    const asked = await exchange.client("330");
    const notYours = { status: 403, code: "not-your-role" };
    const answering = { answer: "known", answeredBy: "201-lead" };
    expect(refusal(await asker.post(`/v1/enquiries/${id}/answers`, answering))).toEqual(notYours);
    expect(refusal(await asked.post(`/v1/enquiries/${id}/closure`, { reason: "child-located" }))).toEqual(notYours);
    expect(refusal(await asked.post(`/v1/enquiries/${id}/referral`, { sentBy: "330-lead" }))).toEqual(notYours);
    expect(refusal(await asked.post(`/v1/enquiries/${id}/answers`, answering))).toEqual({
      status: 422,
      code: "validation-failed",
      errors: [{ pointer: "/answeredBy", detail: "is not a named contact of your authority in effect" }],
    });
  });

  it("takes the record of the referral by which the child came, or by which it was referred", async () => {
    const [sender, recipient] = [await exchange.client("201"), await exchange.client("330")];
    const { id } = await submit(sender);
    done(await recipient.post(`/v1/referrals/${id}/receipt`, { confirmedBy: "330-lead" }));
    const [came] = (await items<{ entryId: string; referralId: string }>(recipient, "/v1/cme-list")).filter(
      (each) => each.referralId === id,
    );
    const onwards = await ask(came?.entryId ?? "", "202", { reason: "school" }, "330");
    expect(done(await (await exchange.client("202")).get(`/v1/enquiries/${onwards.id}/child`), 200)).toEqual(enquired);

    const withdrawn = await submit(sender);
    done(await sender.post(`/v1/referrals/${withdrawn.id}/withdrawal`, { reason: "They never went there." }));
    const [made] = (await items<{ entryId: string; referralId: string }>(sender, "/v1/cme-list")).filter(
      (each) => each.referralId === withdrawn.id,
    );
    const again = await ask(made?.entryId ?? "", "203");
    expect(done(await (await exchange.client("203")).get(`/v1/enquiries/${again.id}/child`), 200)).toEqual(enquired);
  });

  it("is asked once where the request is repeated", async () => {
    const client = await exchange.client("201");
    const body = question(await listed(), "330");
    const first = await client.post("/v1/enquiries", body, { key: "asked-once" });
    const again = await client.post("/v1/enquiries", body, { key: "asked-once" });
    expect([first.status, again.status, again.text]).toEqual([201, 201, first.text]);
    expect(first.headers.get("location")).toBe(`/v1/enquiries/${(first.json() as Enquiry).id}`);
  });
});

describe("an answer", () => {
  it.each(["not-known", "cannot-say"])("%s ends it: the record is gone, the note can be read", async (said) => {
    const entryId = await listed();
    const { id } = await ask(entryId, "330");
    expect(await isKept(id, "record")).toBe(true);
    const answered = await answer(id, "330", said, { note: "Nobody of that name in our systems." });
    expect(answered).toMatchObject({
      state: said,
      answer: { answer: said, answeredBy: "330-lead", answeredAt: monday },
      lapsesAt: "2026-02-09T09:30:00.000Z",
      endedAt: monday,
      erasedAt: null,
    });
    expect(await isKept(id, "record")).toBe(false);
    expect(await askedAbout(entryId)).toEqual([]);
    for (const owner of ["201", "330"]) {
      const client = await exchange.client(owner);
      const gone = { status: 410, code: "record-erased" };
      expect(refusal(await client.get(`/v1/enquiries/${id}/child`))).toEqual(gone);
    }
    expect(done(await (await exchange.client("201")).get(`/v1/enquiries/${id}/notes`), 200)).toEqual({
      items: [{ sequence: 2, note: "Nobody of that name in our systems." }],
    });
    expect(await feedOf("201", id)).toEqual(["enquiry.asked", "enquiry.answered"]);
    expect((await mailsAbout(id)).filter((each) => !each.startsWith("enquiry-awaits"))).toEqual([
      "enquiry-answered: Birmingham has answered your enquiry -> cme-inbox@la-201.example.org",
      "enquiry-answered: Birmingham has answered your enquiry -> cme-lead@la-201.example.org",
    ]);
  });

  it("is given once", async () => {
    const { id } = await ask(await listed(), "330");
    await answer(id, "330", "known");
    const client = await exchange.client("330");
    const second = await client.post(`/v1/enquiries/${id}/answers`, { answer: "not-known", answeredBy: "330-lead" });
    expect(refusal(second)).toEqual({ status: 409, code: "state-does-not-allow", state: "known" });
  });

  it("is one of fifty that are given at once", async () => {
    const { id } = await ask(await listed(), "330");
    const client = await exchange.client("330");
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        client.post(`/v1/enquiries/${id}/answers`, {
          answer: index % 2 === 0 ? "known" : "not-known",
          answeredBy: "330-lead",
        }),
      ),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(49);
    expect(await trailOf("201", id)).toEqual(["enquiry.asked", "enquiry.answered"]);
  });
});

describe("after the answer `known`", () => {
  const known = async (entryId: string, changes: Body = {}): Promise<Enquiry> => {
    const { id } = await ask(entryId, "330");
    return answer(id, "330", "known", changes);
  };

  it("the child is referred in one call that carries its record over, with the answer as evidence", async () => {
    const child = anotherChild();
    const entryId = await listed("201", child);
    const other = await ask(entryId, "202");
    const { id } = await known(entryId, { note: "At Bournville School since last week." });
    const [asker, asked] = [await exchange.client("201"), await exchange.client("330")];

    const answered = await asker.post(`/v1/enquiries/${id}/referral`, { sentBy: "201-lead" });
    const referral = done(answered) as Body & { id: string };
    expect(answered.headers.get("location")).toBe(`/v1/referrals/${referral.id}`);
    expect(referral).toMatchObject({
      sender: "201",
      recipient: "330",
      state: "awaiting-receipt",
      urgency: "standard",
      sentBy: "201-lead",
      followsReferralId: null,
      receiptDueAt: "2026-01-15T09:30:00.000Z",
      warnings: [],
    });
    const record = done(await asked.get(`/v1/referrals/${referral.id}/child`), 200);
    expect(record).toEqual({
      ...child,
      evidenceOfMove: [
        { kind: "statement-by-parent", date: "2026-10-16", source: "school office" },
        {
          kind: "statement-by-other",
          date: "2026-01-12",
          source: `Birmingham (330), asked by enquiry ${id}: it knows the child`,
          note: "At Bournville School since last week.",
        },
      ],
    });
    expect(await of("330", id)).toMatchObject({ state: "referred", referralId: referral.id, endedAt: monday });
    expect(await isKept(id, "record")).toBe(false);
    expect(await of("202", other.id)).toMatchObject({ state: "closed", closedFor: "entry-referred" });
    expect(await isKept(other.id, "record")).toBe(false);
    expect(await askedAbout(entryId)).toEqual([]);
    expect(await trailOf("201", id)).toEqual(["enquiry.asked", "enquiry.answered", "enquiry.referred"]);
    expect(await feedOf("202", other.id)).toEqual(["enquiry.asked", "enquiry.closed"]);
    done(await asked.post(`/v1/referrals/${referral.id}/receipt`, { confirmedBy: "330-lead" }));
    done(await asker.post(`/v1/referrals/${referral.id}/removal`, { removedBy: "201-lead" }));
  });

  it("and not before", async () => {
    const { id } = await ask(await listed(), "330");
    const client = await exchange.client("201");
    const refused = refusal(await client.post(`/v1/enquiries/${id}/referral`, { sentBy: "201-lead" }));
    expect(refused).toEqual({ status: 409, code: "state-does-not-allow", state: "open" });
  });

  it("what the record lacks is asked for, and what it has is not said anew", async () => {
    const client = await exchange.client("201");
    const { safeguarding: _none, evidenceOfMove: _nor, ...child } = anotherChild();
    const entryId = String(done(await client.post("/v1/cme-list", { child })).entryId);
    const lacking = await known(entryId);
    const at = `/v1/enquiries/${lacking.id}/referral`;
    expect(refusal(await client.post(at, { sentBy: "201-lead" }))).toMatchObject({
      status: 422,
      errors: [
        {
          pointer: "/safeguarding",
          detail: "is required: the record of the child's entry says nothing about it",
        },
      ],
    });
    expect(refusal(await client.post(at, { sentBy: "330-lead", safeguarding: { concern: false } }))).toMatchObject({
      status: 422,
      errors: [{ pointer: "/sentBy", detail: "is not a named contact of your authority in effect" }],
    });
    const concern = { concern: true, socialCare: { told: true, on: "2026-01-09", by: "CME lead" } };
    expect(done(await client.post(at, { sentBy: "201-lead", safeguarding: concern }))).toMatchObject({
      urgency: "urgent",
    });
    const complete = await known(await listed());
    const said = { sentBy: "201-lead", safeguarding: { concern: false } };
    expect(refusal(await client.post(`/v1/enquiries/${complete.id}/referral`, said))).toMatchObject({
      status: 422,
      errors: [
        {
          pointer: "/safeguarding",
          detail: "must be left out: the record of the child's entry says it already",
        },
      ],
    });
  });

  it("a child who came by a referral is referred on, following it", async () => {
    const [sender, recipient] = [await exchange.client("201"), await exchange.client("330")];
    const { id } = await submit(sender, { child: anotherChild() });
    done(await recipient.post(`/v1/referrals/${id}/receipt`, { confirmedBy: "330-lead" }));
    const [came] = (await items<{ entryId: string; referralId: string }>(recipient, "/v1/cme-list")).filter(
      (each) => each.referralId === id,
    );
    const enquiry = await ask(came?.entryId ?? "", "202", {}, "330");
    await answer(enquiry.id, "202", "known");
    const onwards = await recipient.post(`/v1/enquiries/${enquiry.id}/referral`, { sentBy: "330-lead" });
    expect(done(onwards)).toMatchObject({ sender: "330", recipient: "202", followsReferralId: id });
  });

  it("the referral is made once where ten ask for it at once", async () => {
    const { id } = await known(await listed());
    const client = await exchange.client("201");
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => client.post(`/v1/enquiries/${id}/referral`, { sentBy: "201-lead" })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409, 409, 409, 409, 409]);
    expect(await trailOf("330", id)).toEqual(["enquiry.asked", "enquiry.answered", "enquiry.referred"]);
  });
});

describe("an enquiry ends", () => {
  it("when its asker closes it", async () => {
    const entryId = await listed();
    const { id } = await ask(entryId, "330");
    const client = await exchange.client("201");
    const closed = done(await client.post(`/v1/enquiries/${id}/closure`, { reason: "child-located" }));
    expect(closed).toMatchObject({ state: "closed", closedFor: "child-located", endedAt: monday, erasedAt: monday });
    expect(await isKept(id, "record")).toBe(false);
    expect(await askedAbout(entryId)).toEqual([]);
    expect(await feedOf("330", id)).toEqual(["enquiry.asked", "enquiry.closed"]);
    const again = await client.post(`/v1/enquiries/${id}/closure`, { reason: "child-located" });
    expect(refusal(again)).toEqual({ status: 409, code: "state-does-not-allow", state: "closed" });
  });

  it("with the child's entry, however that leaves the list", async () => {
    const [sender, recipient] = [await exchange.client("201"), await exchange.client("330")];
    const entryId = await listed();
    const enquiries = [await ask(entryId, "330"), await ask(entryId, "202")];
    const closure = { as: "suitable-education-otherwise", provision: "At home." };
    done(await sender.post(`/v1/cme-list/${entryId}/closure`, closure));
    for (const { id, asked } of enquiries) {
      expect(await of(String(asked), id)).toMatchObject({ state: "closed", closedFor: "entry-closed" });
      expect(await isKept(id, "record")).toBe(false);
    }

    const { id } = await submit(sender, { child: anotherChild() });
    done(await recipient.post(`/v1/referrals/${id}/receipt`, { confirmedBy: "330-lead" }));
    const [came] = (await items<{ entryId: string; referralId: string }>(recipient, "/v1/cme-list")).filter(
      (each) => each.referralId === id,
    );
    const onwards = await ask(came?.entryId ?? "", "202", {}, "330");
    const finding = { finding: "not-located", foundBy: "330-lead" };
    done(await recipient.post(`/v1/referrals/${id}/finding`, finding));
    expect(await of("202", onwards.id)).toMatchObject({ state: "closed", closedFor: "entry-closed" });
  });

  it("when the child is referred, to whomever", async () => {
    const entryId = await listed();
    const { id } = await ask(entryId, "202");
    await submit(await exchange.client("201"), { entryId });
    expect(await of("202", id)).toMatchObject({ state: "closed", closedFor: "entry-referred", endedAt: monday });
    expect(await isKept(id, "record")).toBe(false);
  });
});

describe("the boxes", () => {
  it("show what was asked of an authority and what it asks, by state, and only its own", async () => {
    const entryId = await listed("301");
    const [one, two] = [await ask(entryId, "302", {}, "301"), await ask(entryId, "303", {}, "301")];
    await answer(one.id, "302", "known");
    const [asker, asked] = [await exchange.client("301"), await exchange.client("302")];
    const ids = async (client: Client, query: string) =>
      (await items<Enquiry>(client, `/v1/enquiries?${query}`)).map(({ id }) => id).sort();
    expect(await ids(asker, "box=outbox")).toEqual([one.id, two.id].sort());
    expect(await ids(asker, "box=outbox&state=known")).toEqual([one.id]);
    expect(await ids(asker, "box=inbox&state=known")).toEqual([]);
    expect(await ids(asked, "box=inbox&state=known")).toEqual([one.id]);
    expect(await ids(asked, "box=outbox")).toEqual([]);
    expect((await items<Enquiry>(asked, "/v1/enquiries?box=inbox&state=known")).map((each) => each.entryId)).toEqual([
      null,
    ]);
  });
});

describe("after twenty working days", () => {
  /** What is under way ends first: to a message that is being handled, the leap would be the end of its visibility. */
  const lapseAt = async (time: string): Promise<void> => {
    await exchange.telling?.idle();
    vi.setSystemTime(time);
    await lapseEnquiries();
  };

  it("it lapses: its data is erased, its place is free, and both are told once", async () => {
    vi.setSystemTime(monday);
    const entryId = await listed();
    const { id } = await ask(entryId, "330", { note: "An aunt in Bournville." });
    const late = await ask(entryId, "202");
    await answer(late.id, "202", "known");

    await lapseAt("2026-02-09T09:29:59.999Z");
    expect((await of("201", id)).state).toBe("open");

    await lapseAt("2026-02-09T09:30:00.000Z");
    await lapseAt("2026-02-09T09:45:00.000Z");
    expect(await of("330", id)).toMatchObject({
      state: "lapsed",
      endedAt: "2026-02-09T09:30:00.000Z",
      erasedAt: "2026-02-09T09:30:00.000Z",
      answer: null,
    });
    expect([await isKept(id, "record"), await isKept(id, "note#000001")]).toEqual([false, false]);
    expect(done(await (await exchange.client("330")).get(`/v1/enquiries/${id}/notes`), 200)).toEqual({ items: [] });
    expect(await trailOf("201", id)).toEqual(["enquiry.asked", "enquiry.lapsed", "enquiry.child-read"]);
    expect(await askedAbout(entryId)).toEqual([]);
    expect(await feedOf("330", id)).toEqual(["enquiry.asked", "enquiry.lapsed"]);
    expect(await feedOf("201", id)).toEqual(["enquiry.asked", "enquiry.lapsed"]);
    expect((await mailsAbout(id)).filter((each) => !each.startsWith("enquiry-awaits"))).toEqual([
      "enquiry-lapsed: Your enquiry to Birmingham has lapsed -> cme-inbox@la-201.example.org",
      "enquiry-lapsed: Your enquiry to Birmingham has lapsed -> cme-lead@la-201.example.org",
    ]);
    const refused = await (await exchange.client("330")).post(`/v1/enquiries/${id}/answers`, {
      answer: "known",
      answeredBy: "330-lead",
    });
    expect(refusal(refused)).toEqual({ status: 409, code: "state-does-not-allow", state: "lapsed" });
  });

  it("of an answer, what was written with it is erased", async () => {
    vi.setSystemTime("2026-02-10T09:30:00.000Z");
    const { id } = await ask(await listed(), "330", { note: "An aunt." });
    await answer(id, "330", "cannot-say", { note: "We may not say." });
    expect([await isKept(id, "note#000001"), await isKept(id, "note#000002")]).toEqual([true, true]);
    await lapseAt("2026-03-10T09:30:00.000Z");
    expect([await isKept(id, "note#000001"), await isKept(id, "note#000002")]).toEqual([false, false]);
    expect(await of("201", id)).toMatchObject({ state: "cannot-say", erasedAt: "2026-03-10T09:30:00.000Z" });
    expect(await trailOf("330", id)).toEqual(["enquiry.asked", "enquiry.answered", "enquiry.erased"]);
    expect(await feedOf("330", id)).toEqual(["enquiry.asked", "enquiry.answered"]);
  });

  it("of `known` they are counted from the answer, so that the asker has the whole of them", async () => {
    vi.setSystemTime("2026-03-11T10:00:00.000Z");
    const entryId = await listed();
    const { id } = await ask(entryId, "330");
    vi.setSystemTime("2026-04-01T09:00:00.000Z");
    expect((await answer(id, "330", "known")).lapsesAt).toBe("2026-05-01T09:00:00.000Z");
    await lapseAt("2026-04-20T09:00:00.000Z");
    expect((await of("201", id)).state).toBe("known");
    await lapseAt("2026-05-01T09:00:00.000Z");
    expect((await of("201", id)).state).toBe("lapsed");
    expect(await askedAbout(entryId)).toEqual([]);
  });
});

describe("when an authority ends", () => {
  it("its enquiries pass to its successor, whether it asked or was asked", async () => {
    vi.setSystemTime("2026-05-18T09:00:00.000Z");
    const entryId = await listed("205");
    const asksOthers = await ask(entryId, "330", { note: "An aunt." }, "205");
    const about = await listed("201", { identity });
    const isAsked = await ask(about, "205");
    const plan = { predecessor: "205", effectiveOn: "2026-06-01", successors: [{ code: "206" }], remainderTo: "206" };
    const { reorganisationId } = done(await (await exchange.client("dfe")).post("/v1/reorganisations", plan));

    // The first moment of 1 June in England.
    vi.setSystemTime("2026-05-31T23:00:00.000Z");
    await applyReorganisations();
    await applyReorganisations();

    const successor = await exchange.client("206");
    expect(await of("206", asksOthers.id)).toMatchObject({ asker: "206", asked: "330", entryId, state: "open" });
    expect(done(await successor.get(`/v1/enquiries/${asksOthers.id}/notes`), 200)).toEqual({
      items: [{ sequence: 1, note: "An aunt." }],
    });
    await answer(asksOthers.id, "330", "known");
    const referral = done(await successor.post(`/v1/enquiries/${asksOthers.id}/referral`, { sentBy: "206-lead" }));
    expect(referral).toMatchObject({ sender: "206", recipient: "330" });

    expect(await of("206", isAsked.id)).toMatchObject({ asker: "201", asked: "206", state: "open" });
    expect(done(await successor.get(`/v1/enquiries/${isAsked.id}/child`), 200)).toEqual(enquired);
    expect(await askedAbout(about)).toEqual(["206"]);
    await answer(isAsked.id, "206", "not-known");
    expect(await askedAbout(about)).toEqual([]);
    expect(await trailOf("201", isAsked.id)).toEqual([
      "enquiry.asked",
      "enquiry.reassigned",
      "enquiry.child-read",
      "enquiry.answered",
    ]);
    const [, passed] = await items<Event>(await exchange.client("201"), `/v1/enquiries/${isAsked.id}/events`);
    expect(passed).toMatchObject({
      actor: { authority: "exchange", clientId: "exchange", contactId: null },
      details: { side: "asked", from: "205", to: "206", reorganisation: reorganisationId },
    });
    expect(await feedOf("206", isAsked.id)).toEqual(["enquiry.reassigned", "enquiry.answered"]);
  });
});
