import { DeleteCommand, GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import type { JSONWebKeySet } from "jose";
import { type AuditedTable, auditedTables, type Counts } from "../../infra/operate/auditing.ts";
import { tell } from "../../infra/operate/fault.ts";
import { runAudit } from "../../infra/operate/run-audit.ts";
import { dynamoClient, type Item, type Key } from "../../shared/store/dynamo.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import type { TestExchange } from "./exchange.ts";

export const auditedNames = () => tableNames(...auditedTables);

/** What an audit of the whole database tells, in the order of the alphabet. */
export const audited = async (
  exchange: TestExchange,
  keySet?: JSONWebKeySet,
): Promise<{ counts: Counts; told: string[] }> => {
  const published = async () => (await fetch(`${exchange.origin}/.well-known/jwks.json`)).json();
  const told: string[] = [];
  const counts = await runAudit({
    dynamo: dynamoClient(),
    names: auditedNames(),
    keys: keySet ?? ((await published()) as JSONWebKeySet),
    clock: () => new Date().toISOString(),
    segments: 2,
    onFault: (fault) => told.push(tell(fault)),
  });
  return { counts, told: told.sort() };
};

export const item = async (table: AuditedTable, key: Key): Promise<Item> => {
  const { Item } = await dynamoClient().send(
    new GetCommand({ TableName: auditedNames()[table], Key: key, ConsistentRead: true }),
  );
  if (!Item) throw new Error(`nothing in ${table} to be damaged`);
  return Item;
};

export const put = async (table: AuditedTable, Item: Item): Promise<void> => {
  await dynamoClient().send(new PutCommand({ TableName: auditedNames()[table], Item }));
};

export const remove = async (table: AuditedTable, Key: Key): Promise<void> => {
  await dynamoClient().send(new DeleteCommand({ TableName: auditedNames()[table], Key }));
};

/** While an item is changed, or is gone where nothing is left of it, this is done; then it is put back. */
export const whileChanged = async <T>(
  table: AuditedTable,
  key: Key,
  change: (item: Item) => Item | undefined,
  act: () => Promise<T>,
): Promise<T> => {
  const before = await item(table, key);
  const after = change(before);
  try {
    if (after) await put(table, after);
    else await remove(table, key);
    return await act();
  } finally {
    await put(table, before);
  }
};

export const gone = (): undefined => undefined;
