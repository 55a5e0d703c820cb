import { defaultLimit } from "../../shared/contract/listing.ts";
import { overview as route } from "../../shared/contract/oversight.ts";
import { isUnverified } from "../../shared/domain/freshness.ts";
import { dateInEngland } from "../../shared/domain/working-days.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { type Authority, contactsInEffect, existsOn, readAuthorities } from "../../shared/store/directory.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { contactsInForce } from "../../shared/store/imports.ts";
import { pageOf } from "../../shared/store/page.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { readReferralCells, referralFiguresOf, referralTotalsOf } from "./referral-figures.ts";

const dependencies = () => ({ dynamo: dynamoClient(), tables: tableNames("directory", "imports", "counters") });
type Dependencies = ReturnType<typeof dependencies>;

/**
 * What the DfE sees of every authority that exists today: whom of its contacts nobody vouches for or can reach, and how
 * its referrals stand, in numbers that were counted as they happened (R5: counts and times, never a child).
 */
const getOverview: Operation<typeof route, Dependencies> = async (call, { dynamo, tables }) => {
  const { limit = defaultLimit, cursor } = call.query;
  const today = dateInEngland(call.now);
  const [listed, countedOf] = await Promise.all([
    readAuthorities(dynamo, tables.directory),
    readReferralCells(dynamo, tables.counters, call.now),
  ]);
  const authorities = listed.filter((each) => existsOn(each, today));
  const items = await Promise.all(
    authorities.map(async (authority) => {
      const contacts = await contactsInForce(dynamo, tables.imports, authority);
      const referrals = referralFiguresOf(countedOf(authority.code));
      return { ...itemOf({ ...authority, contacts }, call.now), referrals };
    }),
  );
  return reply(route, 200, {
    asOf: call.now,
    totals: {
      authorities: items.length,
      contacts: {
        inEffect: sum(items.map(({ contacts }) => contacts.inEffect)),
        unverified: sum(items.map(({ contacts }) => contacts.unverified.length)),
        unreachable: sum(items.map(({ contacts }) => contacts.unreachable.length)),
      },
      referrals: referralTotalsOf(authorities.map(({ code }) => countedOf(code))),
    },
    ...pageOf(items, ({ authority }) => authority, { list: ["overview"], limit, cursor }),
  });
};

const itemOf = (authority: Authority, now: string) => {
  const contacts = contactsInEffect(authority, now);
  return {
    authority: authority.code,
    name: authority.name,
    contacts: {
      inEffect: contacts.length,
      unverified: contacts
        .filter((each) => isUnverified(each, now))
        .map(({ contactId, role, verifiedAt }) => ({ contactId, role, verifiedAt })),
      unreachable: contacts.flatMap(({ contactId, role, unreachableSince }) =>
        unreachableSince === null ? [] : [{ contactId, role, unreachableSince }],
      ),
    },
  };
};

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

export const handler = serve(route, dependencies, getOverview);
