import { createHash } from "node:crypto";
import { QueryCommand } from "@aws-sdk/lib-dynamodb";
import { expect, it } from "vitest";
import { digestOfText } from "../../shared/domain/canonical.ts";
import { csvOf, listAt } from "../../shared/domain/publication.ts";
import { commit, dynamoClient, readAll, type Write } from "../../shared/store/dynamo.ts";
import { newestFrom, newestPlace, putPublication, readDocument } from "../../shared/store/publications.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { useExchange } from "../builders/exchange.ts";

useExchange();

/** Letters and digits without any order to them, so that compression finds as little as in real names, or less. */
const noise = (seed: string, length: number): string =>
  createHash("shake256", { outputLength: length }).update(seed).digest("base64url").slice(0, length);

/** Ten thousand contacts, as many as an import may hold, of two hundred authorities. */
const largeList = () =>
  listAt(
    Array.from({ length: 200 }, (_, index) => {
      const code = String(200 + index);
      const contacts = Array.from({ length: 50 }, (__, nth) => {
        const contactId = `01a1ff62-0406-7${noise(`${code} ${nth}`, 16)}`;
        return {
          contactId,
          authority: code,
          name: `${noise(`given ${code} ${nth}`, 8)} ${noise(`family ${code} ${nth}`, 12)}`,
          role: "deputy" as const,
          email: `${noise(`email ${code} ${nth}`, 16)}@la-${code}.example.org`,
          telephone: `020 7946 ${String(nth).padStart(4, "0")}`,
          effectiveFrom: "2025-09-01T00:00:00.000Z",
          effectiveTo: null,
          verifiedAt: new Date(1_790_000_000_000 + 7_654_321 * nth).toISOString(),
          verifiedBy: "dfe",
          unreachableSince: null,
          verificationAsked: 0 as const,
          version: 1,
        };
      });
      return {
        code,
        gssCode: `E0900${code}0`,
        formerGssCodes: [],
        name: noise(code, 12),
        councilName: noise(code, 20),
        nation: "England" as const,
        type: "Unitary authority",
        region: "London",
        neighbours: [],
        predecessors: [],
        successors: [],
        effectiveFrom: "2009-01-01",
        effectiveTo: null,
        contacts: Object.fromEntries(contacts.map((each) => [each.contactId, each])),
      };
    }),
    "2026-11-21T12:00:00.000Z",
  );

const bytesOf = (writes: readonly Write[]): number =>
  writes.map(({ item }) => (item.Put?.Item?.bytes as Buffer | undefined)?.length ?? 1_000).reduce((a, b) => a + b, 0);

it("holds ten thousand contacts in one transaction, and what follows a larger one leaves nothing of it", async () => {
  const dynamo = dynamoClient();
  const table = tableNames("publications").publications;
  const newest = async () => newestFrom((await readAll(dynamo, [newestPlace(table)]))[0]);
  const publish = async (number: number, texts: { json: string; csv: string }): Promise<Write[]> => {
    const signed = (text: string) => ({ digest: digestOfText(text), signature: "e30..AA" });
    const facts = {
      number,
      publishedAt: "2026-11-21T12:00:00.000Z",
      json: signed(texts.json),
      csv: signed(texts.csv),
      authorities: 200,
      contacts: 10_000,
    };
    const writes = putPublication(table, await newest(), { ...facts, content: String(number) }, texts);
    expect(await commit(dynamo, writes)).toEqual({ committed: true });
    return writes;
  };
  const partsOfNewest = async () => {
    const { Items = [] } = await dynamo.send(
      new QueryCommand({
        TableName: table,
        KeyConditionExpression: "publication = :newest",
        ExpressionAttributeValues: { ":newest": "newest" },
        ProjectionExpression: "part",
      }),
    );
    return Items.map(({ part }) => part);
  };

  const list = largeList();
  expect(list.contacts).toHaveLength(10_000);
  const large = { json: JSON.stringify(list), csv: csvOf(list) };
  const writes = await publish(1, large);
  // With the rest of the publication's transaction, DynamoDB takes 100 items and 4 MB.
  expect(writes.length).toBeLessThan(30);
  expect(bytesOf(writes)).toBeLessThan(3_500_000);
  const parts = await partsOfNewest();
  expect(parts.length).toBeGreaterThan(3);
  for (const which of [1, "newest"] as const) {
    expect(await readDocument(dynamo, table, which, "json")).toMatchObject({ number: 1, text: large.json });
    expect(await readDocument(dynamo, table, which, "csv")).toMatchObject({ number: 1, text: large.csv });
  }

  await publish(2, { json: "{}", csv: "\ufeffName\r\n" });
  expect(await partsOfNewest()).toEqual(["csv#00", "head", "json#00"]);
  expect(await readDocument(dynamo, table, "newest", "json")).toMatchObject({ number: 2, text: "{}" });
  expect(await readDocument(dynamo, table, "newest", "csv")).toMatchObject({ number: 2, text: "\ufeffName\r\n" });
  expect(await readDocument(dynamo, table, 1, "json")).toMatchObject({ number: 1, text: large.json });
  expect(await readDocument(dynamo, table, 3, "json")).toBeUndefined();
});

it("shows no document that is not the one that was signed", async () => {
  const dynamo = dynamoClient();
  const table = tableNames("publications").publications;
  const signed = { digest: digestOfText("{}"), signature: "e30..AA" };
  const facts = { number: 9, publishedAt: "2026-11-21T12:00:00.000Z", json: signed, csv: signed };
  const counts = { authorities: 0, contacts: 0, content: "" };
  const writes = putPublication(table, undefined, { ...facts, ...counts }, { json: '{"a":1}', csv: "" });
  await commit(
    dynamo,
    writes.filter(({ name }) => name.startsWith("9 ")),
  );
  await expect(readDocument(dynamo, table, 9, "json")).rejects.toThrow("A publication is not the one that was signed");
});
