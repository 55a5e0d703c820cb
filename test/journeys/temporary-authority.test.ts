import { describe, expect, it } from "vitest";
import type { Answer } from "../../infra/local/client.ts";
import { useExchange } from "../builders/exchange.ts";
import { exampleReferral, submit } from "../builders/referral.ts";

/** City of London (201) refers to Birmingham (330); the family is in temporary accommodation in Camden (202). */
const exchange = useExchange({ telling: true });

type Body = Record<string, unknown>;
const json = (answer: Answer, status: number): Body => {
  expect(answer.status, answer.text).toBe(status);
  return answer.json() as Body;
};
const get = async (owner: string, path: string, status = 200): Promise<Body> =>
  json(await (await exchange.client(owner)).get(path), status);
const post = async (owner: string, path: string, body: object, status = 201): Promise<Body> =>
  json(await (await exchange.client(owner)).post(path, body), status);
const refer = async (changes: Body = {}): Promise<string> =>
  (await submit(await exchange.client("201"), { temporaryAuthority: "202", ...changes })).id;

const childIn = (accommodation: Body): Body => ({
  ...exampleReferral().child,
  addresses: { accommodation },
});
const warnings = async (changes: Body): Promise<unknown> =>
  (await post("201", "/v1/referrals", { ...exampleReferral(), ...changes })).warnings;

const rule = (text: string) => `“${text}” (Statutory guidance, “Children in temporary accommodation”)`;
const homeOffice = rule(
  "When an accompanied asylum-seeking or refugee child is temporarily housed by the Home Office, the temporary local authority assumes CME responsibilities.",
);

describe("the temporary authority", () => {
  it("is told of the referral by email and feed, without anything of the child", async () => {
    const before = exchange.mailbox().length;
    const id = await refer();
    await exchange.telling?.idle();
    const mails = exchange.mailbox().slice(before);
    expect(mails.map(({ template, emailAddress }) => `${template} ${emailAddress}`).sort()).toEqual([
      "referral-awaits cme-inbox@la-330.example.org",
      "referral-awaits cme-lead@la-330.example.org",
      "referral-temporary cme-inbox@la-202.example.org",
      "referral-temporary cme-lead@la-202.example.org",
    ]);
    const told = mails.find(({ template }) => template === "referral-temporary");
    expect(told?.subject).toBe("City of London has referred a child in temporary accommodation in your area");
    expect(told?.body).toContain(`/v1/referrals/${id}`);
    const feed = (await get("202", "/v1/events?limit=100")).items as { type: string; data: Body }[];
    expect(feed.filter(({ data }) => data.referralId === id).map(({ type }) => type)).toEqual(["referral.submitted"]);
  });

  it("has a box of the referrals that name it, newest first", async () => {
    const [first, second] = [await refer(), await refer()];
    await post("330", `/v1/referrals/${first}/receipt`, { confirmedBy: "330-lead" });
    const ids = async (query: string) =>
      ((await get("202", `/v1/referrals?box=temporary&limit=100${query}`)).items as Body[])
        .map(({ id }) => id)
        .filter((id) => id === first || id === second);
    expect(await ids("")).toEqual([second, first]);
    expect(await ids("&state=received")).toEqual([first]);
    expect(await ids("&overdue=false")).toEqual([second, first]);
    expect(await ids("&overdue=true")).toEqual([]);
    expect((await get("203", "/v1/referrals?box=temporary")).items).toEqual([]);
  });

  it("takes the child on its own list, once, and the two parties see that it did", async () => {
    const id = await refer();
    await post("330", `/v1/referrals/${id}/receipt`, { confirmedBy: "330-lead" });
    const path = `/v1/referrals/${id}/temporary-entry`;
    const entry = await post("202", path, {});
    expect(entry).toMatchObject({ status: "suspected", openedBy: "202", referralId: null, closure: null, version: 1 });
    expect(await get("202", `/v1/cme-list/${entry.entryId}/child`)).toEqual(exampleReferral().child);
    expect((await post("202", path, {}, 409)).code).toBe("already-there");
    for (const owner of ["201", "330"]) {
      expect((await post(owner, path, {}, 403)).code).toBe("not-your-role");
      const events = (await get(owner, `/v1/referrals/${id}/events`)).items as Body[];
      expect(events.at(-1)).toMatchObject({
        type: "referral.temporary-listed",
        actor: { authority: "202", clientId: "cme-202", contactId: null },
        details: {},
      });
    }
    expect((await get("202", `/v1/cme-list/${entry.entryId}/events`)).items).toMatchObject([
      { type: "entry.added", details: { referralId: id } },
      { type: "entry.child-read" },
    ]);
  });

  it("keeps its entry, whatever becomes of the referral, and takes it off its list in its own way", async () => {
    const id = await refer();
    const { entryId } = await post("202", `/v1/referrals/${id}/temporary-entry`, {});
    await post("201", `/v1/referrals/${id}/withdrawal`, { reason: "The family has come back." });
    expect(await get("202", `/v1/cme-list/${entryId}`)).toMatchObject({ status: "suspected" });
    const provision = "At home, seen on 20 November.";
    const closure = { as: "suitable-education-otherwise", provision };
    expect(await post("202", `/v1/cme-list/${entryId}/closure`, closure)).toMatchObject({ status: "closed" });
    expect((await post("202", `/v1/referrals/${id}/temporary-entry`, {}, 409)).code).toBe("already-there");
  });

  it.each([
    ["withdrawn", "201", "withdrawal", { reason: "The family has come back." }],
    ["returned", "330", "return", { reason: "wrong-authority" }],
  ])("takes no child on from a referral that was %s", async (state, owner, action, body) => {
    const id = await refer();
    await post(owner, `/v1/referrals/${id}/${action}`, body);
    expect(await post("202", `/v1/referrals/${id}/temporary-entry`, {}, 409)).toMatchObject({
      code: "state-does-not-allow",
      state,
    });
  });

  it("has the record as it stands on its list, after a correction", async () => {
    const id = await refer();
    const child = { ...exampleReferral().child, siblings: [{ forename: "Ada" }] };
    await post("201", `/v1/referrals/${id}/child`, { child, by: "201-lead" });
    const { entryId } = await post("202", `/v1/referrals/${id}/temporary-entry`, {});
    expect(await get("202", `/v1/cme-list/${entryId}/child`)).toEqual(child);
  });
});

describe("a referral of a child in temporary accommodation", () => {
  it.each([
    [
      "temporary, and nobody named",
      { child: childIn({ temporary: true }) },
      [
        {
          code: "temporary-authority-not-named",
          pointer: "/temporaryAuthority",
          detail: `names nobody: right only if the accommodation is in the recipient's area or in yours. ${rule("The temporary local authority, however, should also be included in the discussion.")}`,
        },
      ],
    ],
    [
      "of the Home Office, and nobody named",
      { child: childIn({ temporary: true, homeOfficeProvided: true }) },
      [
        {
          code: "temporary-authority-not-named",
          pointer: "/temporaryAuthority",
          detail: `names nobody: right only if the recipient is the authority in whose area the accommodation is. ${homeOffice}`,
        },
      ],
    ],
    [
      "of the Home Office in a third authority",
      { child: childIn({ homeOfficeProvided: true }), temporaryAuthority: "202" },
      [
        {
          code: "home-office-placement",
          pointer: "/recipient",
          detail: `is not the temporary authority. ${homeOffice} Refer the child to it, or see that it adds the child to its CME list from this referral`,
        },
      ],
    ],
    ["temporary, in a third authority", { child: childIn({ temporary: true }), temporaryAuthority: "202" }, []],
    ["not temporary", { child: childIn({ temporary: false, homeOfficeProvided: false }) }, []],
    ["not said to be either", {}, []],
  ])("%s, is accepted with the guidance's words where they matter", async (_what, changes, expected) => {
    expect(await warnings(changes)).toEqual(expected);
  });
});
