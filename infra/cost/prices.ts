import * as z from "zod";
import file from "./prices.json" with { type: "json" };

const price = z.strictObject({
  usd: z.number().nonnegative(),
  unit: z.string().min(1),
  service: z.string().min(1),
  usageType: z.string().min(1),
  status: z.enum(["quoted", "published", "remembered"]),
});

export const priceFile = z.strictObject({
  region: z.literal("eu-west-2"),
  currency: z.literal("USD"),
  date: z.iso.date(),
  howToVerify: z.string(),
  statuses: z.record(price.shape.status, z.string()),
  notes: z.string(),
  gbpPerUsd: z.strictObject({ rate: z.number().positive(), date: z.iso.date(), source: z.string() }),
  prices: z.record(z.string(), price),
});

export type PriceName = keyof typeof file.prices;

/** So many of what has a price. */
export type Quantities = Partial<Record<PriceName, number>>;

export const prices = priceFile.parse(file) as z.output<typeof priceFile> & {
  prices: Record<PriceName, z.output<typeof price>>;
};

export const usdOf = (quantities: Quantities, list = prices.prices): number =>
  named(quantities).reduce((sum, [name, quantity]) => sum + quantity * list[name].usd, 0);

export const sumOf = (...all: readonly Quantities[]): Quantities => {
  const sum: Quantities = {};
  for (const [name, quantity] of all.flatMap(named)) sum[name] = (sum[name] ?? 0) + quantity;
  return sum;
};

export const times = (quantities: Quantities, factor: number): Quantities =>
  Object.fromEntries(named(quantities).map(([name, quantity]) => [name, quantity * factor]));

export const named = (quantities: Quantities): [PriceName, number][] =>
  Object.entries(quantities) as [PriceName, number][];
