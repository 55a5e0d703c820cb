import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { handler as applyReorganisations } from "../../functions/contact-list/apply-reorganisations.ts";
import { handler as eraseNotices } from "../../functions/enquiries/erase-notices.ts";
import type { Answer } from "../../infra/local/client.ts";
import { type Link, linkFault } from "../../shared/domain/event-chain.ts";
import { audited } from "../builders/audited.ts";
import { useExchange } from "../builders/exchange.ts";
import { anotherChild } from "../builders/referral.ts";

/**
 * Westminster (213) ends on 1 June 2026: the City of London (201) gets the remainder and Camden (202) some of it. It is a
 * Monday in May before; the clock goes forward only when told.
 */
beforeAll(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date("2026-05-18T09:30:00.000Z") });
});
const exchange = useExchange({ telling: true });
afterAll(() => {
  vi.useRealTimers();
});

type Body = Record<string, unknown>;
type Event = Link & { type: string; actor: Body; details: Body };

const json = ({ status, text }: Answer, expected: number): Body => {
  expect(status, text).toBe(expected);
  return JSON.parse(text);
};
const get = async (owner: string, path: string, status = 200): Promise<Body> =>
  json(await (await exchange.client(owner)).get(path), status);
const post = async (owner: string, path: string, body: Body, status = 201): Promise<Body> =>
  json(await (await exchange.client(owner)).post(path, body), status);

const list = async (owner: string, child: Body = anotherChild()): Promise<string> =>
  String((await post(owner, "/v1/cme-list", { child })).entryId);
const ask = async (owner: string, entryId: string, asked: string): Promise<string> => {
  const enquiry = { kind: "targeted", entryId, asked, reason: "kin", openedBy: `${owner}-lead`, note: "An aunt." };
  return String((await post(owner, "/v1/enquiries", enquiry)).id);
};
const askExchange = async (owner: string, entryId: string): Promise<string> =>
  String((await post(owner, "/v1/enquiries", { kind: "match", entryId, openedBy: `${owner}-lead` })).id);
const child = { identity: { forename: "Zoë-Anne", surname: "O’Neill", dateOfBirth: "2017-02-28", sex: "F" } };
const notify = async (sender: string, recipient: string): Promise<string> => {
  const about = { schoolUrn: "100012", startDate: "2026-05-11", child };
  const notice = { recipient, sentBy: `${sender}-lead`, ...about };
  return String((await post(sender, "/v1/notices/school-admission", notice)).id);
};
/** The trail as that side sees it, verified; of what passed on, which side went to whom. */
const trailOf = async (owner: string, path: string): Promise<string[]> => {
  const events = (await get(owner, `${path}/events`)).items as Event[];
  expect(linkFault(events)).toBeUndefined();
  return events.map(({ type, details: { side, from, to } }) =>
    type.endsWith(".reassigned") ? `${side} ${from} to ${to}` : type,
  );
};
const feedOf = async (owner: string, id: string): Promise<string[]> => {
  await exchange.telling?.idle();
  const { items } = await get(owner, "/v1/events?limit=100");
  return (items as { type: string; data: Body }[])
    .filter(({ data }) => Object.values(data).includes(id))
    .map(({ type }) => type);
};
const faults = async (): Promise<string[]> => {
  await exchange.telling?.idle();
  return (await audited(exchange)).told;
};

/** The first moment of 1 June in England, where it is summer time. */
const midnight = "2026-05-31T23:00:00.000Z";
let reorganisation: string;

/** Of the entry that goes to the successor with the remainder, and of the one that is assigned to the other. */
let [stays, goes]: string[] = [];
const notices: Record<"waiting" | "sent" | "about" | "lapsed", string> = {
  waiting: "",
  sent: "",
  about: "",
  lapsed: "",
};
let [open, answered, match, side]: string[] = [];

beforeAll(async () => {
  notices.lapsed = await notify("330", "213");
  notices.waiting = await notify("330", "213");
  notices.sent = await notify("213", "331");
  const sought = anotherChild();
  stays = await list("213");
  goes = await list("213", sought);
  notices.about = await notify("332", "213");
  await post("213", `/v1/notices/${notices.about}/acknowledgement`, { acknowledgedBy: "213-lead", entryId: goes });

  open = await ask("213", goes, "330");
  answered = await ask("213", goes, "331");
  await post("331", `/v1/enquiries/${answered}/answers`, { answer: "not-known", answeredBy: "331-lead" });
  match = await askExchange("213", goes);
  const elsewhere = await list("333", sought);
  await askExchange("333", elsewhere);
  await exchange.telling?.tick("find-matches");
  const { items } = await get("213", "/v1/enquiries?box=inbox");
  side = (items as { id: string; kind: string }[]).find(({ kind }) => kind === "match")?.id;

  const successors = [{ code: "201" }, { code: "202" }];
  const plan = { predecessor: "213", effectiveOn: "2026-06-01", successors, remainderTo: "201" };
  reorganisation = String((await post("dfe", "/v1/reorganisations", plan)).reorganisationId);
  await post("213", `/v1/reorganisations/${reorganisation}/assignments`, { entryId: stays, successor: "202" });
}, 60_000);

describe("school admission notices", () => {
  it("pass to the successor, from either side, and one that waits is acknowledged there", async () => {
    vi.setSystemTime(midnight);
    await exchange.telling?.idle();
    const mails = exchange.mailbox().length;
    await applyReorganisations();

    expect(await get("201", `/v1/notices/${notices.waiting}`)).toMatchObject({
      sender: "330",
      recipient: "201",
      state: "awaiting-acknowledgement",
    });
    expect(await get("201", `/v1/notices/${notices.sent}`)).toMatchObject({ sender: "201", recipient: "331" });
    for (const id of [notices.waiting, notices.sent]) await get("213", `/v1/notices/${id}`, 404);
    await exchange.telling?.idle();
    const told = exchange.mailbox().slice(mails);
    expect(
      told
        .filter(({ body }) => body.includes(`/v1/notices/${notices.waiting}`))
        .map(({ template, emailAddress }) => [template, emailAddress])
        .sort(),
    ).toEqual([
      ["notice-awaits", "cme-inbox@la-201.example.org"],
      ["notice-awaits", "cme-lead@la-201.example.org"],
    ]);
    expect(told.some(({ body }) => body.includes(`/v1/notices/${notices.sent}`))).toBe(false);
    expect(await feedOf("201", notices.waiting)).toEqual(["notice.reassigned"]);
    expect(await feedOf("330", notices.waiting)).toEqual(["notice.sent", "notice.reassigned"]);
    expect(await feedOf("331", notices.sent)).toEqual(["notice.sent", "notice.reassigned"]);

    expect(await get("201", `/v1/notices/${notices.waiting}/child`)).toEqual(child);
    expect(await get("331", `/v1/notices/${notices.sent}/child`)).toEqual(child);
    const entryId = await list("201");
    const acknowledgement = { acknowledgedBy: "201-lead", entryId };
    await post("201", `/v1/notices/${notices.waiting}/acknowledgement`, acknowledgement);
    expect(await trailOf("330", `/v1/notices/${notices.waiting}`)).toEqual([
      "notice.sent",
      "recipient 213 to 201",
      "notice.child-read",
      "notice.acknowledged",
    ]);
    const [, passed] = (await get("330", `/v1/notices/${notices.waiting}/events`)).items as [Event, Event];
    expect(passed).toMatchObject({
      type: "notice.reassigned",
      actor: { authority: "exchange", clientId: "exchange", contactId: null },
      details: { side: "recipient", from: "213", to: "201", reorganisation },
    });
    expect(await trailOf("331", `/v1/notices/${notices.sent}`)).toEqual([
      "notice.sent",
      "sender 213 to 201",
      "notice.child-read",
    ]);
    expect(await faults()).toEqual([]);
  });

  it("are found by no later look", async () => {
    await applyReorganisations();
    expect(await trailOf("201", `/v1/notices/${notices.sent}`)).toHaveLength(3);
  });
});

describe("an entry that a successor assigns to its fellow", () => {
  const enquiries = () => [open, answered, match, side] as string[];

  it("has been passed on with what was asked and told about it", async () => {
    for (const id of enquiries()) await get("201", `/v1/enquiries/${id}`);
    expect(await get("201", `/v1/notices/${notices.about}`)).toMatchObject({ recipient: "201", entryId: goes });
    expect(await get("202", `/v1/cme-list/${stays}`)).toMatchObject({ status: "suspected" });
  });

  it("takes all of that along, at once", async () => {
    const path = `/v1/reorganisations/${reorganisation}/assignments`;
    await post("201", path, { entryId: goes, successor: "202" });

    for (const id of enquiries()) await get("201", `/v1/enquiries/${id}`, 404);
    expect(await get("202", `/v1/enquiries/${open}`)).toMatchObject({ asker: "202", asked: "330", state: "open" });
    expect(await get("202", `/v1/enquiries/${answered}`)).toMatchObject({ asker: "202", state: "not-known" });
    expect(await get("202", `/v1/enquiries/${match}`)).toMatchObject({ kind: "match", asker: "202", entryIds: [goes] });
    expect(await get("202", `/v1/enquiries/${side}`)).toMatchObject({ kind: "match", asked: "202", entryIds: [goes] });
    await get("201", `/v1/notices/${notices.about}`, 404);
    expect(await get("202", `/v1/notices/${notices.about}`)).toMatchObject({ recipient: "202", entryId: goes });

    expect(await trailOf("330", `/v1/enquiries/${open}`)).toEqual([
      "enquiry.asked",
      "asker 213 to 201",
      "asker 201 to 202",
    ]);
    expect(await trailOf("202", `/v1/enquiries/${match}`)).toEqual([
      "enquiry.asked",
      "asker 213 to 201",
      "asker 201 to 202",
    ]);
    expect(await trailOf("202", `/v1/enquiries/${side}`)).toEqual([
      "enquiry.matched",
      "asked 213 to 201",
      "asked 201 to 202",
    ]);
    expect(await trailOf("332", `/v1/notices/${notices.about}`)).toEqual([
      "notice.sent",
      "notice.acknowledged",
      "recipient 213 to 201",
      "recipient 201 to 202",
    ]);
    expect(await get("202", `/v1/notices/${notices.about}/child`)).toEqual(child);
    const last = ((await get("202", `/v1/enquiries/${open}/events`)).items as Event[]).at(-1);
    expect(last).toMatchObject({
      actor: { authority: "201", clientId: "cme-201", contactId: null },
      details: { side: "asker", from: "201", to: "202", reorganisation },
    });
    expect(await feedOf("202", String(open))).toEqual(["enquiry.reassigned"]);
    expect(await faults()).toEqual([]);
  });

  it("has its enquiries gone on with by whoever has the child", async () => {
    expect(await get("202", `/v1/enquiries/${open}/notes`)).toEqual({ items: [{ sequence: 1, note: "An aunt." }] });
    await post("330", `/v1/enquiries/${open}/answers`, { answer: "known", answeredBy: "330-lead" });
    const referral = await post("202", `/v1/enquiries/${open}/referral`, { sentBy: "202-lead" });
    expect(referral).toMatchObject({ sender: "202", recipient: "330" });
    expect(await get("202", `/v1/enquiries/${match}`)).toMatchObject({ state: "closed", closedFor: "entry-referred" });
    expect(await faults()).toEqual([]);
  });
});

it("a notice that nobody acknowledges has no more time than it had, and lapses for its new side too", async () => {
  // Sixty working days after 18 May: twelve weeks, and a day for the bank holiday of 25 May.
  const over = "2026-08-11T09:30:00.000Z";
  expect(await get("201", `/v1/notices/${notices.lapsed}`)).toMatchObject({ erasesAt: over });
  vi.setSystemTime(over);
  await eraseNotices();
  expect(await get("330", `/v1/notices/${notices.lapsed}`)).toMatchObject({ state: "lapsed", recipient: "201" });
  await get("201", `/v1/notices/${notices.lapsed}/child`, 410);
  expect(await feedOf("201", notices.lapsed)).toEqual(["notice.reassigned", "notice.lapsed"]);
  expect(await faults()).toEqual([]);
});
