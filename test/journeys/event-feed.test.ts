import { createHash } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import type { Answer } from "../../infra/local/client.ts";
import { useExchange } from "../builders/exchange.ts";
import { exampleReferral, submit } from "../builders/referral.ts";

const exchange = useExchange({ telling: true });

type FeedItem = { type: string; timestamp: string; data: { referralId: string; sequence: number } };
type Feed = { items: FeedItem[]; next: string };
type Referral = { id: string; sender: string; recipient: string; temporaryAuthority?: string };

const get = async (owner: string, path: string): Promise<Answer> => (await exchange.client(owner)).get(path);

const page = async (owner: string, { after, limit }: { after?: string; limit?: number }): Promise<Feed> => {
  const query = [
    ...(after === undefined ? [] : [`after=${after}`]),
    ...(limit === undefined ? [] : [`limit=${limit}`]),
  ];
  const answer = await get(owner, `/v1/events?${query.join("&")}`);
  expect(answer.status, answer.text).toBe(200);
  return answer.json() as Feed;
};

/** All that comes after the cursor, in pages of that size; no page is short unless it is the last. */
const rest = async (owner: string, limit: number, after?: string): Promise<Feed> => {
  const items: FeedItem[] = [];
  let cursor = after;
  while (true) {
    const { items: more, next } = await page(owner, { limit, ...(cursor !== undefined && { after: cursor }) });
    items.push(...more);
    cursor = next;
    if (more.length < limit) return { items, next };
  }
};

const refusal = async (owner: string, after: string) => {
  const answer = await get(owner, `/v1/events?after=${after}`);
  const { code } = answer.json() as { code: string };
  return { status: answer.status, code };
};
const cursorInvalid = { status: 400, code: "cursor-invalid" };

/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
const randomFrom = (seed: number) => {
  let state = seed;
  return (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

const seed = 12;

describe(`what three authorities do to each other's referrals, by the seed ${seed},`, () => {
  const authorities = ["201", "330", "202"] as const;
  const random = randomFrom(seed);
  const oneOf = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;

  const referrals: Referral[] = [];
  /** Places in the feeds, taken at any moment: the cursor and how much had been read by then. */
  const places: { owner: string; cursor: string; read: number }[] = [];
  /** What each feed holds in the end. */
  const feeds = new Map<string, FeedItem[]>();
  const feedOf = (owner: string): FeedItem[] => feeds.get(owner) ?? [];

  const submission = async (sender: string, recipient: string, temporaryAuthority: string | undefined) => {
    const changes = { recipient, ...(temporaryAuthority && { temporaryAuthority }) };
    const { id } = await submit(await exchange.client(sender), changes);
    referrals.push({ id, sender, ...changes });
  };

  /** Whether the state allows it or not: what came of it is in the trail. */
  const act = async ({ id, sender, recipient, temporaryAuthority }: Referral, what: string, chance: number) => {
    const at = `/v1/referrals/${id}`;
    const [from, to] = [await exchange.client(sender), await exchange.client(recipient)];
    const reader = await exchange.client(chance < 0.5 ? (temporaryAuthority ?? sender) : recipient);
    const requests: Record<string, () => Promise<Answer>> = {
      read: () => reader.get(`${at}/child`),
      withdraw: () => from.post(`${at}/withdrawal`, { reason: "Sent in error." }),
      return: () => to.post(`${at}/return`, { reason: "duplicate" }),
      receive: () => to.post(`${at}/receipt`, { confirmedBy: `${recipient}-lead` }),
      find: () =>
        to.post(`${at}/finding`, {
          finding: chance < 0.7 ? "located" : "not-located",
          foundBy: `${recipient}-inbox`,
        }),
      remove: () => from.post(`${at}/removal`, { removedBy: `${sender}-lead` }),
      conclude: () => to.post(`${at}/conclusion`, { outcome: "suitable-education-otherwise", provision: "At home." }),
    };
    const answer = await requests[what]?.();
    expect([200, 201, 409], answer?.text).toContain(answer?.status);
  };

  /** Those that lead on are tried more often. */
  const deeds =
    "read read withdraw return receive receive receive find find find remove remove conclude conclude".split(" ");

  /** Of a third of the referrals the third authority houses the family meanwhile. */
  const anyDeed = (): (() => Promise<void>) => {
    const referral = oneOf(referrals);
    if (!referral || random() < 0.25) {
      const sender = oneOf(authorities);
      const others = authorities.filter((each) => each !== sender);
      const recipient = oneOf(others);
      const third = random() < 0.3 ? others.find((each) => each !== recipient) : undefined;
      return () => submission(sender, recipient, third);
    }
    const what = oneOf(deeds);
    const chance = random();
    return () => act(referral, what, chance);
  };

  const takePlaces = async () => {
    for (const owner of authorities) {
      const { items, next } = await rest(owner, 100);
      places.push({ owner, cursor: next, read: items.length });
    }
  };

  beforeAll(async () => {
    await takePlaces();
    for (let round = 0; round < 20; round += 1) {
      await Promise.all(Array.from({ length: 3 }, () => anyDeed()()));
      if (round % 5 === 0) await takePlaces();
    }
    await exchange.telling?.idle();
    for (const owner of authorities) feeds.set(owner, (await rest(owner, 100)).items);
  });

  /** The events of a referral as its trail has them. */
  const trailOf = async ({ id, sender }: Referral): Promise<FeedItem[]> => {
    const { items, next } = (await get(sender, `/v1/referrals/${id}/events?limit=100`)).json() as {
      items: { type: string; at: string; sequence: number }[];
      next: string | null;
    };
    expect(next).toBeNull();
    return items.map(({ type, at, sequence }) => ({ type, timestamp: at, data: { referralId: id, sequence } }));
  };

  const inOrder = (items: readonly FeedItem[]): string[] => items.map((item) => JSON.stringify(item)).sort();

  it("is in the feed of each authority that a trail concerns, each event once, and in no other", async () => {
    const trails = await Promise.all(referrals.map(trailOf));
    for (const owner of authorities) {
      const concerning = trails.filter((_, index) => Object.values(referrals[index] ?? {}).includes(owner));
      expect(inOrder(feedOf(owner))).toEqual(inOrder(concerning.flat()));
      // Otherwise this would say nothing about whom an event does not concern.
      expect(concerning.length).toBeGreaterThan(0);
      expect(concerning.length).toBeLessThan(trails.length);
    }
    expect(referrals.some(({ temporaryAuthority }) => temporaryAuthority !== undefined)).toBe(true);
    expect(new Set(trails.flat().map(({ type }) => type)).size).toBeGreaterThanOrEqual(6);
  });

  it("comes in the order of each referral's sequence, without gaps", () => {
    for (const owner of authorities) {
      for (const { id } of referrals) {
        const sequences = feedOf(owner)
          .filter(({ data }) => data.referralId === id)
          .map(({ data }) => data.sequence);
        expect(sequences).toEqual(sequences.map((_, index) => index + 1));
      }
    }
  });

  it.each([1, 3, 100])("is the same list in pages of %i", async (limit) => {
    for (const owner of authorities) expect((await rest(owner, limit)).items).toEqual(feedOf(owner));
  });

  it("goes on from a place that was taken earlier as if nothing had come between", async () => {
    // From an empty feed, from where something had been read, and all of them from where something was still to come.
    expect(places.some(({ read }) => read === 0)).toBe(true);
    expect(places.some(({ owner, read }) => read > 0 && read < feedOf(owner).length)).toBe(true);
    for (const { owner, cursor, read } of places) {
      expect((await rest(owner, 3, cursor)).items).toEqual(feedOf(owner).slice(read));
    }
  });

  it("keeps a cursor at the end where it is", async () => {
    for (const owner of authorities) {
      const { next } = await rest(owner, 100);
      expect(await page(owner, { after: next })).toEqual({ items: [], next });
    }
  });

  describe("with a cursor", () => {
    it("of another authority or of another list is refused", async () => {
      const { next } = await page("201", { limit: 1 });
      const outbox = (await get("201", "/v1/referrals?box=outbox&limit=1")).json() as { next: string };
      expect(await refusal("330", next)).toEqual(cursorInvalid);
      expect(await refusal("202", next)).toEqual(cursorInvalid);
      expect(await refusal("201", outbox.next)).toEqual(cursorInvalid);
      expect((await get("201", `/v1/deliveries?cursor=${next}`)).status).toBe(400);
    });

    it("that was altered is refused", async () => {
      const { next: cursor } = await page("201", { limit: 1 });
      const [position, seal] = JSON.parse(Buffer.from(cursor, "base64url").toString()) as [object, string];
      const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
      for (const altered of [
        "",
        "x",
        "1",
        cursor.slice(0, -1),
        `${cursor}A`,
        `${cursor.slice(0, 9)}${cursor[9] === "A" ? "B" : "A"}${cursor.slice(10)}`,
        encodeURIComponent(`${cursor}=`),
        encoded([{ ...position, after: 2 }, seal]),
        encoded([position, `${seal.slice(0, -1)}${seal.endsWith("A") ? "B" : "A"}`]),
        encoded([position]),
        encoded([position, seal, 1]),
        encoded(null),
      ]) {
        expect([altered, await refusal("201", altered)]).toEqual([altered, cursorInvalid]);
      }
    });

    it("that the caller made itself, by the public recipe, and that leads nowhere is refused", async () => {
      for (const position of [
        null,
        [],
        {},
        { after: "x" },
        { after: "1" },
        { after: -1 },
        { at: 1 },
        { after: 1, at: 1 },
      ]) {
        const digest = createHash("sha256")
          .update(JSON.stringify([["feed", "201"], position]))
          .digest("base64url");
        const cursor = Buffer.from(JSON.stringify([position, digest.slice(0, 22)])).toString("base64url");
        expect([position, await refusal("201", cursor)]).toEqual([position, cursorInvalid]);
      }
    });
  });
});

it("an authority that houses a family meanwhile is told like the parties, and is told of nothing else", async () => {
  const sender = await exchange.client("203");
  const recipient = await exchange.client("204");
  const { id } = await submit(sender, { recipient: "204", temporaryAuthority: "205" });
  const other = await submit(sender, { recipient: "204", child: exampleReferral().child });
  await recipient.post(`/v1/referrals/${id}/receipt`, { confirmedBy: "204-lead" });
  await recipient.post(`/v1/referrals/${other.id}/receipt`, { confirmedBy: "204-lead" });
  await (await exchange.client("205")).get(`/v1/referrals/${id}/child`);
  await exchange.telling?.idle();
  const told = async (owner: string) =>
    (await page(owner, {})).items.map(({ type, data }) => [type, data.referralId, data.sequence]);
  expect(await told("205")).toEqual([
    ["referral.submitted", id, 1],
    ["referral.received", id, 2],
    ["referral.child-read", id, 3],
  ]);
  expect(await told("203")).toEqual([
    ["referral.submitted", id, 1],
    ["referral.submitted", other.id, 1],
    ["referral.received", id, 2],
    ["referral.received", other.id, 2],
    ["referral.child-read", id, 3],
  ]);
});

it("the feed of an authority to which nothing has happened is empty, and so is the DfE's while everyone answers", async () => {
  const { items, next } = await page("206", {});
  expect(items).toEqual([]);
  expect(await page("206", { after: next })).toEqual({ items: [], next });
  const answer = await get("dfe", "/v1/events");
  expect([answer.status, answer.json()]).toMatchObject([200, { items: [] }]);
});
