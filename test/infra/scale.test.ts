import { describe, expect, it } from "vitest";
import { contend, mostContended } from "../../infra/scale/contention.ts";
import { hottestOf, type KeyedWrite, sharesOf, simulate, varying } from "../../infra/scale/partitions.ts";

const parties = { sender: "201", recipient: "330" };

describe("how a recorded partition key varies", () => {
  it.each([
    ["201", { by: "party", party: "sender", rest: "" }],
    ["330#awaiting-receipt", { by: "party", party: "recipient", rest: "#awaiting-receipt" }],
    ["due#7", { by: "bucket", index: "due" }],
    ["01a1ff62-0406-7039-ba8f-74a5a22e6892", { by: "id" }],
    ["referral#01a1ff62-0406-7039-ba8f-74a5a22e6892", { by: "id" }],
    ["cme-330#sha-256:Q3RMNcWm9Rk4LFphPCLiw3o-B59ZJl9USumsNgiTDVY", { by: "id" }],
    ["sha-256:Q3RMNcWm9Rk4LFphPCLiw3o-B59ZJl9USumsNgiTDVY", { by: "id" }],
    ["authorities", { by: "nothing" }],
  ])("%s", (partition, expected) => {
    expect(varying(partition, parties)).toEqual(expected);
  });
});

describe("a simulation of many referrals", () => {
  const write = (target: string, partition: string, units: number, more: -1 | 0 | 1 = 1): KeyedWrite => ({
    target,
    index: undefined,
    partition,
    units,
    more,
  });
  const life = [
    write("referrals", "01a1ff62-0406-7039-ba8f-74a5a22e6892", 4),
    write("outbox", "201", 2),
    write("inbox", "330", 3),
    write("inbox", "330", 1, 0),
    write("list", "authorities", 5, 0),
    write("waiting", "due#7", 1),
    write("waiting", "due#7", 1, -1),
  ];

  it("from one sender: its partition takes everything, each recipient its share, a constant all", () => {
    const { partitions } = simulate(life, parties, { referrals: 200, authorities: 10, seed: 1, sender: "0003" });
    expect(Object.fromEntries(partitions.get("outbox") ?? [])).toEqual({ "0003": { units: 400, items: 200 } });
    expect(Object.fromEntries(partitions.get("list") ?? [])).toEqual({ authorities: { units: 1_000, items: 0 } });
    expect(Object.fromEntries(partitions.get("referrals") ?? [])).toEqual({ "(id)": { units: 800, items: 200 } });
    const inbox = [...(partitions.get("inbox") ?? [])];
    expect(inbox.map(([partition]) => partition)).not.toContain("0003");
    expect(inbox.reduce((sum, [, { units }]) => sum + units, 0)).toBe(800);
    expect(inbox.reduce((sum, [, { items }]) => sum + items, 0)).toBe(200);
  });

  it("spreads what is bucketed over all 8 buckets, and each waits in one only", () => {
    const { partitions } = simulate(life, parties, { referrals: 200, authorities: 10, seed: 1 });
    const buckets = [...(partitions.get("waiting") ?? [])].sort();
    expect(buckets.map(([bucket]) => bucket)).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((at) => `due#${at}`));
    for (const [, { items }] of buckets) expect(items).toBe(0);
  });

  it("the same seed gives the same, another seed another", () => {
    const drawn = { referrals: 50, authorities: 10, seed: 7 };
    const play = (seed: number) => [...(simulate(life, parties, { ...drawn, seed }).partitions.get("outbox") ?? [])];
    expect(play(7)).toEqual(play(7));
    expect(play(8)).not.toEqual(play(7));
  });

  it("names the hottest partition by referral", () => {
    const partitions = new Map([
      [
        "inbox",
        new Map([
          ["0000", { units: 30, items: 4 }],
          ["0001", { units: 10, items: 6 }],
        ]),
      ],
      ["referrals", new Map([["(id)", { units: 400, items: 10 }]])],
    ]);
    expect(hottestOf({ referrals: 10, partitions })).toEqual([
      { target: "inbox", partition: "0000", unitsAReferral: 3, itemsAReferral: 0.6 },
    ]);
  });
});

describe("shares", () => {
  it("add up to one, and the largest of 153 has three in a hundred", () => {
    const shares = sharesOf(153);
    expect(shares.reduce((sum, each) => sum + each, 0)).toBeCloseTo(1, 10);
    expect(shares[0]).toBeCloseTo(0.03, 3);
  });
});

describe("transactions that meet at one item", () => {
  it("one by one, none is refused and each takes one attempt of its own length", () => {
    const outcome = contend({ perSecond: 0.01, holdMs: 15, transactions: 100, seed: 3 });
    expect(outcome.refused).toBe(0);
    expect(outcome.meanAttempts).toBe(1);
    expect(outcome.meanSeconds).toBeCloseTo(0.015, 10);
  });

  it("more than the item can take, so no more than it can take get through", () => {
    const { refused } = contend({ perSecond: 1_000, holdMs: 20, transactions: 5_000, seed: 3 });
    expect(refused).toBeGreaterThan(0.9);
  });

  it("the shorter an item is held, the more it takes", () => {
    expect(mostContended(5, 3)).toBeGreaterThan(mostContended(50, 3));
  });
});
