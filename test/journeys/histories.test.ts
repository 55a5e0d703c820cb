import { expect, it } from "vitest";
import { handler as compare } from "../../functions/enquiries/find-matches.ts";
import { audited } from "../builders/audited.ts";
import { useExchange } from "../builders/exchange.ts";
import { playDeeds, runHistories } from "../campaigns/run-histories.ts";
import { openTrailStore } from "../campaigns/trail.ts";

const exchange = useExchange();

const reach = () => ({
  client: exchange.client,
  store: openTrailStore(process.env.AWS_ENDPOINT_URL_DYNAMODB ?? ""),
  compare,
});

/** A larger sample: `npm run campaign:histories -- --runs 1000`. A failure prints its seed and its shortest history. */
it("keeps the rules through random histories of three authorities, and leaves nothing for the audit to find", async () => {
  const figures = await runHistories(reach(), { seed: 38_159, runs: 6, maxSteps: 40, of: "everything" });
  expect(figures.histories).toBe(6);
  expect((await audited(exchange)).told).toEqual([]);
}, 180_000);

/** Camden asks while the child is off London's list, and London is told when Birmingham has not found the child. */
it("puts a match enquiry to whose list a child returns", async () => {
  const manner = { variant: 0, wrongContact: false } as const;
  await playDeeds(reach(), [
    { what: "submit", by: "201", recipient: "330", temporary: "202", from: "nowhere", ...manner },
    { what: "list-temporary", by: "202", referral: 0, ...manner },
    { what: "receive", by: "330", referral: 0, ...manner },
    { what: "remove", by: "201", referral: 0, ...manner },
    { what: "ask-match", by: "202", entry: 1, ...manner },
    "compare",
    { what: "not-locate", by: "330", referral: 0, ...manner },
    "compare",
  ]);
});
