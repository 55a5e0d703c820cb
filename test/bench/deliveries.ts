/**
 * How much longer endpoints that work wait for their webhooks when a quarter of all endpoints is out of order: 1,000
 * deliveries to 20 endpoints, again and again in one run. Quote the ratios: the times are this machine's.
 */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { v7 as uuidV7 } from "uuid";
import { connect } from "../../infra/local/client.ts";
import { startExchange } from "../../infra/local/exchange.ts";
import { sendAll, sqsClient } from "../../shared/queue/send.ts";
import { type Delivery, newDelivery, putNewDelivery } from "../../shared/store/deliveries.ts";
import { commit, dynamoClient } from "../../shared/store/dynamo.ts";
import { tables } from "../../shared/store/tables.ts";

const events = Number(process.argv[2] ?? 1_000);
const endpoints = 20;
const outOfOrder = 5;

type State = "well" | "breaks the connection" | "never answers";

const dataDir = await mkdtemp(join(tmpdir(), "cme-bench-"));
const log = process.stdout.write.bind(process.stdout);
let attempts = 0;
let slotsAskedFor = 0;
process.stdout.write = ((line: string) => {
  if (line.includes('"delivery-attempted"')) attempts += 1;
  return true;
}) as typeof process.stdout.write;
const exchange = await startExchange({
  port: 0,
  dataDir,
  endpoints: { dynamodb: undefined, sqs: undefined, kms: undefined },
  telling: true,
});

/** Which deliveries have arrived, by id. */
const arrived = new Map<string, number>();
const held = new Set<ServerResponse>();
let state: State = "well";
const answer = (response: ServerResponse, id: string): void => {
  if (!arrived.has(id)) arrived.set(id, performance.now());
  response.writeHead(204).end();
};
const receiver = createServer((request, response) => {
  const now = request.url?.startsWith("/worse") ? state : "well";
  if (now === "well") return answer(response, String(request.headers["webhook-id"]));
  if (now === "breaks the connection") return response.socket?.destroy();
  held.add(response);
});
receiver.listen(0, "127.0.0.1");
await once(receiver, "listening");
const { port } = receiver.address() as AddressInfo;

const authorities = Array.from({ length: endpoints }, (_, index) => String(301 + index));
const isWorse = (authority: string): boolean => authorities.indexOf(authority) < outOfOrder;
for (const authority of authorities) {
  const client = await connect(exchange.clients, authority);
  const path = isWorse(authority) ? "worse" : "well";
  const { status } = await client.put("/v1/subscription", { url: `http://127.0.0.1:${port}/${path}/${authority}` });
  if (status !== 201) throw new Error(`${authority} could not subscribe: ${status}`);
}

const makeDeliveries = async (): Promise<Delivery[]> => {
  const at = new Date().toISOString();
  const deliveries = Array.from({ length: events }, (_, index) =>
    newDelivery({
      deliveryId: uuidV7(),
      channel: "webhook",
      authority: authorities[index % endpoints] ?? "",
      type: "referral.submitted",
      at,
      data: { referralId: uuidV7(), sequence: 1 },
      createdAt: at,
    }),
  );
  for (let first = 0; first < events; first += 100) {
    const writes = deliveries.slice(first, first + 100).map((each) => putNewDelivery(tables.deliveries.name, each));
    const { committed } = await commit(dynamoClient(), writes);
    if (!committed) throw new Error("The deliveries were there before");
  }
  return deliveries;
};

const arrivalOf = async (deliveries: readonly Delivery[]): Promise<number> => {
  while (!deliveries.every(({ deliveryId }) => arrived.has(deliveryId))) await pause(5);
  return Math.max(...deliveries.map(({ deliveryId }) => arrived.get(deliveryId) ?? 0));
};

/** More than attempts: what found both slots of its endpoint taken asked for each, and has to come again. */
const dynamo = dynamoClient();
const send = dynamo.send.bind(dynamo);
dynamo.send = ((command: { input: unknown }, ...rest: never[]) => {
  if (JSON.stringify(command.input).includes("SET #slot")) slotsAskedFor += 1;
  return send(command as never, ...rest);
}) as typeof dynamo.send;

/** @returns seconds until the endpoints that work had all of theirs, and until everyone had */
const round = async (stateOfWorse: State): Promise<{ well: number; all: number }> => {
  state = stateOfWorse;
  attempts = 0;
  slotsAskedFor = 0;
  const deliveries = await makeDeliveries();
  const messages = deliveries.map(({ deliveryId }) => ({ deliveryId }));
  const start = performance.now();
  await sendAll(sqsClient(), process.env.WEBHOOKS_QUEUE_URL ?? "", messages);
  const well = await arrivalOf(deliveries.filter(({ authority }) => !isWorse(authority)));
  state = "well";
  for (const response of held) response.socket?.destroy();
  held.clear();
  const all = await arrivalOf(deliveries);
  await exchange.telling?.idle();
  return { well: (well - start) / 1000, all: (all - start) / 1000 };
};

log(`${events} deliveries to ${endpoints} endpoints, of which ${outOfOrder} may be out of order; after a warm-up\n\n`);
await round("well");
log(
  "the worse ones          the others have theirs   ratio   everyone has, once they are well   attempts   slots asked for\n",
);
let base = Number.NaN;
for (const each of ["well", "breaks the connection", "never answers", "well"] as const) {
  const { well, all } = await round(each);
  if (Number.isNaN(base)) base = well;
  log(
    `${each.padEnd(23)} ${`${well.toFixed(1)} s`.padStart(23)} ${(well / base).toFixed(2).padStart(7)} ${`${all.toFixed(1)} s`.padStart(33)} ${String(attempts).padStart(10)} ${String(slotsAskedFor).padStart(17)}\n`,
  );
}
receiver.closeAllConnections();
receiver.close();
await exchange.close();
await rm(dataDir, { recursive: true, force: true });
process.stdout.write = log;
