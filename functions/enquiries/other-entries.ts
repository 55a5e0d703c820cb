import type { KMSClient } from "@aws-sdk/client-kms";
import type { ListedChild } from "../../shared/contract/child-record.ts";
import { type Entry, isOnList } from "../../shared/domain/entry.ts";
import { fingerprintInputs, isOfOneChild } from "../../shared/domain/fingerprint-input.ts";
import { areCountedTogether } from "../../shared/domain/room-to-ask.ts";
import { fingerprints } from "../../shared/keys/fingerprints.ts";
import { type Dynamo, readAll } from "../../shared/store/dynamo.ts";
import { entryFrom, entryPlace } from "../../shared/store/entries.ts";
import { entryIdsBy } from "../../shared/store/fingerprints.ts";

/** As many as are read in one call, with room in the transaction: more of one name and birthday are no one child's. */
const mostLookedAt = 80;

/** The child's other entries that are on a list and whose enquiries count with this one's, found by what is one child's alone. */
export const otherEntriesOf = async (
  entry: Entry,
  { identity }: Pick<ListedChild, "identity">,
  deps: { dynamo: Dynamo; kms: KMSClient; fingerprintKey: string; tables: Record<"entries" | "fingerprints", string> },
): Promise<Entry[]> => {
  const { dynamo, kms, fingerprintKey, tables } = deps;
  const known = await fingerprints(kms, fingerprintKey, fingerprintInputs(identity).filter(isOfOneChild));
  const found = await Promise.all(known.map((each) => entryIdsBy(dynamo, tables.fingerprints, each)));
  const ids = [...new Set(found.flat())].filter((id) => id !== entry.entryId);
  const items = await readAll(
    dynamo,
    ids.slice(0, mostLookedAt).map((id) => entryPlace(tables.entries, id)),
  );
  const others = items.flatMap((item) => entryFrom(item) ?? []);
  return others.filter((other) => isOnList(other) && areCountedTogether(entry, other));
};
