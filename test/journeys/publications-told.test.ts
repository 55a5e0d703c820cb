import { ScanCommand } from "@aws-sdk/lib-dynamodb";
import { Webhook } from "standardwebhooks";
import { beforeAll, expect, it } from "vitest";
import type { Client } from "../../infra/local/client.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { useExchange } from "../builders/exchange.ts";
import { useReceiver } from "../builders/receiver.ts";

const exchange = useExchange({ telling: true, publishing: true });
const receiver = useReceiver();

let dfe: Client;
let birmingham: Client;
beforeAll(async () => {
  [dfe, birmingham] = [await exchange.client("dfe"), await exchange.client("330")];
  await settled();
});

/** After the schedules have run and all has been told. */
const settled = async (): Promise<void> => {
  await exchange.telling?.tick();
  await exchange.telling?.idle();
};

type Told = { authority: string; position: number; type: string; data: { publication: number } };
/** Everything in the feeds of all. */
const told = async (): Promise<Told[]> => {
  const items: Told[] = [];
  let ExclusiveStartKey: Record<string, unknown> | undefined;
  do {
    const page = await dynamoClient().send(
      new ScanCommand({ TableName: tableNames("feed").feed, ConsistentRead: true, ExclusiveStartKey }),
    );
    items.push(...((page.Items ?? []) as Told[]).filter(({ position }) => position > 0));
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey);
  return items;
};

const newestNumber = async (): Promise<string | null> =>
  (await dfe.get("/v1/contact-list")).headers.get("x-publication-number");

it("publishes a new exchange's list without anybody asking, and tells England's 153 authorities and the DfE", async () => {
  expect(await newestNumber()).toBe("1");
  const items = await told();
  expect(new Set(items.map(({ authority }) => authority)).size).toBe(154);
  expect(items).toHaveLength(154);
  for (const item of items) {
    expect(item).toMatchObject({ position: 1, type: "contact-list.published", data: { publication: 1 } });
  }
  // Cardiff, Glasgow and Northern Ireland's are contacts only; Bournemouth has ended.
  const codes = items.map(({ authority }) => authority);
  for (const absent of ["681", "S12000049", "837"]) expect(codes).not.toContain(absent);
  for (const client of [dfe, birmingham]) {
    expect((await client.get("/v1/events")).json()).toEqual({
      items: [{ type: "contact-list.published", timestamp: expect.any(String), data: { publication: 1 } }],
      next: expect.any(String),
    });
  }
  expect(exchange.mailbox()).toEqual([]);
});

it("publishes nothing while nothing has changed", async () => {
  await settled();
  expect(await newestNumber()).toBe("1");
  expect(await told()).toHaveLength(154);
});

it("publishes again after a change, and tells subscribers by webhook too", async () => {
  const subscribed = await birmingham.put("/v1/subscription", { url: receiver.url("birmingham") });
  const { secret } = subscribed.json() as { secret: string };
  const verified = await birmingham.post("/v1/authorities/330/contacts/330-lead/verification", {});
  expect(verified.status, verified.text).toBe(201);

  await settled();

  expect(await newestNumber()).toBe("2");
  const items = (await told()).filter(({ data }) => data.publication === 2);
  expect(items).toHaveLength(154);
  expect(receiver.calls("birmingham").map(({ body, headers }) => new Webhook(secret).verify(body, headers))).toEqual([
    { type: "contact-list.published", timestamp: expect.any(String), data: { publication: 2 } },
  ]);
  const deliveries = (await birmingham.get("/v1/deliveries")).json() as { items: object[] };
  expect(deliveries.items).toMatchObject([
    { channel: "webhook", state: "delivered", type: "contact-list.published", data: { publication: 2 } },
  ]);
});
