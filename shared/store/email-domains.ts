import * as z from "zod";
import { type Change, nextChange } from "../domain/changes.ts";
import { type Actor, type ChainHead, emptyChain } from "../domain/event-chain.ts";
import { chainHead } from "./chain.ts";
import { putChange } from "./changes.ts";
import type { Item, Place, Write } from "./dynamo.ts";
import { unchanged } from "./unchanged.ts";

/** The domains at which named contacts may have email addresses: a list that the DfE maintains. */
export type EmailDomains = { domains: string[]; head: ChainHead; version: number };

const stored = z.object({
  domains: z.array(z.string()),
  head: chainHead,
  version: z.number(),
});

/** It stands among the authorities, under a code that none has: whoever checks a contact's address reads both at once. */
const key = { code: "email-domains" };

export const emailDomainsPlace = (directory: string): Place => ({ table: directory, key });

/** Before the DfE has named any: where the governments and authorities of the four nations have their addresses. */
const initially: EmailDomains = {
  domains: ["eani.org.uk", "gov.scot", "gov.uk", "gov.wales", "llyw.cymru"],
  head: emptyChain,
  version: 1,
};

export const emailDomainsFrom = (item: Item | undefined): EmailDomains => (item ? stored.parse(item) : initially);

export const changeEmailDomains = (
  tables: { directory: string; changes: string },
  before: EmailDomains,
  domains: string[],
  { at, actor }: Pick<Change, "at"> & { actor: Actor },
): { after: EmailDomains; writes: Write[] } => {
  const { change, head } = nextChange(before.head, {
    subject: key.code,
    type: "email-domains.changed",
    at,
    actor,
    before: before.domains,
    after: domains,
  });
  const after = { domains, head, version: before.version + 1 };
  return {
    after,
    writes: [
      {
        name: "email-domains",
        item: {
          Put: {
            TableName: tables.directory,
            Item: { ...key, ...after },
            ...(before === initially ? { ConditionExpression: "attribute_not_exists(version)" } : unchanged(before)),
          },
        },
      },
      putChange(tables.changes, change),
    ],
  };
};
