import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { CreateTableCommand } from "@aws-sdk/client-dynamodb";
import { DeleteCommand, PutCommand, ScanCommand } from "@aws-sdk/lib-dynamodb";
import type { JSONWebKeySet } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { type AuditedTable, tablesOfOneMoment } from "../../infra/operate/auditing.ts";
import { dynamoClient, type Item, type Key } from "../../shared/store/dynamo.ts";
import { type TableDefinition, type TableName, tables } from "../../shared/store/tables.ts";
import { audited, auditedNames, gone, item, put, whileChanged } from "../builders/audited.ts";
import { useExchange } from "../builders/exchange.ts";
import { submit } from "../builders/referral.ts";
import { runHistories } from "../campaigns/run-histories.ts";
import { openTrailStore } from "../campaigns/trail.ts";

const exchange = useExchange({ telling: true });

const names = auditedNames;

let keys: JSONWebKeySet;
beforeAll(async () => {
  keys = (await (await fetch(`${exchange.origin}/.well-known/jwks.json`)).json()) as JSONWebKeySet;
});

const audit = (keySet = keys): ReturnType<typeof audited> => audited(exchange, keySet);

const toldWith = (table: AuditedTable, key: Key, change: (item: Item) => Item | undefined): Promise<string[]> =>
  whileChanged(table, key, change, async () => (await audit()).told);

/** A child who went from London (201) to Birmingham (330) and into a school there; the referral as it was on the way. */
type Life = { id: string; submitted: Item; removed: Item; senderEntry: string; recipientEntry: string };

const live = async (): Promise<Life> => {
  const [sender, recipient] = await Promise.all([exchange.client("201"), exchange.client("330")]);
  const { id } = await submit(sender);
  const at = `/v1/referrals/${id}`;
  const submitted = await item("referrals", { referralId: id });
  const steps = [
    () => recipient.get(`${at}/child`),
    () => recipient.post(`${at}/receipt`, { confirmedBy: "330-lead" }),
    () => sender.post(`${at}/removal`, { removedBy: "201-lead" }),
  ];
  for (const step of steps) expect([200, 201]).toContain((await step()).status);
  const removed = await item("referrals", { referralId: id });
  await recipient.post(`${at}/finding`, { finding: "located", foundBy: "330-inbox" });
  const end = { outcome: "on-school-register", schoolUrn: "103200", startDate: "2026-11-02" };
  expect((await recipient.post(`${at}/conclusion`, end)).status).toBe(201);
  return {
    id,
    submitted,
    removed,
    senderEntry: String(removed.senderEntryId),
    recipientEntry: String(removed.recipientEntryId),
  };
};

let life: Life;
let awaiting: { id: string; entry: string };

describe("an honest history", () => {
  it("holds, and everything in it is counted", async () => {
    life = await live();
    const { id } = await submit(await exchange.client("201"), { recipient: "202" });
    awaiting = { id, entry: String((await item("referrals", { referralId: id })).senderEntryId) };
    await exchange.telling?.idle();
    expect(await audit()).toEqual({
      told: [],
      counts: {
        referrals: 2,
        events: 7,
        receipts: 1,
        certificates: 1,
        entries: 3,
        openEntries: 1,
        enquiries: 0,
        notices: 0,
        caseEvents: 0,
        outboxRows: 7,
        waiting: 0,
        feedItems: 14,
        records: 2,
        answers: 6,
      },
    });
  });

  it("holds whatever three authorities did, each in its own way", async () => {
    const store = openTrailStore(process.env.AWS_ENDPOINT_URL_DYNAMODB ?? "");
    const { events } = await runHistories({ client: exchange.client, store }, { seed: 6_021, runs: 2, maxSteps: 20 });
    expect(events).toBeGreaterThan(10);
    await exchange.telling?.idle();
    expect((await audit()).told).toEqual([]);
  }, 60_000);

  it("holds while it goes on", async () => {
    const lives = Promise.all([live(), live(), live()]);
    let over = false;
    const watched = lives.finally(() => {
      over = true;
    });
    let audits = 0;
    while (!over) {
      expect((await audit()).told).toEqual([]);
      audits += 1;
    }
    await watched;
    expect(audits).toBeGreaterThan(0);
    await exchange.telling?.idle();
  }, 60_000);
});

describe("is found:", () => {
  it("an event that was changed", async () => {
    const told = await toldWith("events", { referralId: life.id, sequence: 2 }, (event) => ({
      ...event,
      actor: { authority: "330", clientId: "cme-202", contactId: null },
    }));
    expect(told).toEqual([`trail-broken · referral ${life.id} · event 2 · hash`]);
  });

  it("an event that was taken out", async () => {
    expect(await toldWith("events", { referralId: life.id, sequence: 2 }, gone)).toEqual([
      `outbox-without-event · referral ${life.id} · event 2`,
      `trail-broken · referral ${life.id} · event 3 · sequence`,
    ]);
  });

  it("a trail that was restored to an earlier moment", async () => {
    expect(await toldWith("events", { referralId: life.id, sequence: 6 }, gone)).toEqual([
      `events-behind · referral ${life.id} · event 6 · up to 6`,
      `outbox-without-event · referral ${life.id} · event 6`,
    ]);
  });

  it("a referral that was rolled back to before its conclusion", async () => {
    expect(await toldWith("referrals", { referralId: life.id }, () => life.removed)).toEqual([
      `entry-differs · referral ${life.id} · entry ${life.recipientEntry} · is closed, and the referral received`,
      `r2-on-no-list · referral ${life.id} · received`,
      `referral-behind · referral ${life.id} · event 5 · up to 6`,
    ]);
  });

  it("a referral that was rolled back to before its receipt", async () => {
    expect(await toldWith("referrals", { referralId: life.id }, () => life.submitted)).toEqual([
      `entry-differs · referral ${life.id} · entry ${life.recipientEntry} · is not the entry that that referral opened`,
      `entry-differs · referral ${life.id} · entry ${life.recipientEntry} · names a referral that is of other entries`,
      `evidence-missing · referral ${life.id} · receipt`,
      `evidence-missing · referral ${life.id} · removal`,
      `r1-removed-without-receipt · referral ${life.id} · entry ${life.senderEntry} · awaiting-receipt`,
      `r2-on-no-list · referral ${life.id} · awaiting-receipt`,
      `referral-behind · referral ${life.id} · event 2 · up to 6`,
    ]);
  });

  it("a referral that is gone, wherever it left a trace", async () => {
    expect(await toldWith("referrals", { referralId: awaiting.id }, gone)).toEqual([
      `answer-without-deed · referral ${awaiting.id}`,
      `referral-missing · referral ${awaiting.id} · entry ${awaiting.entry}`,
      `referral-missing · referral ${awaiting.id} · table cme-events`,
      `referral-missing · referral ${awaiting.id} · table cme-outbox`,
      `referral-missing · referral ${awaiting.id} · table cme-records`,
    ]);
  });

  it("a referral that was sent to somebody else in the database", async () => {
    const told = await toldWith("referrals", { referralId: awaiting.id }, (each) => ({ ...each, recipient: "203" }));
    expect(told).toEqual([`referral-differs · referral ${awaiting.id} · recipient`]);
  });

  it("an entry that was closed as transferred before the receipt: R1 and R2", async () => {
    const closure = { as: "transferred", at: "2026-11-23T09:30:00.000Z", referralId: awaiting.id };
    const told = await toldWith("entries", { entryId: awaiting.entry }, (entry) => ({
      ...entry,
      status: "closed",
      closure,
    }));
    expect(told).toEqual([
      `fingerprints-differ · entry ${awaiting.entry} · is found by what it has not`,
      `r1-removed-without-receipt · referral ${awaiting.id} · entry ${awaiting.entry} · awaiting-receipt`,
      `r2-on-no-list · referral ${awaiting.id} · awaiting-receipt`,
    ]);
  });

  it("an entry that was closed as transferred through somebody else's referral: R1", async () => {
    const closure = { as: "transferred", at: "2026-11-23T09:30:00.000Z", referralId: life.id };
    const told = await toldWith("entries", { entryId: awaiting.entry }, (entry) => ({
      ...entry,
      status: "closed",
      closure,
    }));
    expect(told).toEqual([
      `entry-differs · referral ${life.id} · entry ${awaiting.entry} · names a referral that is of other entries`,
      `fingerprints-differ · entry ${awaiting.entry} · is found by what it has not`,
      `r1-removed-without-receipt · referral ${life.id} · entry ${awaiting.entry}`,
      `r2-on-no-list · referral ${awaiting.id} · awaiting-receipt`,
    ]);
  });

  it("an entry that is gone, so that the child is on no list: R2", async () => {
    expect(await toldWith("entries", { entryId: awaiting.entry }, gone)).toEqual([
      `entry-missing · entry ${awaiting.entry} · table cme-fingerprints`,
      `entry-missing · referral ${awaiting.id} · entry ${awaiting.entry}`,
      `r2-on-no-list · referral ${awaiting.id} · awaiting-receipt`,
    ]);
    expect(await toldWith("entries", { entryId: life.recipientEntry }, gone)).toEqual([
      `entry-missing · referral ${life.id} · entry ${life.recipientEntry}`,
      `r2-on-no-list · referral ${life.id} · concluded`,
    ]);
  });

  it("an outbox row that is gone, and that the feeds told of it", async () => {
    expect(await toldWith("outbox", { subject: awaiting.id, sequence: 1 }, gone)).toEqual([
      `feed-without-event · referral ${awaiting.id} · event 1 · authority 201`,
      `feed-without-event · referral ${awaiting.id} · event 1 · authority 202`,
      `outbox-missing · referral ${awaiting.id} · event 1`,
    ]);
  });

  it("a gap in a feed, and what should stand there", async () => {
    expect(await toldWith("feed", { authority: "330", position: 2 }, gone)).toEqual([
      "feed-gap · authority 330 · at 2",
      `feed-missing · referral ${life.id} · event 2 · authority 330`,
    ]);
  });

  it("a feed whose counter was restored to an earlier moment", async () => {
    const told = await toldWith("feed", { authority: "202", position: 0 }, (counter) => ({ ...counter, last: 0 }));
    expect(told).toEqual(["feed-gap · authority 202 · the counter is behind, at 0"]);
  });

  it("a receipt that is another's, and one that was altered", async () => {
    const { certificate } = life.removed;
    expect(await toldWith("referrals", { referralId: life.id }, (each) => ({ ...each, receipt: certificate }))).toEqual(
      [`evidence-differs · referral ${life.id} · receipt: kind`],
    );
    const altered = String(certificate).replace(/\.[^.]{8}/, ".eyJhbGci");
    expect(await toldWith("referrals", { referralId: life.id }, (each) => ({ ...each, certificate: altered }))).toEqual(
      [`evidence-refused · referral ${life.id} · removal: ERR_JWS_SIGNATURE_VERIFICATION_FAILED`],
    );
  });

  it("that the key set lacks the key which signed", async () => {
    const { told, counts } = await audit({ keys: [] });
    expect(told).toContain(`evidence-refused · referral ${life.id} · receipt: ERR_JWKS_NO_MATCHING_KEY`);
    expect(told).toHaveLength(counts.receipts + counts.certificates);
  });

  it("a child's record that is gone", async () => {
    const key = { subject: `referral#${awaiting.id}`, part: "record" };
    expect(await toldWith("records", key, gone)).toEqual([`record-missing · referral ${awaiting.id}`]);
  });

  it("a submission's answer that is gone", async () => {
    const { Items = [] } = await dynamoClient().send(
      new ScanCommand({
        TableName: names().answers,
        FilterExpression: "headers.#location = :address",
        ExpressionAttributeNames: { "#location": "location" },
        ExpressionAttributeValues: { ":address": `/v1/referrals/${awaiting.id}` },
      }),
    );
    expect(Items).toHaveLength(1);
    expect(await toldWith("answers", { intent: String(Items[0]?.intent) }, gone)).toEqual([
      `answer-missing · referral ${awaiting.id}`,
    ]);
  });

  it("an email that was to be sent and is gone", async () => {
    const { deliveries } = await item("outbox", { subject: awaiting.id, sequence: 1 });
    const [{ deliveryId } = { deliveryId: "" }] = deliveries as { deliveryId: string }[];
    expect(await toldWith("deliveries", { deliveryId }, gone)).toEqual([`delivery-missing · delivery ${deliveryId}`]);
  });

  it("an item that is not as the exchange writes it", async () => {
    const told = await toldWith("events", { referralId: awaiting.id, sequence: 1 }, (event) => ({ ...event, at: 1 }));
    expect(told).toEqual([`item-unreadable · referral ${awaiting.id}`]);
  });
});

describe("the command", () => {
  const run = async (...options: string[]) => {
    const { PATH, NODE_COMPILE_CACHE, AWS_ENDPOINT_URL_DYNAMODB } = process.env;
    const given = { AWS_REGION: "eu-west-2", AWS_ACCESS_KEY_ID: "local", AWS_SECRET_ACCESS_KEY: "local" };
    const running = promisify(execFile)(process.execPath, ["infra/operate/audit.ts", ...options], {
      env: { PATH, NODE_COMPILE_CACHE, AWS_ENDPOINT_URL_DYNAMODB, ...given },
    });
    const { code, stdout, stderr } = await running.then(
      (ended) => ({ code: 0, ...ended }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
    return { code, stdout, stderr };
  };
  const keysAt = () => `${exchange.origin}/.well-known/jwks.json`;

  it("ends with 0 when everything holds", async () => {
    const { code, stdout } = await run("--keys", keysAt());
    expect([code, stdout.split("\n").at(-2)]).toEqual([0, "EVERYTHING HOLDS"]);
  });

  it("ends with 1 and names the fault, and how it is mended", async () => {
    const key = { subject: `referral#${awaiting.id}`, part: "record" };
    const before = await item("records", key);
    await dynamoClient().send(new DeleteCommand({ TableName: names().records, Key: key }));
    const [plain, json] = await Promise.all([run("--keys", keysAt()), run("--keys", keysAt(), "--json")]);
    await put("records", before);
    expect([plain.code, json.code]).toEqual([1, 1]);
    expect(plain.stdout).toContain(
      `record-missing (1): the encrypted record of a child, or a note, is not there. To mend it: infra/operations.md, "A record that is gone"
  record-missing · referral ${awaiting.id}
`,
    );
    expect(JSON.parse(json.stdout)).toMatchObject({
      faults: { "record-missing": { count: 1, faults: [{ code: "record-missing", referralId: awaiting.id }] } },
    });
  });

  it("ends with 2 when it can't audit", async () => {
    const tables = await run("--keys", keysAt(), "--tables", "{name}-restored");
    expect([tables.code, tables.stdout]).toEqual([2, ""]);
    const none = await run();
    expect([none.code, none.stderr.split("\n")[0]]).toEqual([
      2,
      "It could not be audited: Receipts can't be verified without keys: give --keys or set EVIDENCE_KEYS.",
    ]);
  });

  it("tells a moment to which tables can be restored", async () => {
    const { code, stdout } = await run("--quiet-before", "2020-01-01T00:00:00Z");
    expect([code, stdout]).toEqual([0, "2020-01-01T00:00:00.000Z\n"]);
  });

  it("reads, and writes nothing", async () => {
    const calls: (string | undefined)[] = [];
    const { middlewareStack } = dynamoClient();
    middlewareStack.add(
      (next, { commandName }) =>
        (sent) => {
          calls.push(commandName);
          return next(sent);
        },
      { step: "initialize", name: "calls" },
    );
    await audit();
    middlewareStack.remove("calls");
    expect([...new Set(calls)].sort()).toEqual(["BatchGetItemCommand", "QueryCommand", "ScanCommand"]);
  });
});

describe("a restore", () => {
  /** What DynamoDB makes of a backup: a new table with the items of that moment. */
  const restoreTo = async (table: TableName, name: string): Promise<void> => {
    const { partitionKey, sortKey }: TableDefinition = tables[table];
    const attributes = sortKey ? [partitionKey, sortKey] : [partitionKey];
    await dynamoClient().send(
      new CreateTableCommand({
        TableName: name,
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: attributes.map(({ name: AttributeName, type }) => ({
          AttributeName,
          AttributeType: type,
        })),
        KeySchema: attributes.map(({ name: AttributeName }, index) => ({
          AttributeName,
          KeyType: index === 0 ? ("HASH" as const) : ("RANGE" as const),
        })),
      }),
    );
    const { Items = [] } = await dynamoClient().send(new ScanCommand({ TableName: tables[table].name }));
    for (const Item of Items) await dynamoClient().send(new PutCommand({ TableName: name, Item }));
  };

  const putBack = async (...options: string[]): Promise<string> => {
    const { PATH, NODE_COMPILE_CACHE, AWS_ENDPOINT_URL_DYNAMODB } = process.env;
    const given = { AWS_REGION: "eu-west-2", AWS_ACCESS_KEY_ID: "local", AWS_SECRET_ACCESS_KEY: "local" };
    const patterns = ["--from", "{name}-restored", "--to", "{name}"];
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["infra/operate/put-back.ts", ...patterns, ...options],
      { env: { PATH, NODE_COMPILE_CACHE, AWS_ENDPOINT_URL_DYNAMODB, ...given } },
    );
    return stdout;
  };

  it("that is put back makes everything what it was at that moment, and the exchange goes on from there", async () => {
    const { counts } = await audit();
    for (const table of tablesOfOneMoment) await restoreTo(table, `${tables[table].name}-restored`);
    const later = await live();
    await exchange.telling?.idle();
    await (await exchange.client("202")).post(`/v1/referrals/${awaiting.id}/receipt`, { confirmedBy: "202-lead" });
    await exchange.telling?.idle();

    const before = await audit();
    expect(await putBack()).toContain(`cme-events: 0 put back, 7 deleted, ${counts.events} as they were`);
    expect(await audit()).toEqual(before);

    const done = await putBack("--write");
    expect(done).toContain("cme-referrals: 1 put back, 1 deleted,");
    expect(done).toMatch(/\nDONE\n$/);
    expect(await audit()).toEqual({ told: [], counts });
    expect((await (await exchange.client("201")).get(`/v1/referrals/${later.id}`)).status).toBe(404);

    await live();
    const receipt = await (await exchange.client("202")).post(`/v1/referrals/${awaiting.id}/receipt`, {
      confirmedBy: "202-lead",
    });
    expect(receipt.status).toBe(201);
    await exchange.telling?.idle();
    expect((await audit()).told).toEqual([]);
  }, 60_000);
});
