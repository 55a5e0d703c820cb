import { v7 as uuidV7 } from "uuid";
import { exchangeItself } from "../../shared/domain/event-chain.ts";
import { asked, isToBeAsked } from "../../shared/domain/freshness.ts";
import { log, nameOf } from "../../shared/observability/log.ts";
import { runScheduled } from "../../shared/queue/consume.ts";
import { sqsClient } from "../../shared/queue/send.ts";
import { newDelivery, putNewDelivery } from "../../shared/store/deliveries.ts";
import {
  changeAuthority,
  contactsInEffect,
  countChange,
  readAuthorities,
  readAuthority,
} from "../../shared/store/directory.ts";
import { attempts, commit, dynamoClient } from "../../shared/store/dynamo.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { deliveryQueues } from "../delivery/delivery-queues.ts";
import { handOver } from "../delivery/hand-over.ts";

const dependencies = () => ({
  dynamo: dynamoClient(),
  sqs: sqsClient(),
  tables: tableNames("directory", "changes", "deliveries"),
  queues: deliveryQueues(),
});
type Dependencies = ReturnType<typeof dependencies>;

/** The email and the note that the contact was asked commit together, so nobody is asked twice or passed over. */
const ask = async (code: string, contactId: string, deps: Dependencies): Promise<void> => {
  const { dynamo, sqs, tables, queues } = deps;
  for await (const _ of attempts()) {
    const authority = await readAuthority(dynamo, tables.directory, code);
    const now = new Date().toISOString();
    const before = authority && contactsInEffect(authority, now).find((each) => each.contactId === contactId);
    if (!before || !isToBeAsked(before, now)) return;
    const after = asked(before, now);
    const contacts = { ...authority.contacts, [contactId]: after };
    const fact = { type: "contact.asked", at: now, actor: exchangeItself, before, after } as const;
    const delivery = newDelivery({
      deliveryId: uuidV7(),
      channel: "email",
      authority: code,
      contactId,
      template: "contact-verification",
      type: "contact.asked",
      at: now,
      data: { authority: code, contactId },
      createdAt: now,
    });
    const { committed } = await commit(dynamo, [
      ...changeAuthority(tables, authority, { contacts }, fact).writes,
      countChange(tables.directory),
      putNewDelivery(tables.deliveries, delivery),
    ]);
    if (!committed) continue;
    await handOver(sqs, queues, delivery);
    log("verification-asked", { authority: code, contactId, times: after.verificationAsked });
    return;
  }
};

/**
 * Asks whoever nobody has verified for long whether the entry is still correct: a second run finds that it was asked, and a
 * day that was missed is made up for by the next run. An authority at which it fails does not hold up the others.
 * @throws Error at the end where it failed at any
 */
export const handler = runScheduled(dependencies, async (deps) => {
  const now = new Date().toISOString();
  let failures = 0;
  for (const authority of await readAuthorities(deps.dynamo, deps.tables.directory)) {
    const due = contactsInEffect(authority, now).filter((contact) => isToBeAsked(contact, now));
    try {
      for (const { contactId } of due) await ask(authority.code, contactId, deps);
    } catch (error) {
      log("asking-failed", { authority: authority.code, errorName: nameOf(error) });
      failures += 1;
    }
  }
  if (failures > 0) throw new Error(`The contacts of ${failures} authorities could not be asked`);
});
