import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Answer } from "../../infra/local/client.ts";
import type { Contact } from "../../shared/domain/contacts.ts";
import { contactUnchanged, readAuthority } from "../../shared/store/directory.ts";
import { commit, dynamoClient } from "../../shared/store/dynamo.ts";
import { useExchange } from "../builders/exchange.ts";
import { onRegister, partiesOn, retire } from "../builders/handoff.ts";
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

const {
  referFrom,
  get,
  act,
  acted,
  receive,
  locate,
  lose,
  remove,
  conclude,
  referral,
  entryUnder,
  entryNow,
  addToList,
  story,
  types,
  refused,
  faultsOf,
} = partiesOn(exchange);

describe("before receipt", () => {
  it("withdrawing leaves the child on the sender's list", async () => {
    const { id } = await referFrom("201");
    expect(await acted("201", id, "withdrawal", { reason: "The child is back in school." })).toMatchObject({
      id,
      state: "withdrawn",
      version: 2,
    });
    expect(await entryUnder("201", id)).toMatchObject({ status: "suspected", closure: null, version: 2 });
    expect(await types(id)).toEqual(["referral.submitted", "referral.withdrawn"]);
  });

  it("returning names the reason and the authority it should have gone to", async () => {
    const { id } = await referFrom("201");
    const body = { reason: "wrong-authority", suggestedRecipient: "202", note: "The address is in Camden." };
    expect(await acted("330", id, "return", body)).toMatchObject({
      id,
      state: "returned",
      receivedAt: null,
      version: 2,
    });
    expect(await entryUnder("201", id)).toMatchObject({ status: "suspected", closure: null, version: 2 });
    expect((await story(id)).at(-1)).toMatchObject({
      type: "referral.returned",
      actor: { authority: "330", clientId: "cme-330", contactId: null },
      details: { reason: "wrong-authority", suggestedRecipient: "202" },
    });
    const { entryId } = await entryUnder("201", id);
    expect(await referFrom("201", { entryId, recipient: "202" })).toMatchObject({ state: "awaiting-receipt" });
  });

  it.each(["withdrawn", "returned"])("nothing can be done any more once it is %s", async (state) => {
    const { id } = await referFrom("201");
    if (state === "withdrawn") await acted("201", id, "withdrawal", { reason: "A mistake." });
    else await acted("330", id, "return", { reason: "duplicate" });
    const answers = [
      await act("201", id, "withdrawal", { reason: "Again." }),
      await act("330", id, "return", { reason: "duplicate" }),
      await act("330", id, "receipt", { confirmedBy: "330-lead" }),
      await act("330", id, "finding", { finding: "located", foundBy: "330-lead" }),
      await act("330", id, "finding", { finding: "not-located", foundBy: "330-lead" }),
      await act("330", id, "conclusion", onRegister),
    ];
    for (const answer of answers) {
      expect(answer.status).toBe(409);
      expect(answer.json()).toMatchObject({ code: "state-does-not-allow", state, version: 2 });
    }
    const removal = await act("201", id, "removal", { removedBy: "201-lead" });
    expect(removal.status).toBe(409);
    expect(removal.json()).toMatchObject({ code: "removal-not-permitted", state, reasons: [{ code: state }] });
    expect(await referral("201", id)).toMatchObject({ state, version: 2 });
  });

  it("the gate is shut and says so", async () => {
    const { id } = await referFrom("201");
    expect((await get("201", `/v1/referrals/${id}/removal`)).json()).toEqual({
      permitted: false,
      reasons: [
        {
          code: "awaiting-receipt",
          text: "The receiving authority has not confirmed receipt of the referral.",
          guidance:
            "“The previous local authority should not remove the child’s name from their CME list until the receiving local authority confirms receipt of the referral.” (Statutory guidance, “Working with other local authorities”)",
        },
      ],
      certificate: null,
    });
    const removal = await act("201", id, "removal", { removedBy: "201-lead" });
    expect(removal.status).toBe(409);
    expect(await entryUnder("201", id)).toMatchObject({ status: "suspected", version: 1 });
    expect(await types(id)).toEqual(["referral.submitted"]);
  });
});

describe("from receipt to conclusion", () => {
  it("both lists have the child from the receipt on, until the sender removes it", async () => {
    const { id } = await referFrom("201");
    expect(await receive(id)).toMatchObject({
      referral: { state: "received", receivedAt: now, receivedBy: "330-lead", overdue: false, version: 2 },
    });
    expect(await entryUnder("201", id)).toMatchObject({ status: "suspected", version: 1 });
    expect(await entryUnder("330", id)).toEqual({
      entryId: expect.any(String),
      status: "suspected",
      openedAt: now,
      openedBy: "330",
      referralId: id,
      closure: null,
      retained: null,
      version: 1,
    });
    expect((await get("201", `/v1/referrals/${id}/removal`)).json()).toEqual({
      permitted: true,
      reasons: [],
      certificate: null,
    });

    const { certificate, entry: removed } = await remove(id);
    expect(removed).toEqual({
      entryId: expect.any(String),
      status: "closed",
      openedAt: now,
      openedBy: "201",
      referralId: id,
      closure: { as: "transferred", at: now, referralId: id },
      retained: null,
      version: 2,
    });
    expect(await entryUnder("201", id)).toEqual(removed);
    expect(await entryUnder("330", id)).toMatchObject({ status: "suspected", version: 1 });
    expect(await referral("330", id)).toMatchObject({ state: "received", version: 3 });
    expect((await get("201", `/v1/referrals/${id}/removal`)).json()).toMatchObject({
      permitted: false,
      reasons: [{ code: "already-removed" }],
      certificate,
    });
    const again = await act("201", id, "removal", { removedBy: "201-lead" });
    expect(again.status).toBe(409);
    expect(again.json()).toMatchObject({ reasons: [{ code: "already-removed" }] });

    expect(await locate(id)).toMatchObject({ state: "located", finding: "located", version: 4 });
    expect(await entryUnder("330", id)).toMatchObject({ status: "confirmed", closure: null, version: 2 });
    expect(await conclude(id)).toMatchObject({ state: "concluded", concludedAt: now, version: 5 });
    expect(await entryUnder("330", id)).toMatchObject({
      status: "closed",
      closure: { as: "on-school-register", at: now, schoolUrn: "103200", startDate: "2026-11-02" },
      retained: null,
      version: 3,
    });
    expect(await story(id)).toMatchObject([
      { type: "referral.submitted", actor: { authority: "201", clientId: "cme-201", contactId: "201-lead" } },
      { type: "referral.received", actor: { authority: "330", clientId: "cme-330", contactId: "330-lead" } },
      { type: "referral.removed", actor: { authority: "201", clientId: "cme-201", contactId: "201-lead" } },
      { type: "referral.located", actor: { authority: "330", clientId: "cme-330", contactId: "330-inbox" } },
      {
        type: "referral.concluded",
        actor: { authority: "330", clientId: "cme-330", contactId: null },
        details: { outcome: "on-school-register" },
      },
    ]);
  });

  it("not located, and never removed: the child has stayed on the sender's list", async () => {
    const { id } = await referFrom("201");
    await receive(id);
    expect(await lose(id)).toMatchObject({ state: "not-located", finding: "not-located", version: 3 });
    expect(await entryUnder("201", id)).toMatchObject({ status: "suspected", closure: null, version: 2 });
    expect(await entryUnder("330", id)).toMatchObject({
      status: "closed",
      closure: { as: "not-located", at: now, referralId: id },
      version: 2,
    });
    const removal = await act("201", id, "removal", { removedBy: "201-lead" });
    expect(removal.status).toBe(409);
    expect(removal.json()).toMatchObject({ state: "not-located", reasons: [{ code: "not-located" }] });
    const { entryId } = await entryUnder("201", id);
    expect(await referFrom("201", { entryId, recipient: "202" })).toMatchObject({ state: "awaiting-receipt" });
  });

  it("not located after the removal: the child is back on the sender's list", async () => {
    const { id } = await referFrom("201");
    await receive(id);
    await remove(id);
    await lose(id);
    expect(await entryUnder("201", id)).toMatchObject({ status: "suspected", closure: null, version: 3 });
    expect(await entryUnder("330", id)).toMatchObject({ status: "closed", closure: { as: "not-located" } });
    expect(await types(id)).toEqual([
      "referral.submitted",
      "referral.received",
      "referral.removed",
      "referral.not-located",
    ]);
    const { entryId } = await entryUnder("201", id);
    const next = await referFrom("201", { entryId, recipient: "202" });
    expect((await get("201", `/v1/cme-list/${entryId}`)).json()).toMatchObject({
      status: "suspected",
      referralId: next.id,
    });
  });

  it("not concluded before the child starts at the school", async () => {
    const { id } = await submit(await exchange.client("201"));
    await receive(id);
    await locate(id);
    const answer = await act("330", id, "conclusion", { ...onRegister, startDate: "2026-11-24" });
    expect(answer.status, answer.text).toBe(422);
    expect(answer.json()).toMatchObject({
      errors: [
        {
          pointer: "/startDate",
          detail:
            "is in the future. Children missing education are also those who “have been offered a school place for a future date but have not yet started” (Statutory guidance, “Who are children missing education”)",
        },
      ],
    });
    expect(await referral("201", id)).toMatchObject({ state: "located" });
  });

  it("concluded with education otherwise than at school, and removed after that", async () => {
    const { id } = await referFrom("201");
    await receive(id);
    await locate(id);
    const otherwise = { outcome: "suitable-education-otherwise", provision: "Taught at home, seen on 20 November." };
    expect(await acted("330", id, "conclusion", otherwise)).toMatchObject({ state: "concluded", concludedAt: now });
    expect(await entryUnder("330", id)).toMatchObject({
      status: "closed",
      closure: { as: "suitable-education-otherwise", at: now },
    });
    expect(await entryUnder("201", id)).toMatchObject({ status: "suspected", closure: null });
    expect(await remove(id)).toMatchObject({
      entry: { status: "closed", closure: { as: "transferred", referralId: id } },
    });
    expect(await referral("201", id)).toMatchObject({ state: "concluded", concludedAt: now, version: 5 });
    expect(await types(id)).toEqual([
      "referral.submitted",
      "referral.received",
      "referral.located",
      "referral.concluded",
      "referral.removed",
    ]);
  });

  it("takes no other order", async () => {
    const { id } = await referFrom("201");
    const states = async (...answers: Promise<Answer>[]) =>
      (await Promise.all(answers)).map(({ status, json }) => [status, (json() as { state: string }).state]);
    const finding = { finding: "located", foundBy: "330-lead" };
    expect(await states(act("330", id, "finding", finding), act("330", id, "conclusion", onRegister))).toEqual([
      [409, "awaiting-receipt"],
      [409, "awaiting-receipt"],
    ]);
    await receive(id);
    expect(
      await states(
        act("330", id, "receipt", { confirmedBy: "330-inbox" }),
        act("330", id, "return", { reason: "duplicate" }),
        act("201", id, "withdrawal", { reason: "Too late." }),
        act("330", id, "conclusion", onRegister),
      ),
    ).toEqual([
      [409, "received"],
      [409, "received"],
      [409, "received"],
      [409, "received"],
    ]);
    await locate(id);
    expect(
      await states(
        act("330", id, "finding", finding),
        act("330", id, "finding", { finding: "not-located", foundBy: "330-lead" }),
      ),
    ).toEqual([
      [409, "located"],
      [409, "located"],
    ]);
    expect(await referral("201", id)).toMatchObject({ state: "located", version: 3, receivedBy: "330-lead" });
  });
});

describe("a child who has moved on", () => {
  it("is referred on from the same entry, and its removal concludes the referral by which it came", async () => {
    const first = await referFrom("201");
    await receive(first.id);
    await locate(first.id);
    const held = await entryUnder("330", first.id);

    const second = await referFrom("330", { recipient: "202", followsReferralId: first.id });
    expect(second).toMatchObject({ sender: "330", recipient: "202", followsReferralId: first.id });
    expect(await entryNow("330", held)).toMatchObject({ status: "confirmed", referralId: second.id });
    const third = await refused({ recipient: "203", followsReferralId: first.id }, "330");
    expect(third.status).toBe(409);
    expect(third.json()).toMatchObject({ code: "entry-already-referred", referralId: second.id });

    await receive(second.id, "202");
    expect(await referral("201", first.id)).toMatchObject({ state: "located", concludedAt: null });
    await remove(second.id, "330");
    expect(await entryNow("330", held)).toMatchObject({
      status: "closed",
      closure: { as: "transferred", at: now, referralId: second.id },
    });
    expect(await referral("201", first.id)).toMatchObject({ state: "concluded", concludedAt: now });
    expect((await story(first.id)).at(-1)).toMatchObject({
      type: "referral.concluded",
      actor: { authority: "330", clientId: "cme-330", contactId: "330-lead" },
      details: { outcome: "transferred" },
    });
    expect(await entryUnder("202", second.id)).toMatchObject({ status: "suspected", closure: null });
    expect(await entryUnder("201", first.id)).toMatchObject({ status: "suspected", closure: null });
    await remove(first.id);
    expect(await entryUnder("201", first.id)).toMatchObject({
      status: "closed",
      closure: { as: "transferred", referralId: first.id },
    });
  });

  it("is back on the list of the one who referred it on, if it is not there either", async () => {
    const first = await referFrom("201");
    await receive(first.id);
    await remove(first.id);
    const held = await entryUnder("330", first.id);
    const second = await referFrom("330", { recipient: "202", followsReferralId: first.id });
    await receive(second.id, "202");
    await remove(second.id, "330");
    await lose(second.id, "202");
    expect(await entryNow("330", held)).toMatchObject({ status: "suspected", closure: null });
    expect(await entryUnder("202", second.id)).toMatchObject({ status: "closed" });
    expect(await entryUnder("201", first.id)).toMatchObject({ status: "closed" });
  });

  it.each([
    ["is concluded", "concluded", { as: "on-school-register", at: now, schoolUrn: "103200", startDate: "2026-11-02" }],
    ["finds no child", "not-located", { as: "not-located", at: now }],
  ] as const)("whose first referral %s is not waited for by the next", async (_, state, closure) => {
    const first = await referFrom("201");
    await receive(first.id);
    const held = await entryUnder("330", first.id);
    if (state === "concluded") await locate(first.id);
    const second = await referFrom("330", { recipient: "202", followsReferralId: first.id });
    await (state === "concluded" ? conclude(first.id) : lose(first.id));
    expect(await referral("201", first.id)).toMatchObject({ state });
    expect(await referral("202", second.id)).toMatchObject({ state: "withdrawn" });
    expect(await types(second.id, ["330", "202"])).toEqual(["referral.submitted", "referral.withdrawn"]);
    expect(await entryNow("330", held)).toMatchObject({ status: "closed", closure });
    const late = await act("202", second.id, "receipt", { confirmedBy: "202-lead" });
    expect(late.status).toBe(409);
  });

  it("stays with whoever has received it when the first recipient concludes", async () => {
    const first = await referFrom("201");
    await receive(first.id);
    await locate(first.id);
    const second = await referFrom("330", { recipient: "202", followsReferralId: first.id });
    await receive(second.id, "202");
    await conclude(first.id);
    expect(await referral("202", second.id)).toMatchObject({ state: "received" });
    expect(await entryUnder("202", second.id)).toMatchObject({ status: "suspected" });
    expect((await get("330", `/v1/referrals/${second.id}/removal`)).json()).toMatchObject({
      permitted: false,
      reasons: [{ code: "entry-closed" }],
    });
  });

  it.each(["awaits receipt", "is received"])(
    "can't be removed under an older referral while a newer one %s, so that it stays on a list",
    async (newer) => {
      const first = await referFrom("201");
      await receive(first.id);
      await locate(first.id);
      await conclude(first.id);
      const { entryId } = await entryUnder("201", first.id);
      const second = await referFrom("201", { entryId, recipient: "202" });
      if (newer === "is received") await receive(second.id, "202");

      const shut = { permitted: false, reasons: [{ code: "referred-again" }], certificate: null };
      expect((await get("201", `/v1/referrals/${first.id}/removal`)).json()).toMatchObject(shut);
      const removal = await act("201", first.id, "removal", { removedBy: "201-lead" });
      expect(removal.status).toBe(409);
      expect(removal.json()).toMatchObject({ code: "removal-not-permitted", reasons: [{ code: "referred-again" }] });

      if (newer === "is received") {
        await remove(second.id);
        await lose(second.id, "202");
      }
      expect((await get("201", `/v1/cme-list/${entryId}`)).json()).toMatchObject({
        status: "suspected",
        closure: null,
      });
    },
  );

  it("is followed from the entry that the followed referral opened and from no other", async () => {
    const first = await referFrom("201");
    await receive(first.id);
    const held = await entryUnder("330", first.id);
    const other = await addToList("330");
    const follow = { recipient: "202", followsReferralId: first.id };
    expect(await faultsOf({ ...follow, entryId: other.entryId }, "330")).toEqual([
      { pointer: "/entryId", detail: "is not the entry of the child it follows" },
    ]);
    const second = await referFrom("330", { ...follow, entryId: held.entryId });
    expect(await entryNow("330", held)).toMatchObject({ referralId: second.id });
  });

  it("follows only a referral that the sender received", async () => {
    const { id } = await referFrom("201");
    await receive(id);
    const faults = [{ pointer: "/followsReferralId", detail: "is not a referral that your authority received" }];
    expect(await faultsOf({ recipient: "202", followsReferralId: id })).toEqual(faults);
    expect(await faultsOf({ recipient: "330", followsReferralId: id }, "202")).toEqual(faults);
    const followsReferralId = "019f0000-0000-7000-8000-00000000dead";
    expect(await faultsOf({ recipient: "202", followsReferralId }, "330")).toEqual(faults);
    const unreceived = await referFrom("201");
    expect(await faultsOf({ recipient: "202", followsReferralId: unreceived.id }, "330")).toEqual(faults);
  });

  it("gets a new entry with whoever found no child and refers all the same", async () => {
    const first = await referFrom("201");
    await receive(first.id);
    const held = await entryUnder("330", first.id);
    await lose(first.id);
    const second = await referFrom("330", { recipient: "202", followsReferralId: first.id });
    expect(await entryNow("330", held)).toMatchObject({ status: "closed", referralId: first.id });
    expect(await entryUnder("330", second.id)).toMatchObject({ status: "suspected", version: 1 });
  });
});

describe("who may", () => {
  const nobodys = "019f0000-0000-7000-8000-00000000dead";
  const actions = [
    ["receipt", { confirmedBy: "330-lead" }, "recipient"],
    ["return", { reason: "duplicate" }, "recipient"],
    ["withdrawal", { reason: "A mistake." }, "sender"],
    ["finding", { finding: "located", foundBy: "330-lead" }, "recipient"],
    ["conclusion", onRegister, "recipient"],
    ["removal", { removedBy: "201-lead" }, "sender"],
  ] as const;
  const views = ["", "/child", "/notes", "/receipt", "/removal", "/events"];

  it("only the party whose part it is", async () => {
    const { id } = await referFrom("201");
    for (const [action, body, role] of actions) {
      const answer = await act(role === "sender" ? "330" : "201", id, action, body);
      expect([action, answer.status]).toEqual([action, 403]);
      expect(answer.json()).toMatchObject({
        code: "not-your-role",
        detail: `Only the ${role} of the referral may do this.`,
      });
    }
    expect((await get("330", `/v1/referrals/${id}/removal`)).json()).toMatchObject({ code: "not-your-role" });
    expect(await types(id)).toEqual(["referral.submitted"]);
  });

  it("nobody else: for a third authority there is nothing, as if there were nothing", async () => {
    const { id } = await referFrom("201");
    await receive(id);
    const before = await story(id);
    const answers = (each: string) =>
      Promise.all([
        ...views.map((view) => get("203", `/v1/referrals/${each}${view}`)),
        ...actions.map(([action, body]) => act("203", each, action, body)),
      ]);
    const shown = (answer: Answer) => {
      const { instance, ...problem } = answer.json() as Record<string, unknown>;
      expect(instance).toBe(answer.headers.get("x-request-id"));
      return problem;
    };
    const notFound = {
      type: "urn:cme-referral-exchange:problem:not-found",
      title: "Not found",
      status: 404,
      detail: "There is nothing at this address that you may see.",
      code: "not-found",
    };
    expect((await answers(id)).map(shown)).toEqual(Array(12).fill(notFound));
    expect((await answers(nobodys)).map(shown)).toEqual(Array(12).fill(notFound));
    expect(await story(id)).toEqual(before);
    const { entryId } = await entryUnder("201", id);
    expect((await get("330", `/v1/cme-list/${entryId}`)).status).toBe(404);
  });

  it("the temporary authority sees the summary and the child, and neither acts nor sees the trail", async () => {
    const { id } = await referFrom("201", { temporaryAuthority: "202" });
    await receive(id);
    expect(await referral("202", id)).toMatchObject({ id, temporaryAuthority: "202", state: "received" });
    expect((await get("202", `/v1/referrals/${id}/child`)).json()).toEqual(exampleReferral().child);
    for (const view of ["/receipt", "/removal", "/events"]) {
      expect([view, (await get("202", `/v1/referrals/${id}${view}`)).status]).toEqual([view, 404]);
    }
    for (const [action, body] of actions) {
      expect([action, (await act("202", id, action, body)).status]).toEqual([action, 404]);
    }
    expect((await story(id)).at(-1)).toMatchObject({
      type: "referral.child-read",
      actor: { authority: "202", clientId: "cme-202", contactId: null },
    });
  });
});

describe("named contacts", () => {
  it.each(["201-lead", "330-nobody", "202-inbox"])("%s can't confirm for Birmingham", async (contactId) => {
    const { id } = await referFrom("201");
    const fault = (pointer: string) => ({
      code: "validation-failed",
      errors: [{ pointer, detail: "is not a named contact of your authority in effect" }],
    });
    const early = await act("330", id, "receipt", { confirmedBy: contactId });
    expect(early.status).toBe(422);
    expect(early.json()).toMatchObject(fault("/confirmedBy"));
    await receive(id);
    const finding = await act("330", id, "finding", { finding: "located", foundBy: contactId });
    expect(finding.json()).toMatchObject(fault("/foundBy"));
    const removedBy = contactId === "201-lead" ? "330-lead" : contactId;
    expect((await act("201", id, "removal", { removedBy })).json()).toMatchObject(fault("/removedBy"));
    expect(await referral("330", id)).toMatchObject({ state: "received", version: 2 });
  });

  it("a retired contact can no longer confirm, find, send or remove", async () => {
    const incoming = await referFrom("201", { recipient: "203" });
    const received = await referFrom("201", { recipient: "203" });
    await receive(received.id, "203");
    const sent = await referFrom("203", { recipient: "330" });
    await receive(sent.id);
    await retire("203-lead", now);
    const faults = async (answer: Answer) => [answer.status, (answer.json() as { errors: unknown }).errors];
    const fault = (pointer: string) => [
      422,
      [{ pointer, detail: "is not a named contact of your authority in effect" }],
    ];
    expect(await faults(await act("203", incoming.id, "receipt", { confirmedBy: "203-lead" }))).toEqual(
      fault("/confirmedBy"),
    );
    expect(await faults(await act("203", received.id, "finding", { finding: "located", foundBy: "203-lead" }))).toEqual(
      fault("/foundBy"),
    );
    expect(await faults(await act("203", sent.id, "removal", { removedBy: "203-lead" }))).toEqual(fault("/removedBy"));
    expect(await faults(await refused({ sentBy: "203-lead" }, "203"))).toEqual(fault("/sentBy"));
    expect(await acted("203", incoming.id, "receipt", { confirmedBy: "203-inbox" })).toMatchObject({
      referral: { state: "received", receivedBy: "203-inbox" },
    });
  });

  it("makes a transaction fail that rests on the contact as it was before", async () => {
    const directory = await readAuthority(dynamoClient(), "cme-directory", "206");
    const { "206-lead": lead, "206-inbox": inbox } = directory?.contacts ?? {};
    if (!lead || !inbox) throw new Error("206 has no contacts");
    const lost = async (contact: Contact) => {
      const outcome = await commit(dynamoClient(), [contactUnchanged("cme-directory", contact)]);
      return outcome.committed ? [] : [...outcome.lost.keys()];
    };
    expect(await lost(lead)).toEqual([]);
    await retire("206-lead", now);
    expect(await lost(lead)).toEqual(["contact"]);
    expect(await lost(inbox)).toEqual([]);
    expect(await lost({ ...inbox, contactId: "206-nobody" })).toEqual(["contact"]);
    expect(await lost({ ...inbox, authority: "999" })).toEqual(["contact"]);
  });
});
