import { paginateScan } from "@aws-sdk/lib-dynamodb";
import { dynamoClient, type Item } from "../../shared/store/dynamo.ts";
import { tables } from "../../shared/store/tables.ts";

/** Everything that is in a table. */
export const everythingIn = async (TableName: string): Promise<Item[]> => {
  const all: Item[] = [];
  for await (const { Items = [] } of paginateScan({ client: dynamoClient() }, { TableName, ConsistentRead: true })) {
    all.push(...Items);
  }
  return all;
};

type Stored = {
  entryId: string;
  status: string;
  fingerprints: string[];
  retained: { erasedAt: string | null } | null;
};

/**
 * What can be found by fingerprint, and what ought to be: each entry that is on a list, and each retained record that is not
 * erased, by each of its fingerprints, and nothing else. Two lists of `fingerprint entryId`, to be compared.
 */
export const findable = async (): Promise<{ found: string[]; expected: string[] }> => {
  const rows = (await everythingIn(tables.fingerprints.name)) as { fingerprint: string; entryId: string }[];
  const entries = (await everythingIn(tables.entries.name)) as Stored[];
  const expected = entries
    .filter(({ status, retained }) => status !== "closed" || retained?.erasedAt === null)
    .flatMap(({ entryId, fingerprints }) => fingerprints.map((each) => `${each} ${entryId}`));
  const found = rows
    .filter(({ fingerprint }) => !fingerprint.includes("#"))
    .map(({ fingerprint, entryId }) => `${fingerprint} ${entryId}`);
  return { found: found.sort(), expected: expected.sort() };
};
