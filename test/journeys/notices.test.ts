import { GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import { describe, expect, it } from "vitest";
import type { Answer } from "../../infra/local/client.ts";
import { linkFault } from "../../shared/domain/event-chain.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { useExchange } from "../builders/exchange.ts";
import { exampleReferral } from "../builders/referral.ts";

/** A school in Camden (202) has admitted a child whose home is in Islington (206). Barnet (302) has nothing to do with it. */
const exchange = useExchange({ telling: true });

const child = {
  identity: { forename: "Zoë-Anne", surname: "O’Neill", dateOfBirth: "2016-02-29", sex: "F", upn: "H801200001001" },
  address: { lines: ["14 Example Street"], town: "London", postcode: "N1 1AA" },
};
const notice = { recipient: "206", sentBy: "202-lead", schoolUrn: "100012", startDate: "2026-11-02", child };

type Body = Record<string, unknown>;
const json = (answer: Answer, status: number): Body => {
  expect(answer.status, answer.text).toBe(status);
  return answer.json() as Body;
};
const send = async (changes: Body = {}): Promise<Body & { id: string }> => {
  const sender = await exchange.client("202");
  const answer = await sender.post("/v1/notices/school-admission", { ...notice, ...changes });
  return json(answer, 201) as Body & { id: string };
};
const faultsOf = async (changes: Body): Promise<unknown> => {
  const sender = await exchange.client("202");
  const answer = await sender.post("/v1/notices/school-admission", { ...notice, ...changes });
  return json(answer, 422).errors;
};
const get = async (owner: string, path: string, status = 200): Promise<Body> =>
  json(await (await exchange.client(owner)).get(path), status);
const post = async (owner: string, path: string, body: object, status = 201): Promise<Body> =>
  json(await (await exchange.client(owner)).post(path, body), status);

type Event = { type: string; sequence: number; actor: { authority: string }; details: Body };
const trail = async (owner: string, id: string): Promise<Event[]> =>
  (await get(owner, `/v1/notices/${id}/events`)).items as Event[];

/** As if its time had come. */
const timeComes = async (noticeId: string): Promise<void> => {
  const at = { TableName: "cme-notices", Key: { noticeId } };
  const { Item } = await dynamoClient().send(new GetCommand(at));
  const erasesAt = "2026-01-05T09:00:00.000Z";
  await dynamoClient().send(new PutCommand({ TableName: at.TableName, Item: { ...Item, erasesAt } }));
  await exchange.telling?.tick("erase-notices");
};

describe("a school admission notice", () => {
  it("reaches the home authority, is acknowledged and closes the child's entry", async () => {
    const { entryId } = await post("206", "/v1/cme-list", { child: exampleReferral().child });
    const sentNotice = await send();
    const { id } = sentNotice;
    expect(sentNotice).toMatchObject({
      kind: "school-admission",
      sender: "202",
      recipient: "206",
      schoolUrn: "100012",
      startDate: "2026-11-02",
      sentBy: "202-lead",
      state: "awaiting-acknowledgement",
      acknowledgedAt: null,
      entryId: null,
      erasedAt: null,
      version: 1,
      warnings: [],
    });
    const inbox = await get("206", "/v1/notices?box=inbox&state=awaiting-acknowledgement");
    expect((inbox.items as Body[]).map((each) => each.id)).toContain(id);
    expect(await get("206", `/v1/notices/${id}/child`)).toEqual(child);
    const acknowledgement = { acknowledgedBy: "206-lead", entryId };
    expect(await post("206", `/v1/notices/${id}/acknowledgement`, acknowledgement)).toMatchObject({
      state: "acknowledged",
      acknowledgedBy: "206-lead",
      entryId,
      version: 3,
    });
    expect(await get("202", `/v1/notices/${id}`)).toMatchObject({ state: "acknowledged", entryId: null });
    const closure = { as: "on-school-register", schoolUrn: "100012", startDate: "2026-11-02", noticeId: id };
    expect(await post("206", `/v1/cme-list/${entryId}/closure`, closure)).toMatchObject({
      status: "closed",
      closure: { as: "on-school-register", schoolUrn: "100012", startDate: "2026-11-02" },
    });
    const ofEntry = (await get("206", `/v1/cme-list/${entryId}/events`)).items as Event[];
    expect(ofEntry.at(-1)).toMatchObject({
      type: "entry.closed",
      details: { outcome: "on-school-register", noticeId: id },
    });
    const events = await trail("202", id);
    expect(events.map(({ type, actor, details }) => [type, actor.authority, details])).toEqual([
      ["notice.sent", "202", { recipient: "206", schoolUrn: "100012", startDate: "2026-11-02" }],
      ["notice.child-read", "206", { what: "record" }],
      ["notice.acknowledged", "206", {}],
    ]);
    expect(linkFault(events as unknown as Parameters<typeof linkFault>[0])).toBeUndefined();
  });

  it("is told to both by feed, and to the home authority by email, without anything of the child", async () => {
    await exchange.telling?.idle();
    const before = exchange.mailbox().length;
    const { id } = await send();
    await post("206", `/v1/notices/${id}/acknowledgement`, { acknowledgedBy: "206-lead" });
    await exchange.telling?.idle();
    const told = (await get("202", "/v1/events?limit=100")).items as { type: string; data: Body }[];
    expect(told.filter(({ data }) => data.noticeId === id)).toEqual([
      { type: "notice.sent", timestamp: expect.any(String), data: { noticeId: id, sequence: 1 } },
      { type: "notice.acknowledged", timestamp: expect.any(String), data: { noticeId: id, sequence: 2 } },
    ]);
    const mails = exchange.mailbox().slice(before);
    for (const { template, emailAddress, body, subject } of mails) {
      expect([template, emailAddress.split("@")[1]]).toEqual(["notice-awaits", "la-206.example.org"]);
      expect(body).toContain(`/v1/notices/${id}`);
      expect(subject + body).not.toMatch(/O’Neill|Zoë|100012|H801200001001/);
    }
  });

  it("is the two parties' alone, and only the home authority acknowledges it, once", async () => {
    const { id } = await send();
    for (const path of ["", "/child", "/events"]) {
      expect((await get("302", `/v1/notices/${id}${path}`, 404)).code).toBe("not-found");
    }
    const at = `/v1/notices/${id}/acknowledgement`;
    expect((await post("302", at, { acknowledgedBy: "302-lead" }, 404)).code).toBe("not-found");
    expect((await post("202", at, { acknowledgedBy: "202-lead" }, 403)).code).toBe("not-your-role");
    const stranger = await post("206", at, { acknowledgedBy: "202-lead", entryId: id }, 422);
    expect(stranger.errors).toEqual([
      { pointer: "/acknowledgedBy", detail: "is not a named contact of your authority in effect" },
      { pointer: "/entryId", detail: "does not lead to an entry on your CME list" },
    ]);
    await post("206", at, { acknowledgedBy: "206-lead" });
    expect(await post("206", at, { acknowledgedBy: "206-lead" }, 409)).toMatchObject({
      code: "state-does-not-allow",
      state: "acknowledged",
    });
  });

  it.each([
    [{ recipient: "202" }, "/recipient", "is your own authority"],
    [
      { recipient: "681" },
      "/recipient",
      "is in Wales, and nothing is sent there through the exchange: contact it yourself, see contacts",
    ],
    [{ sentBy: "206-lead" }, "/sentBy", "is not a named contact of your authority in effect"],
    [
      { startDate: "2199-09-01" },
      "/startDate",
      "is in the future. Children missing education are also those who “have been offered a school place for a future date but have not yet started” (Statutory guidance, “Who are children missing education”)",
    ],
    [
      { child: { ...child, identity: { ...child.identity, dateOfBirth: "2005-01-01" } } },
      "/child/identity/dateOfBirth",
      "is that of a child whose compulsory school age ended on 2021-06-25 (guidance, footnote 1)",
    ],
    [
      { child: { ...child, parents: [] } },
      "/child",
      "has 1 member that is not known here; it may have: identity, address",
    ],
  ])("is refused with %j", async (changes, pointer, detail) => {
    expect(await faultsOf(changes)).toEqual([{ pointer, detail }]);
  });

  it("closes no entry of which it says something else", async () => {
    const { entryId } = await post("206", "/v1/cme-list", { child: exampleReferral().child });
    const { entryId: another } = await post("206", "/v1/cme-list", { child: exampleReferral().child });
    const { id } = await send();
    await post("206", `/v1/notices/${id}/acknowledgement`, { acknowledgedBy: "206-lead", entryId: another });
    const closure = { as: "on-school-register", schoolUrn: "100013", startDate: "2026-11-03", noticeId: id };
    expect((await post("206", `/v1/cme-list/${entryId}/closure`, closure, 422)).errors).toEqual([
      { pointer: "/noticeId", detail: "is about another entry of your list" },
      { pointer: "/schoolUrn", detail: "is not the school of the notice" },
      { pointer: "/startDate", detail: "is not the start date of the notice" },
    ]);
    const { entryId: ofSender } = await post("202", "/v1/cme-list", { child: exampleReferral().child });
    const right = { ...closure, schoolUrn: "100012", startDate: "2026-11-02" };
    expect((await post("202", `/v1/cme-list/${ofSender}/closure`, right, 422)).errors).toEqual([
      { pointer: "/noticeId", detail: "does not lead to a notice to your authority" },
    ]);
  });
});

describe("what a notice tells of the child", () => {
  it("is erased after the acknowledgement; the trail stays", async () => {
    const { id } = await send();
    await post("206", `/v1/notices/${id}/acknowledgement`, { acknowledgedBy: "206-lead" });
    await timeComes(id);
    await timeComes(id);
    expect((await get("206", `/v1/notices/${id}/child`, 410)).code).toBe("record-erased");
    expect(await get("206", `/v1/notices/${id}`)).toMatchObject({
      state: "acknowledged",
      erasedAt: expect.any(String),
    });
    expect((await trail("206", id)).map(({ type }) => type)).toEqual([
      "notice.sent",
      "notice.acknowledged",
      "notice.erased",
    ]);
    const record = { TableName: "cme-records", Key: { subject: `notice#${id}`, part: "record" } };
    expect((await dynamoClient().send(new GetCommand(record))).Item).toBeUndefined();
  });

  it("is erased where nobody acknowledges it: it lapses, and the sender is told", async () => {
    const { id } = await send();
    await exchange.telling?.idle();
    const before = exchange.mailbox().length;
    await timeComes(id);
    await exchange.telling?.idle();
    expect(await get("202", `/v1/notices/${id}`)).toMatchObject({ state: "lapsed", erasedAt: expect.any(String) });
    expect((await trail("202", id)).map(({ type, actor }) => [type, actor.authority])).toEqual([
      ["notice.sent", "202"],
      ["notice.lapsed", "exchange"],
    ]);
    const mails = exchange.mailbox().slice(before);
    expect(new Set(mails.map(({ template }) => template))).toEqual(new Set(["notice-lapsed"]));
    expect(mails.map(({ emailAddress }) => emailAddress)).toContain("cme-lead@la-202.example.org");
    const at = `/v1/notices/${id}/acknowledgement`;
    expect((await post("206", at, { acknowledgedBy: "206-lead" }, 409)).state).toBe("lapsed");
  });
});
