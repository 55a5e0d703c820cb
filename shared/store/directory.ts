import { QueryCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import { authority, contact } from "../contract/contact-list.ts";
import { type Contact, inEffect } from "../domain/contacts.ts";
import { type Dynamo, type Item, type Place, readAll, type Write } from "./dynamo.ts";

/** An authority with all its named contacts, past and future ones too, by contact id. */
export type Authority = z.output<typeof authority> & { contacts: Record<string, Contact> };

const stored = z.object({ ...authority.shape, contacts: z.record(z.string(), contact) });

/** The one partition of the index from which the list of authorities is read in order. */
const listing = "authorities";

export const authorityPlace = (table: string, code: string): Place => ({ table, key: { code } });

export const authorityFrom = (item: Item | undefined): Authority | undefined => item && stored.parse(item);

export const authorityItem = (value: Authority): Item => ({ ...value, listing });

/** Is the authority itself in effect on that day in England? */
export const existsOn = (value: Pick<Authority, "effectiveFrom" | "effectiveTo">, date: string): boolean =>
  value.effectiveFrom <= date && (value.effectiveTo === null || date <= value.effectiveTo);

export const contactsInEffect = (value: Authority, now: string): Contact[] =>
  Object.values(value.contacts)
    .filter((each) => inEffect(each, now))
    .sort((a, b) => (a.contactId < b.contactId ? -1 : 1));

/**
 * Makes a transaction fail when anything about the contact has changed since it was read, so that a retirement that
 * commits first wins against a receipt under way. Its name among the writes is `contact`.
 */
export const contactUnchanged = (table: string, { authority: code, contactId, version }: Contact): Write => ({
  name: "contact",
  item: {
    ConditionCheck: {
      TableName: table,
      Key: { code },
      ConditionExpression: "contacts.#contact.version = :version",
      ExpressionAttributeNames: { "#contact": contactId },
      ExpressionAttributeValues: { ":version": version },
    },
  },
});

export const readAuthority = async (dynamo: Dynamo, table: string, code: string): Promise<Authority | undefined> => {
  const [item] = await readAll(dynamo, [authorityPlace(table, code)]);
  return authorityFrom(item);
};

/** Every authority, in the order of their DfE numbers: some 150 items of about 1.5 KB, so one page of DynamoDB's. */
export const readAuthorities = async (dynamo: Dynamo, table: string): Promise<Authority[]> => {
  const authorities: Authority[] = [];
  let ExclusiveStartKey: Item | undefined;
  do {
    const page = await dynamo.send(
      new QueryCommand({
        TableName: table,
        IndexName: "by-listing",
        KeyConditionExpression: "listing = :listing",
        ExpressionAttributeValues: { ":listing": listing },
        ExclusiveStartKey,
      }),
    );
    for (const item of page.Items ?? []) authorities.push(stored.parse(item));
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey);
  return authorities;
};
