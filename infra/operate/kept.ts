import type { CaseKind } from "../../shared/domain/case-events.ts";
import { readCaseTrail } from "../../shared/store/case-events.ts";
import { readParts } from "../../shared/store/records.ts";
import { type Audit, parsedFrom, unreadable } from "./auditing.ts";
import type { Kept } from "./judge-trail.ts";
import { rowsOf } from "./outbox-row.ts";

/** What stands beside an entry, an enquiry or a notice. Read it after the thing itself, whose version changes with it. */
export const keptOf = async (audit: Audit, kind: CaseKind, id: string): Promise<Kept | typeof unreadable> => {
  const { dynamo, names } = audit;
  const [events, rows, parts] = await Promise.all([
    parsedFrom(readCaseTrail(dynamo, names.caseEvents, { kind, id })),
    rowsOf(audit, `${kind}#${id}`),
    readParts(dynamo, names.records, { kind, id }),
  ]);
  return events === unreadable || rows === unreadable ? unreadable : { events, rows, parts: new Set(parts) };
};
