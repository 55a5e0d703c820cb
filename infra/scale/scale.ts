/**
 * Where the key design and the account meet AWS's limits: one referral's life is recorded on the embedded engines, so with
 * the keys that the exchange itself builds, and played for many referrals between many authorities.
 */
import { rateLimit } from "../../shared/contract/rate-limits.ts";
import { stages } from "../config.ts";
import { assumptions } from "../cost/assumptions.ts";
import { recipient, recordLife, sender } from "../cost/journey.ts";
import { sizeOf } from "../cost/units.ts";
import { england, meanRate } from "../cost/volumes.ts";
import { contend, mostContended } from "./contention.ts";
import { limits } from "./limits.ts";
import { hottestOf, keyedWrites, sharesOf, simulate } from "./partitions.ts";

const seed = 20_261_121;
const referrals = 4_000;
/** Calls to one authority's endpoint at once: shared/store/subscriptions.ts. */
const slots = 2;
/** AWS calls of one delivery: what is left of a telling's is the fan-out's. */
const callsOf = { webhook: 7, email: 5 };
/** At the start of term, in the busiest hour of the busiest day: so many times the mean of office hours. */
const startOfTerm = 30;
/** Milliseconds that a transaction keeps others off an item, and that a feed's reading and appending takes. */
const holdMs = { transaction: 15, append: 25 };

const say = (line = "") => process.stdout.write(`${line}\n`);
const table = (heads: readonly string[], rows: readonly (readonly string[])[]): void => {
  const widths = heads.map((_, at) => Math.max(...[heads, ...rows].map((row) => row[at]?.length ?? 0)));
  for (const row of [heads, ...rows]) {
    say(row.map((cell, at) => (at < 1 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join("  "));
  }
  say();
};
const number = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString("en-GB") : value.toPrecision(2);

const peak = (factor: number): number => meanRate(england.referralsAYear * factor) * startOfTerm;
const verdict = (breaksAt: number): string => {
  if (breaksAt > peak(1000)) return "holds at × 1000";
  const factor = breaksAt / peak(1);
  return factor > 1 ? `breaks at × ${number(factor)}` : "BREAKS";
};

const [largest = 0] = sharesOf(england.authorities);
const life = await recordLife();
const isOfLife = ({ step }: { step: string }) => !step.startsWith("standing") && step !== "schedules";
const writes = keyedWrites(life.writes.filter(isOfLife));
const recorded = { sender, recipient };

say(
  `England: ${england.referralsAYear} referrals a year, ${england.authorities} authorities, the largest with ${number(largest * 100)} % of all.`,
);
say(
  `Start of term: ${startOfTerm} times the mean of office hours: ${number(peak(1))} referrals a second; × 1000: ${number(peak(1000))}. Seed ${seed}.`,
);
say();

for (const authorities of [england.authorities, 1_000]) {
  const hottest = hottestOf(simulate(writes, recorded, { referrals, authorities, seed }));
  say(
    `Hottest partition of each table and index, ${authorities} authorities (limit ${limits.partitionWriteUnits} write units a second)`,
  );
  table(
    [
      "table or index",
      "partition",
      "WRU a referral",
      "WRU/s England",
      "WRU/s × 1000",
      "items at 100 million",
      "verdict",
    ],
    hottest
      .toSorted((one, other) => other.unitsAReferral - one.unitsAReferral)
      .map(({ target, partition, unitsAReferral, itemsAReferral }) => [
        target,
        partition,
        number(unitsAReferral),
        number(unitsAReferral * peak(1)),
        number(unitsAReferral * peak(1000)),
        number(Math.max(itemsAReferral, 0) * 100_000_000),
        verdict(limits.partitionWriteUnits / unitsAReferral),
      ]),
  );
}

const isSubmission = ({ step }: { step: string }) => step === "submit" || step === "telling of submit";
const burst = keyedWrites(life.writes.filter(isSubmission));
const bulk = hottestOf(
  simulate(burst, recorded, { referrals, authorities: england.authorities, seed, sender: "0000" }),
);
say(
  `One authority submits its whole list at once, at the ${rateLimit.perSecond} requests a second that one client may make`,
);
table(
  ["table or index", "partition", "WRU/s", "verdict"],
  bulk
    .toSorted((one, other) => other.unitsAReferral - one.unitsAReferral)
    .slice(0, 8)
    .map(({ target, partition, unitsAReferral }) => {
      const perSecond = unitsAReferral * rateLimit.perSecond;
      const held = perSecond < limits.partitionWriteUnits;
      const most = limits.partitionWriteUnits / unitsAReferral;
      return [target, partition, number(perSecond), held ? "holds" : `breaks at ${number(most)} submissions/s`];
    }),
);

const most = {
  transaction: mostContended(holdMs.transaction, seed),
  append: mostContended(holdMs.append, seed),
};
say("Transactions that meet at one item (503 after 12 attempts)");
const contention = (name: string, hold: number) =>
  [5, 10, 20, 30, 40, 60, 200].map((perSecond) => {
    const { refused, meanAttempts, meanSeconds } = contend({ perSecond, holdMs: hold, transactions: 20_000, seed });
    return [
      name,
      String(perSecond),
      meanAttempts.toFixed(2),
      `${(meanSeconds * 1000).toFixed(0)} ms`,
      `${(refused * 100).toFixed(2)} %`,
    ];
  });
table(
  ["item", "a second", "attempts", "mean time", "refused"],
  [
    ...contention("directory, a contact checked", holdMs.transaction),
    ...contention("feed, its counter", holdMs.append),
  ],
);

const steps = life.steps.filter(isOfLife);
const calls = life.calls.filter(isOfLife);
const sum = (of: "requests" | "events" | "webhooks" | "emails") => steps.reduce((all, each) => all + each[of], 0);
const kms = (test: (operation: string) => boolean) =>
  calls.filter(({ service, operation }) => service === "kms" && test(operation)).length;
const told = calls.filter(({ step }) => step.startsWith("telling"));
const ofDeliveries = callsOf.webhook * sum("webhooks") + callsOf.email * sum("emails");
const fanOutSeconds = ((told.length - ofDeliveries) * assumptions.awsCallMs + sum("events") * assumptions.ownMs) / 1000;
const asked = calls.length - told.length;
const { concurrency } = stages.production;
const farEnd = (of: keyof typeof callsOf): number =>
  (assumptions.farEndMs + callsOf[of] * assumptions.awsCallMs) / 1000;
const requestSeconds = (sum("requests") * assumptions.ownMs + asked * assumptions.awsCallMs) / 1000;
const byTable = Map.groupBy(
  writes.filter(({ index }) => index === undefined),
  ({ target }) => target,
);
/** Each referral has two parties, and each event concerns both. */
const eventsOfLargest = 2 * largest * sum("events");
const heaviest = Math.max(...[...byTable.values()].map((each) => each.reduce((all, { units }) => all + units, 0)));

type Limit = { what: string; aReferral: number; limit: number; remedy: string };
const account: Limit[] = [
  {
    what: "KMS, symmetric",
    aReferral: kms((each) => each === "GenerateDataKey" || each === "Decrypt"),
    limit: limits.kmsSymmetric,
    remedy: "a quota to be raised",
  },
  {
    what: "KMS, ECC signatures",
    aReferral: kms((each) => each === "Sign"),
    limit: limits.kmsEcc,
    remedy: "a quota to be raised; longer tokens",
  },
  {
    what: "API Gateway requests",
    aReferral: sum("requests"),
    limit: limits.apiRequests,
    remedy: "a quota to be raised",
  },
  {
    what: "Lambda, at once, requests",
    aReferral: requestSeconds,
    limit: limits.lambdaConcurrency - concurrency.fanOut - concurrency.deliverWebhook - concurrency.sendEmail,
    remedy: "a quota to be raised",
  },
  {
    what: "fan-out, its reserved instances",
    aReferral: fanOutSeconds,
    limit: concurrency.fanOut,
    remedy: "more of infra/config.ts fanOut, and shards times the parallelization factor",
  },
  {
    what: "webhooks, their reserved instances",
    aReferral: sum("webhooks") * farEnd("webhook"),
    limit: concurrency.deliverWebhook,
    remedy: "more of infra/config.ts deliverWebhook",
  },
  {
    what: "one endpoint's two slots",
    aReferral: eventsOfLargest * farEnd("webhook"),
    limit: slots,
    remedy: "more slots",
  },
  {
    what: "emails, their reserved instances",
    aReferral: sum("emails") * farEnd("email"),
    limit: concurrency.sendEmail,
    remedy: "more of infra/config.ts sendEmail",
  },
  {
    what: "one table's write units",
    aReferral: heaviest,
    limit: limits.tableWriteUnits,
    remedy: "a quota to be raised",
  },
  {
    what: "one feed's counter",
    aReferral: eventsOfLargest,
    limit: most.append,
    remedy: "several events of an authority in one transaction",
  },
  {
    what: "one contact's check",
    aReferral: largest * 4,
    limit: most.transaction,
    remedy: "an item of its own for each contact",
  },
];
say(
  `So one authority can submit some ${most.transaction} referrals a second at once (its client may send ${rateLimit.perSecond}: the rest ` +
    `hears 503 and comes again), and is told of some ${most.append} events a second: later, and in order, when there are more.`,
);
say();

say("The account, and what is one at a time: units a referral takes, against so many a second");
table(
  ["what", "a referral", "limit", "breaks at referrals/s", "verdict", "remedy"],
  account.map(({ what, aReferral, limit, remedy }) => [
    what,
    number(aReferral),
    number(limit),
    number(limit / aReferral),
    verdict(limit / aReferral),
    verdict(limit / aReferral).startsWith("holds") ? "" : remedy,
  ]),
);

const directory = life.writes.find(({ table: name, after }) => name === "cme-directory" && after)?.after;
if (directory) {
  say("Reading the list of authorities: one partition of the index (limit 3,000 read units a second)");
  table(
    ["authorities", "read units a list", "lists a second"],
    [england.authorities, 1_000].map((authorities) => {
      const units = (authorities * sizeOf(directory)) / 8192;
      return [String(authorities), number(units), number(limits.partitionReadUnits / units)];
    }),
  );
}
