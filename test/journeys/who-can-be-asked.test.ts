import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { askedAbout, type Body, done, items, question, refusal, sidesOn } from "../builders/enquiries.ts";
import { useExchange } from "../builders/exchange.ts";
import { anotherChild, submit } from "../builders/referral.ts";

/** A Monday. The clock goes forward only when told. */
const monday = "2026-01-12T09:30:00.000Z";
beforeAll(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date(monday) });
});
const exchange = useExchange();
afterAll(() => {
  vi.useRealTimers();
});

const { listed, ask, answer } = sidesOn(exchange);

const guidance = {
  section: "Working with other local authorities",
  text: "Local authorities should avoid making enquiries to a large number of local authorities, as this is not a secure method of sharing personal information.",
};

describe("who can't be asked", () => {
  it.each([
    ["oneself", "201", "is your own authority"],
    ["nobody's code", "999", "is not the code of a local authority"],
  ])("%s", async (_what, asked, detail) => {
    const client = await exchange.client("201");
    expect(refusal(await client.post("/v1/enquiries", question(await listed(), asked)))).toEqual({
      status: 422,
      code: "validation-failed",
      errors: [{ pointer: "/asked", detail }],
    });
  });

  it("an authority outside England, with whom to contact there", async () => {
    const client = await exchange.client("201");
    const { contacts, ...refused } = refusal(await client.post("/v1/enquiries", question(await listed(), "660")));
    expect(refused).toEqual({
      status: 422,
      code: "validation-failed",
      errors: [
        {
          pointer: "/asked",
          detail: "is in Wales, and nothing is sent there through the exchange: contact it yourself, see contacts",
        },
      ],
    });
    expect(contacts).toMatchObject([{ authority: "660" }, { authority: "660" }]);
  });

  it("anybody about a child who isn't on one's own list, is off it, or has been referred", async () => {
    const client = await exchange.client("201");
    const others = await listed("202");
    expect(refusal(await client.post("/v1/enquiries", question(others, "330")))).toEqual({
      status: 422,
      code: "validation-failed",
      errors: [{ pointer: "/entryId", detail: "does not lead to an entry on your CME list" }],
    });
    const off = await listed();
    done(
      await client.post(`/v1/cme-list/${off}/closure`, { as: "suitable-education-otherwise", provision: "At home." }),
    );
    expect(refusal(await client.post("/v1/enquiries", question(off, "330")))).toEqual({
      status: 409,
      code: "entry-closed",
    });
    const referred = await listed();
    await submit(client, { entryId: referred });
    expect(refusal(await client.post("/v1/enquiries", question(referred, "330")))).toEqual({
      status: 409,
      code: "entry-already-referred",
    });
  });

  it("the same authority twice at one time", async () => {
    const client = await exchange.client("201");
    const entryId = await listed();
    const { id } = await ask(entryId, "330");
    expect(refusal(await client.post("/v1/enquiries", question(entryId, "330")))).toEqual({
      status: 409,
      code: "already-asked",
      enquiryId: id,
    });
    await answer(id, "330", "not-known");
    await ask(entryId, "330");
  });

  it("a sixth authority at one time, in the guidance's words, until one has answered", async () => {
    const client = await exchange.client("201");
    const entryId = await listed();
    const asked = ["330", "202", "203", "204", "205"];
    const enquiries: { enquiryId: string; asked: string }[] = [];
    for (const code of asked) enquiries.push({ enquiryId: (await ask(entryId, code)).id, asked: code });
    expect(refusal(await client.post("/v1/enquiries", question(entryId, "206")))).toEqual({
      status: 409,
      code: "too-many-enquiries",
      guidance,
      enquiries,
    });
    await answer(enquiries[1]?.enquiryId ?? "", "202", "cannot-say");
    await ask(entryId, "206");
    expect(await askedAbout(entryId)).toEqual(["330", "203", "204", "205", "206"]);
  });

  it("a sixth authority about a child who is on one's list twice", async () => {
    const child = anotherChild();
    const entries = [await listed("201", child), await listed("201", child)];
    const enquiries: { enquiryId: string; asked: string }[] = [];
    for (const [index, asked] of ["330", "202", "203", "204", "205"].entries()) {
      enquiries.push({ enquiryId: (await ask(entries[index % 2] ?? "", asked)).id, asked });
    }
    const client = await exchange.client("201");
    for (const entryId of entries) {
      const refused = refusal(await client.post("/v1/enquiries", question(entryId, "206")));
      expect(refused).toMatchObject({ status: 409, code: "too-many-enquiries", guidance });
      expect(refused.enquiries).toHaveLength(5);
      expect(refused.enquiries).toEqual(expect.arrayContaining(enquiries));
    }
    expect(refusal(await client.post("/v1/enquiries", question(entries[1] ?? "", "330")))).toEqual({
      status: 409,
      code: "already-asked",
      enquiryId: enquiries[0]?.enquiryId,
    });
  });

  it("a sixth authority about a child whom a temporary authority has taken on too, without telling whom that asks", async () => {
    const [sender, temporary] = [await exchange.client("201"), await exchange.client("209")];
    const child = anotherChild();
    const { id } = await submit(sender, { child, temporaryAuthority: "209" });
    const taken = String(done(await temporary.post(`/v1/referrals/${id}/temporary-entry`, {})).entryId);
    done(await sender.post(`/v1/referrals/${id}/withdrawal`, { reason: "They never went there." }));
    const [back] = (await items<{ entryId: string; referralId: string }>(sender, "/v1/cme-list")).filter(
      (each) => each.referralId === id,
    );
    const own: { enquiryId: string; asked: string }[] = [];
    for (const asked of ["330", "202"]) own.push({ enquiryId: (await ask(taken, asked, {}, "209")).id, asked });
    for (const asked of ["203", "204", "205"]) await ask(back?.entryId ?? "", asked);
    const sixth = question(taken, "206", { openedBy: "209-lead" });
    expect(refusal(await temporary.post("/v1/enquiries", sixth))).toEqual({
      status: 409,
      code: "too-many-enquiries",
      guidance,
      enquiries: own,
    });
    // It has what the child is known by already.
    await ask(taken, "203", {}, "209");
  });

  it("nobody because of what others ask who know nothing of it", async () => {
    const child = anotherChild();
    const [one, other] = [await listed("201", child), await listed("202", child)];
    for (const asked of ["330", "203", "204", "205", "206"]) await ask(one, asked);
    for (const asked of ["330", "207", "208", "209", "210"]) await ask(other, asked, {}, "202");
    expect(await askedAbout(other)).toEqual(["330", "207", "208", "209", "210"]);
  });

  it("more than five of ten that are asked at once about a child who is on one's list twice", async () => {
    const client = await exchange.client("201");
    const child = anotherChild();
    const entries = [await listed("201", child), await listed("201", child)];
    const asked = ["330", "202", "203", "204", "205", "206", "207", "208", "209", "210"];
    const answers = await Promise.all(
      asked.map((each, index) => client.post("/v1/enquiries", question(entries[index % 2] ?? "", each))),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(5);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201, 409]));
    expect([...(await askedAbout(entries[0] ?? "")), ...(await askedAbout(entries[1] ?? ""))]).toHaveLength(5);
  });

  it("more than five of ten that are asked at once", async () => {
    const client = await exchange.client("201");
    const entryId = await listed();
    const codes = ["202", "203", "204", "205", "206", "207", "208", "209", "210", "211"];
    const answers = await Promise.all(codes.map((code) => client.post("/v1/enquiries", question(entryId, code))));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 201, 201, 201, 409, 409, 409, 409, 409]);
    const refused = answers.filter(({ status }) => status === 409).map((each) => refusal(each).code);
    expect(new Set(refused)).toEqual(new Set(["too-many-enquiries"]));
    const asked = answers.flatMap((each) => (each.status === 201 ? [(each.json() as Body).asked] : []));
    expect((await askedAbout(entryId)).sort()).toEqual(asked.sort());
  });
});
