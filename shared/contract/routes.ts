import * as access from "./access.ts";
import * as cmeList from "./cme-list.ts";
import * as contactList from "./contact-list.ts";
import * as delivery from "./delivery.ts";
import * as oversight from "./oversight.ts";
import * as referrals from "./referrals.ts";
import type { Route } from "./route.ts";

/** Every operation of the exchange. */
export const routes: readonly Route[] = [
  access.metadata,
  access.jwks,
  access.token,
  contactList.listAuthorities,
  contactList.getAuthority,
  contactList.listContacts,
  referrals.submitReferral,
  referrals.listReferrals,
  referrals.getReferral,
  referrals.readChildRecord,
  referrals.readNotes,
  referrals.confirmReceipt,
  referrals.getReceipt,
  referrals.returnReferral,
  referrals.withdrawReferral,
  referrals.recordFinding,
  referrals.concludeReferral,
  referrals.getRemoval,
  referrals.removeFromList,
  referrals.listEvents,
  cmeList.listEntries,
  cmeList.addEntry,
  cmeList.getEntry,
  delivery.readEventFeed,
  delivery.putSubscription,
  delivery.getSubscription,
  delivery.deleteSubscription,
  delivery.testSubscription,
  delivery.listDeliveries,
  delivery.retryDelivery,
  oversight.healthz,
  oversight.openapi,
];
