import type { JWK } from "jose";
import * as z from "zod";
import type { Item, Place } from "./dynamo.ts";

/**
 * An OAuth client: one authority's or the DfE's. Only public keys are here; those with `use: "enc"` receive records,
 * the others sign assertions. Keys are rotated by having two.
 */
export type Client = {
  clientId: string;
  authority: string;
  scopes: string[];
  active: boolean;
  keys: (JWK & { kid: string })[];
};

const stored = z.object({
  clientId: z.string(),
  authority: z.string(),
  scopes: z.array(z.string()),
  active: z.boolean(),
  keys: z.array(z.looseObject({ kid: z.string() })),
});

export const clientPlace = (table: string, clientId: string): Place => ({ table, key: { clientId } });

export const clientFrom = (item: Item | undefined): Client | undefined => item && stored.parse(item);
