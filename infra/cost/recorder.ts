import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { type ClientRequest, createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { Image, ItemWrite } from "./units.ts";

/** One call to AWS, by the step of the journey that made it. */
export type AwsCall = {
  step: string;
  service: "dynamodb" | "kms" | "sqs";
  operation: string;
  readUnits: number;
  writeUnits: number;
};

/** One item that a call wrote, or whose condition it checked. */
export type RecordedWrite = ItemWrite & { step: string; table: string; key: string };

export type Recording = { calls: AwsCall[]; writes: RecordedWrite[] };

export type Recorder = {
  /** What stands in for the engine's address. */
  url: string;
  recording: Recording;
  /** Whose requests to the gateway are told apart from what happens behind them. */
  watch(gatewayPort: number): void;
  /** Calls count for this step from now on: `of` it where its request makes them, `after` it what follows. */
  step(names: { of: string; after: string } | undefined): void;
  close(): Promise<void>;
};

/** What Lambda's pollers do and are not billed for, or for which each message counts, not each call. */
const pollers: ReadonlySet<string> = new Set(["ReceiveMessage", "DeleteMessageBatch", "GetQueueAttributes"]);

/**
 * Stands before the embedded DynamoDB and asks it for the capacity that each call consumes, with the items as they were
 * before and after; the calls to KMS and SQS are told by Node itself (https://nodejs.org/api/diagnostics_channel.html).
 */
export const startRecorder = async (engine: string): Promise<Recorder> => {
  const recording: Recording = { calls: [], writes: [] };
  const requests = new AsyncLocalStorage<string>();
  const known = new Map<string, AwsCall>();
  let names: { of: string; after: string } | undefined;
  let gatewayPort: number | undefined;

  const enter = (message: unknown): void => {
    const { request } = message as { request: IncomingMessage };
    if (names && request.socket.localPort === gatewayPort) requests.enterWith(names.of);
  };
  const note = (message: unknown): void => {
    const { request } = message as { request: ClientRequest };
    const [service = "", operation = ""] = String(request.getHeader("x-amz-target")).split(".");
    if (!names || !(service in services) || pollers.has(operation)) return;
    const step = requests.getStore() ?? names.after;
    const call = { step, service: services[service as keyof typeof services], operation, readUnits: 0, writeUnits: 0 };
    recording.calls.push(call);
    known.set(String(request.getHeader("amz-sdk-invocation-id")), call);
  };
  subscribe("http.server.request.start", enter);
  subscribe("http.client.request.created", note);

  const server = createServer(async (request, response) => {
    const body = await text(request);
    const call = known.get(String(request.headers["amz-sdk-invocation-id"]));
    const send = (target: string, content: string) =>
      fetch(engine, { method: "POST", headers: { ...headersOf(request), "x-amz-target": target }, body: content });
    const target = String(request.headers["x-amz-target"]);
    if (!call) return answer(response, await send(target, body));
    const input = JSON.parse(body) as Input;
    const read = async (place: Place): Promise<Image | undefined> => {
      const content = JSON.stringify({ TableName: place.table, Key: place.key, ConsistentRead: true });
      const found = (await (await send("DynamoDB_20120810.GetItem", content)).json()) as { Item?: Image };
      return found.Item;
    };
    const places = await placesOf(call.operation, input, (table) => keyNames(table, send));
    const before = await Promise.all(places.map(read));
    const answered = await send(target, JSON.stringify({ ...input, ReturnConsumedCapacity: "INDEXES" }));
    const output = await answered.clone().text();
    const { ConsumedCapacity = [] } = JSON.parse(output) as { ConsumedCapacity?: Capacity | Capacity[] };
    const units = [ConsumedCapacity].flat().reduce((sum, { CapacityUnits }) => sum + CapacityUnits, 0);
    call[call.operation in reading ? "readUnits" : "writeUnits"] += units;
    if (answered.ok) {
      const after = await Promise.all(places.map(read));
      const transactional = call.operation === "TransactWriteItems";
      for (const [index, { table, key }] of places.entries()) {
        recording.writes.push({
          step: call.step,
          table,
          key: JSON.stringify(key),
          before: before[index],
          after: after[index],
          transactional,
        });
      }
    }
    return answer(response, answered);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    recording,
    watch: (port) => {
      gatewayPort = port;
    },
    step: (given) => {
      names = given;
    },
    close: async () => {
      unsubscribe("http.server.request.start", enter);
      unsubscribe("http.client.request.created", note);
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
};

const services = { DynamoDB_20120810: "dynamodb", TrentService: "kms", AmazonSQS: "sqs" } as const;
const reading = { GetItem: true, BatchGetItem: true, Query: true, Scan: true, TransactGetItems: true };

type Key = Record<string, unknown>;
type Place = { table: string; key: Key };
type Capacity = { CapacityUnits: number };
type OneWrite = { TableName: string; Item?: Image; Key?: Key };
type Input = OneWrite & { TransactItems?: Record<string, OneWrite>[] };
type Send = (target: string, content: string) => Promise<Response>;

const writing: ReadonlySet<string> = new Set(["PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"]);

const placesOf = (operation: string, input: Input, names: (table: string) => Promise<string[]>): Promise<Place[]> => {
  if (!writing.has(operation)) return Promise.resolve([]);
  const writes = input.TransactItems?.flatMap((each) => Object.values(each)) ?? [input];
  return Promise.all(
    writes.map(async ({ TableName: table, Item, Key }) => ({
      table,
      key: Key ?? Object.fromEntries((await names(table)).map((name) => [name, Item?.[name]])),
    })),
  );
};

const keyNames = async (TableName: string, send: Send): Promise<string[]> => {
  const answered = await send("DynamoDB_20120810.DescribeTable", JSON.stringify({ TableName }));
  const { Table } = (await answered.json()) as { Table: { KeySchema: { AttributeName: string }[] } };
  return Table.KeySchema.map(({ AttributeName }) => AttributeName);
};

const headersOf = ({ headers }: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      ["host", "connection", "content-length", "transfer-encoding"].includes(name) ? [] : [[name, String(value)]],
    ),
  );

const answer = async (response: import("node:http").ServerResponse, answered: Response): Promise<void> => {
  const bytes = Buffer.from(await answered.arrayBuffer());
  const type = answered.headers.get("content-type") ?? "application/x-amz-json-1.0";
  response.writeHead(answered.status, { "content-type": type, "content-length": bytes.length });
  response.end(bytes);
};
