import { UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Answer, connect } from "../../infra/local/client.ts";
import { bucketOf } from "../../shared/store/buckets.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { useExchange } from "../builders/exchange.ts";
import { exampleReferral, submit } from "../builders/referral.ts";

/** The year before the autumn of which most of this is. The clock goes forward only when told. */
beforeAll(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date("2025-09-29T09:00:00.000Z") });
});
const exchange = useExchange({ telling: true });
afterAll(() => {
  vi.useRealTimers();
});

/** A token is of the time at which it was fetched, so each call fetches its own. */
const call = async (owner: string, method: string, path: string, body?: unknown): Promise<Answer> =>
  (await connect(exchange.clients, owner)).send(method, path, { body });

const made = <T = { entryId: string }>({ status, text }: Answer): T => {
  expect(status, text).toBe(201);
  return JSON.parse(text) as T;
};

type Child = { sex: "F" | "M" | "U"; dateOfBirth: string; reason?: string };

const add = async (owner: string, { sex, dateOfBirth, reason }: Child): Promise<string> => {
  const { forename, surname } = exampleReferral().child.identity;
  const child = {
    identity: { forename, surname, dateOfBirth, sex },
    ...(reason !== undefined && { circumstances: { reasonMissing: reason } }),
  };
  return made(await call(owner, "POST", "/v1/cme-list", { child })).entryId;
};
const addAt = async (time: string, count: number, owner: string, child: Child): Promise<string[]> => {
  vi.setSystemTime(time);
  return Promise.all(Array.from({ length: count }, () => add(owner, child)));
};
const closeAt = async (time: string, owner: string, entryId = ""): Promise<void> => {
  vi.setSystemTime(time);
  made(await call(owner, "POST", `/v1/cme-list/${entryId}/closure`, { as: "deceased" }));
};

type Shown = number | "c";
type FiguresIn<Told> = {
  onCensusDay: Record<"bySex" | "byYearGroup" | "byReason" | "byDuration", Record<string, Told>> & { total: Told };
  atAnyPoint: { academicYear: string; total: Told };
};
type Item = { authority: string; name: string } & FiguresIn<Shown>;
type England = FiguresIn<{ atLeast: number; atMost: number }>;
type Statistics = { term: string; censusDate: string; asOf: string; england?: England; items: Item[] };

const statistics = async (owner: string, query: string): Promise<Statistics> => {
  await exchange.telling?.idle();
  const answer = await call(owner, "GET", `/v1/statistics?${query}`);
  expect(answer.status, answer.text).toBe(200);
  return answer.json() as Statistics;
};
const figuresOf = async (code: string, term: string): Promise<Item | undefined> =>
  (await statistics("dfe", `term=${term}&authority=${code}`)).items[0];

/** The parts that aren't zero. */
const parts = (all: Record<string, Shown> = {}): Record<string, Shown> =>
  Object.fromEntries(Object.entries(all).filter(([, number]) => number !== 0));

const girlOf10 = { sex: "F", dateOfBirth: "2016-05-17", reason: "awaiting-start" } as const;
const boyOf15 = { sex: "M", dateOfBirth: "2010-12-01", reason: "mental-health" } as const;

describe("the figures of a term", () => {
  beforeAll(async () => {
    await addAt("2025-09-30T09:00:00.000Z", 6, "202", girlOf10);
    const [ill] = await addAt("2026-06-01T09:00:00.000Z", 1, "202", girlOf10);
    await closeAt("2026-07-01T09:00:00.000Z", "202", ill);
    await addAt("2026-08-10T09:00:00.000Z", 1, "202", { sex: "U", dateOfBirth: "2020-01-15" });
    await addAt("2026-09-21T09:00:00.000Z", 7, "202", boyOf15);
    const [off] = await addAt("2026-09-25T09:00:00.000Z", 1, "202", boyOf15);
    await closeAt("2026-10-01T22:59:59.999Z", "202", off);
    // It is 2 October in England.
    await addAt("2026-10-01T23:00:00.000Z", 1, "202", girlOf10);
    vi.setSystemTime("2026-11-23T09:00:00.000Z");
  }, 60_000);

  it("are those of the list at the end of census day", async () => {
    const own = await statistics("202", "term=2026-autumn");
    expect(own).toMatchObject({ term: "2026-autumn", censusDate: "2026-10-01", asOf: "2026-11-23T09:00:00.000Z" });
    const [item] = own.items;
    expect([own.items.length, item?.authority, item?.name, item?.onCensusDay.total]).toEqual([1, "202", "Camden", 14]);
    // One child is of unknown sex, in year 2, without a reason, and there for 52 days: it and one part more are hidden.
    expect(item?.onCensusDay.bySex).toEqual({ F: "c", M: 7, U: "c" });
    expect(parts(item?.onCensusDay.byYearGroup)).toEqual({ "2": "c", "6": "c", "11": 7 });
    expect(parts(item?.onCensusDay.byReason)).toEqual({ "awaiting-start": "c", "mental-health": 7, unknown: "c" });
    expect(parts(item?.onCensusDay.byDuration)).toEqual({
      "under-2-weeks": "c",
      "4-to-8-weeks": "c",
      "over-52-weeks": 6,
    });
    expect(item?.atAnyPoint).toEqual({ academicYear: "2025/26", total: 8 });
    expect(await statistics("202", "term=2026-autumn&authority=202")).toEqual(own);
    expect(await statistics("dfe", "term=2026-autumn&authority=202")).toEqual(own);
  });

  it("are a data set of a row for each number as CSV", async () => {
    const client = await connect(exchange.clients, "202");
    const answer = await client.get("/v1/statistics?term=2026-autumn", { headers: { accept: "text/csv" } });
    expect([answer.status, answer.headers.get("content-type"), answer.headers.get("vary")]).toEqual([
      200,
      "text/csv; charset=utf-8; header=present",
      "Accept",
    ]);
    expect([...answer.bytes.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
    const lines = answer.text.split("\r\n");
    expect(lines[0]).toBe(
      "time_period,time_identifier,census_date,country_code,country_name,geographic_level,new_la_code,old_la_code,la_name,measure,breakdown_topic,breakdown,number,at_least,at_most",
    );
    const camden = "2026-10-01,E92000001,England,Local authority,E09000007,202,Camden";
    expect(lines).toContain(`202627,Autumn term,${camden},On census day,Total,Total,14,14,14`);
    expect(lines).toContain(`202627,Autumn term,${camden},On census day,Sex,M,7,7,7`);
    expect(lines).toContain(`202627,Autumn term,${camden},On census day,Sex,U,c,c,c`);
    expect(lines).toContain(`202627,Autumn term,${camden},On census day,Year group,R,0,0,0`);
    expect(lines).toContain(`202627,Autumn term,${camden},On census day,Length of time missing,over-52-weeks,6,6,6`);
    expect(lines).toContain(`202526,Academic year,${camden},At any point in the academic year,Total,Total,8,8,8`);
    // The header, a total, 3 sexes, 12 year groups, 19 reasons, 7 bands, the year, and the end of the last line.
    expect(lines).toHaveLength(45);
  });

  it("are all authorities' for the DfE, and between what England's lie", async () => {
    const { items, england } = await statistics("dfe", "term=2026-autumn");
    expect(items).toHaveLength(153);
    expect(items.map(({ onCensusDay }) => onCensusDay.total).filter((total) => total !== 0)).toEqual([14]);
    expect(england?.onCensusDay).toMatchObject({
      total: { atLeast: 14, atMost: 14 },
      // Girls and the child of unknown sex are 7 together, and that child's number is one of 1 to 4.
      bySex: { F: { atLeast: 3, atMost: 6 }, M: { atLeast: 7, atMost: 7 }, U: { atLeast: 1, atMost: 4 } },
    });
    expect(england?.atAnyPoint).toEqual({ academicYear: "2025/26", total: { atLeast: 8, atMost: 8 } });
    const nobody = items.find(({ authority }) => authority === "420");
    expect([nobody?.name, parts(nobody?.onCensusDay.bySex), nobody?.atAnyPoint.total]).toEqual([
      "Isles of Scilly",
      {},
      0,
    ]);
  });

  it("begin with England's rows as CSV for the DfE, and for no authority", async () => {
    const csv = async (owner: string) => {
      const client = await connect(exchange.clients, owner);
      const { text } = await client.get("/v1/statistics?term=2026-autumn", { headers: { accept: "text/csv" } });
      return text.split("\r\n");
    };
    const lines = await csv("dfe");
    const england = "2026-10-01,E92000001,England,National,,,";
    expect(lines[1]).toBe(`202627,Autumn term,${england},On census day,Total,Total,14,14,14`);
    expect(lines[2]).toBe(`202627,Autumn term,${england},On census day,Sex,F,c,3,6`);
    expect(lines[43]).toBe(`202526,Academic year,${england},At any point in the academic year,Total,Total,8,8,8`);
    // The header, 43 rows of England and of each of 153 authorities, and the end of the last line.
    expect(lines).toHaveLength(6_624);
    expect((await csv("202")).filter((line) => line.includes("National"))).toEqual([]);
  });

  it("change when a child leaves compulsory school age, and not before", async () => {
    vi.setSystemTime("2027-10-11T09:00:00.000Z");
    const summer = await figuresOf("202", "2027-summer");
    expect([summer?.onCensusDay.total, summer?.onCensusDay.byYearGroup["11"]]).toEqual([15, 7]);
    // Those born in 2010 are above it since June.
    const autumn = await figuresOf("202", "2027-autumn");
    expect(autumn?.onCensusDay.total).toBe(8);
    expect(autumn?.atAnyPoint).toEqual({ academicYear: "2026/27", total: 16 });
    // What was is as it was.
    expect((await figuresOf("202", "2026-autumn"))?.onCensusDay.total).toBe(14);
  });

  it.each([
    ["of another authority", "330", "term=2026-autumn&authority=202", 403, "not-your-role", undefined],
    ["of a census day to come", "202", "term=2028-autumn", 422, "validation-failed", "/term"],
    ["of no term", "202", "term=2026-winter", 422, "validation-failed", "/term"],
    ["without a term", "202", "", 422, "validation-failed", "/term"],
    ["of no authority", "dfe", "term=2026-autumn&authority=999", 422, "validation-failed", "/authority"],
    ["of an authority in Wales", "dfe", "term=2026-autumn&authority=660", 422, "validation-failed", "/authority"],
  ])("%s are refused", async (_, owner, query, status, code, pointer) => {
    const answer = await call(owner, "GET", `/v1/statistics?${query}`);
    const problem = answer.json() as { code: string; errors?: { pointer: string }[] };
    expect([answer.status, problem.code, problem.errors?.[0]?.pointer]).toEqual([status, code, pointer]);
  });

  it("are complete from the end of census day on, and no earlier", async () => {
    vi.setSystemTime("2028-10-05T22:59:59.999Z");
    expect((await call("203", "GET", "/v1/statistics?term=2028-autumn")).status).toBe(422);
    vi.setSystemTime("2028-10-05T23:00:00.000Z");
    expect((await call("203", "GET", "/v1/statistics?term=2028-autumn")).status).toBe(200);
  });

  it("are in no other format", async () => {
    const client = await connect(exchange.clients, "202");
    const answer = await client.get("/v1/statistics?term=2026-autumn", { headers: { accept: "application/xml" } });
    expect([answer.status, (answer.json() as { code: string }).code]).toEqual([406, "not-acceptable"]);
  });
});

describe("what happens to the children of a list", () => {
  it("is counted once, however often it is told", async () => {
    const ids = await addAt("2028-12-01T09:00:00.000Z", 5, "203", girlOf10);
    await exchange.telling?.idle();
    for (const entryId of ids) {
      await dynamoClient().send(
        new UpdateCommand({
          TableName: "cme-outbox",
          Key: { subject: `entry#${entryId}`, sequence: 1 },
          UpdateExpression: "SET unsent = :unsent",
          ExpressionAttributeValues: { ":unsent": bucketOf("unsent", `entry#${entryId}`) },
        }),
      );
    }
    vi.setSystemTime("2029-02-01T09:00:00.000Z");
    await exchange.telling?.tick("reconcile-outbox");
    expect((await figuresOf("203", "2029-spring"))?.onCensusDay.total).toBe(5);
  });

  it("moves with them: handed over, sought in vain and back on the sender's list", async () => {
    vi.setSystemTime("2029-02-05T09:00:00.000Z");
    const submitting = await connect(exchange.clients, "204");
    const referrals = await Promise.all(Array.from({ length: 6 }, () => submit(submitting, { recipient: "205" })));
    const each = async (time: string, owner: string, to: string, body: object): Promise<void> => {
      vi.setSystemTime(time);
      for (const { id } of referrals) made(await call(owner, "POST", `/v1/referrals/${id}/${to}`, body));
    };
    await each("2029-02-12T09:00:00.000Z", "205", "receipt", { confirmedBy: "205-lead" });
    await each("2029-02-19T09:00:00.000Z", "204", "removal", { removedBy: "204-lead" });
    vi.setSystemTime("2029-06-01T09:00:00.000Z");
    const totals = async (term: string) =>
      Promise.all(
        ["204", "205"].map(async (code) => {
          const item = await figuresOf(code, term);
          return [item?.onCensusDay.total, parts(item?.onCensusDay.byDuration)];
        }),
      );
    // Summer's census day is 17 May: 94 days after the receipt.
    expect(await totals("2029-summer")).toEqual([
      [0, {}],
      [6, { "12-to-26-weeks": 6 }],
    ]);
    await each("2029-06-04T09:00:00.000Z", "205", "finding", { finding: "not-located", foundBy: "205-lead" });
    vi.setSystemTime("2029-10-08T09:00:00.000Z");
    // Autumn's is 4 October, 241 days after the submission.
    expect(await totals("2029-autumn")).toEqual([
      [6, { "26-to-52-weeks": 6 }],
      [0, {}],
    ]);
    const inTheYear = await Promise.all(["204", "205"].map((code) => figuresOf(code, "2029-autumn")));
    expect(inTheYear.map((item) => item?.atAnyPoint)).toEqual(Array(2).fill({ academicYear: "2028/29", total: 6 }));
  });

  it("passes to the successor of their authority, and the time they have been missing with it", async () => {
    await addAt("2029-10-15T09:00:00.000Z", 5, "208", girlOf10);
    const plan = { predecessor: "208", effectiveOn: "2030-01-01", successors: [{ code: "209" }], remainderTo: "209" };
    made(await call("dfe", "POST", "/v1/reorganisations", plan));
    vi.setSystemTime("2030-01-02T09:00:00.000Z");
    await exchange.telling?.tick("apply-reorganisations");
    vi.setSystemTime("2030-02-01T09:00:00.000Z");
    // 17 January is 94 days after 15 October.
    const [before, after] = [await figuresOf("208", "2030-spring"), await figuresOf("209", "2030-spring")];
    expect(before?.onCensusDay.total).toBe(0);
    expect([after?.onCensusDay.total, parts(after?.onCensusDay.byDuration)]).toEqual([5, { "12-to-26-weeks": 5 }]);
    const { items } = await statistics("dfe", "term=2030-spring");
    expect(items.some(({ authority }) => authority === "208")).toBe(false);
  });
});

describe("the overview", () => {
  type Referrals = {
    sent: Record<string, number>;
    received: Record<string, number>;
    overdue: number;
    overdueThrice: number;
    timeToReceipt: { receipts: number; medianMinutes: number | null; ninetiethPercentileMinutes: number | null };
  };
  type Overview = {
    totals: { referrals: Omit<Referrals, "sent" | "received"> & { byState: Record<string, number> } };
    items: { authority: string; referrals: Referrals }[];
  };
  const overview = async (): Promise<Overview> => {
    await exchange.telling?.idle();
    const answer = await call("dfe", "GET", "/v1/overview?limit=100");
    expect(answer.status, answer.text).toBe(200);
    return answer.json() as Overview;
  };
  const of = ({ items }: Overview, code: string): Referrals | undefined =>
    items.find(({ authority }) => authority === code)?.referrals;
  const counted = (states: Record<string, number> = {}) =>
    Object.fromEntries(Object.entries(states).filter(([, count]) => count > 0));

  it("counts each authority's referrals by state, its silence and its times to receipt", async () => {
    // A Monday. One is read and three are received, after 5 minutes, 30 minutes and a day.
    vi.setSystemTime("2030-03-04T09:00:00.000Z");
    const sender = await connect(exchange.clients, "210");
    const referrals = await Promise.all(Array.from({ length: 5 }, () => submit(sender, { recipient: "211" })));
    const receive = async (time: string, place: number): Promise<void> => {
      vi.setSystemTime(time);
      const path = `/v1/referrals/${referrals[place]?.id}/receipt`;
      made(await call("211", "POST", path, { confirmedBy: "211-lead" }));
    };
    await receive("2030-03-04T09:05:00.000Z", 0);
    await receive("2030-03-04T09:30:00.000Z", 1);
    await receive("2030-03-05T09:00:00.000Z", 2);

    const before = await overview();
    expect(counted(of(before, "210")?.sent)).toEqual({ "awaiting-receipt": 2, received: 3 });
    expect(of(before, "210")?.timeToReceipt).toEqual({
      receipts: 0,
      medianMinutes: null,
      ninetiethPercentileMinutes: null,
    });
    expect(counted(of(before, "211")?.received)).toEqual({ "awaiting-receipt": 2, received: 3 });
    expect([of(before, "211")?.overdue, of(before, "211")?.overdueThrice]).toEqual([0, 0]);
    // Classes end at 30 minutes and, less than a tenth above a day's 1,440, at 1,563.
    expect(of(before, "211")?.timeToReceipt).toEqual({
      receipts: 3,
      medianMinutes: 30,
      ninetiethPercentileMinutes: 1_563,
    });

    vi.setSystemTime("2030-03-07T09:00:00.001Z");
    await exchange.telling?.tick("raise-overdue");
    expect(of(await overview(), "211")).toMatchObject({ overdue: 2, overdueThrice: 0 });
    vi.setSystemTime("2030-03-15T09:00:00.001Z");
    for (const _ of [2, 3]) await exchange.telling?.tick("raise-overdue");
    expect(of(await overview(), "211")).toMatchObject({ overdue: 2, overdueThrice: 2 });
    await receive("2030-03-15T10:00:00.000Z", 3);
    const after = await overview();
    expect(of(after, "211")).toMatchObject({ overdue: 1, overdueThrice: 1, timeToReceipt: { receipts: 4 } });
    // With the six of an earlier year that came to nothing, whose receipts are too old to be counted.
    expect(counted(after.totals.referrals.byState)).toEqual({ "awaiting-receipt": 1, received: 4, "not-located": 6 });
    expect(after.totals.referrals).toMatchObject({ overdue: 1, overdueThrice: 1, timeToReceipt: { receipts: 4 } });
    expect(JSON.stringify(after)).not.toContain("referralId");
  });
});
