/**
 * What the exchange costs: the AWS calls of a referral's life, as counted on the embedded engines, and what stands in the
 * synthesised stack, by the price list in prices.json.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { assumptions } from "./assumptions.ts";
import { type Line, leftBehind, lifeLines, monthlyLines, storageAMonth } from "./bill.ts";
import { recordLife } from "./journey.ts";
import { named, prices, sumOf, times, usdOf } from "./prices.ts";
import { readTemplates, standingOf } from "./standing.ts";
import { derivation, england } from "./volumes.ts";

const { rate } = prices.gbpPerUsd;
const aims = { pencePerReferral: 0.1, poundsAMonth: 100 };

const say = (line = "") => process.stdout.write(`${line}\n`);
const pounds = (usd: number, digits = 2) => `£${(usd * rate).toFixed(digits)}`;
const pence = (usd: number) => `${(usd * rate * 100).toFixed(4)}p`;
const count = (value: number | undefined, digits = 0) => (value ?? 0).toFixed(digits);

const synthesised = async () => {
  const folder = await mkdtemp(join(tmpdir(), "cme-synth-"));
  try {
    await promisify(execFile)("cdk", ["synth", "--quiet", "--output", folder], { maxBuffer: 64 * 1024 * 1024 });
    return await readTemplates(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const table = (lines: readonly Line[], row: (line: Line) => string[], heads: readonly string[]): void => {
  const rows = [heads, ...lines.map((line) => [line.name, ...row(line)])];
  const widths = heads.map((_, at) => Math.max(...rows.map((each) => each[at]?.length ?? 0)));
  for (const each of rows) {
    say(each.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join("  "));
  }
};

const verdict = (name: string, value: number, aim: number, unit: string): void => {
  const met = value < aim;
  say(
    `${met ? "MET   " : "MISSED"} ${name}: ${value.toFixed(4)}${unit} of ${aim}${unit}${met ? "" : `, ${(value / aim).toFixed(1)} times the aim`}`,
  );
};

const [life, templates] = await Promise.all([recordLife(), synthesised()]);
const standing = standingOf(templates);

say(
  `Prices of ${prices.date}, ${prices.region}, before VAT, no free tier; 1 USD = £${rate} (${prices.gbpPerUsd.date}).`,
);
const unverified = Object.entries(prices.prices).filter(([, { status }]) => status === "remembered");
say(`Remembered and to be verified: ${unverified.map(([name]) => name).join(", ")}.`);
say(`Assumed: ${JSON.stringify(assumptions)}`);
say();

const lines = lifeLines(life, standing, england.referralsAYear);
say("One referral's life, counted");
table(
  lines,
  ({ quantities: q }) => [
    count(q.apiRequest),
    count(q.lambdaRequest),
    count(q.writeUnit),
    count(q.readUnit, 1),
    count(q.kmsSymmetric),
    count(q.kmsAsymmetric, 1),
    count(q.sqsRequest),
    count(q.email),
    pence(usdOf(q)),
  ],
  ["step", "API", "Lambda", "WRU", "RRU", "KMS", "KMS sign", "SQS", "email", "cost"],
);
say();

const whole = sumOf(...lines.map(({ quantities }) => quantities));
say("By service, a referral");
for (const [name, quantity] of named(whole).toSorted(([a, x], [b, y]) => usdOf({ [b]: y }) - usdOf({ [a]: x }))) {
  const usd = usdOf({ [name]: quantity });
  if (usd > 0) say(`${name.padEnd(20)} ${quantity.toPrecision(4).padStart(12)}  ${pence(usd).padStart(9)}`);
}
say();

say("What a referral leaves behind, in bytes with the indexes");
for (const [name, { withIndexes }] of leftBehind(life)) say(`${name.padEnd(20)} ${String(withIndexes).padStart(12)}`);
say();

const monthly = monthlyLines(life, standing);
const monthlyUsd = usdOf(sumOf(...monthly.map(({ quantities }) => quantities)));
say("Every month, though nobody is referred");
table(monthly, ({ quantities }) => [pounds(usdOf(quantities))], ["what", "£"]);
say(`${"in all".padEnd(20)} ${pounds(monthlyUsd)}`);
say();

say(`England: ${derivation} = ${england.referralsAYear} referrals a year`);
const marginal = (referrals: number) =>
  usdOf(sumOf(...lifeLines(life, standing, referrals).map(({ quantities }) => quantities)));
const later = usdOf(times(storageAMonth(life), 12));
table(
  [1, 10, 1000].map((factor): Line => ({ name: `× ${factor}`, quantities: { apiRequest: factor } })),
  ({ quantities }) => {
    const referrals = england.referralsAYear * (quantities.apiRequest ?? 0);
    const usd = marginal(referrals);
    return [
      String(referrals),
      pence(usd),
      pounds((usd * referrals) / 12),
      pounds((usd * referrals) / 12 + monthlyUsd),
      pence((usd * referrals + monthlyUsd * 12) / referrals),
    ];
  },
  ["volume", "referrals a year", "a referral", "£ a month for them", "£ a month in all", "a referral, all in"],
);
say(`Each further year that a referral is kept: ${pence(later)}`);
say();
const firstYear = marginal(england.referralsAYear);
verdict("a referral's AWS calls at England's volume", (firstYear - later) * rate * 100, aims.pencePerReferral, "p");
verdict("with a first year's storage", firstYear * rate * 100, aims.pencePerReferral, "p");
verdict("a month at rest", monthlyUsd * rate, aims.poundsAMonth, " £");

const traces = usdOf({ trace: whole.trace ?? 0 });
const bytes = [...leftBehind(life)].map(([name, { own, withIndexes }]) => ({
  name,
  aYear: (12 * (withIndexes * prices.prices.storageGbMonth.usd + own * prices.prices.recoveryGbMonth.usd)) / 1024 ** 3,
}));
const heaviest = bytes.toSorted((one, other) => other.aYear - one.aYear)[0];
say();
say("What would save most");
say(`no traces: ${pence(traces)} a referral`);
if (heaviest) say(`${heaviest.name} not kept: ${pence(heaviest.aYear)} a year`);
