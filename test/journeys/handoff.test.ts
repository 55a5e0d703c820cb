import { expect, it } from "vitest";
import { useExchange } from "../builders/exchange.ts";
import { submit } from "../builders/referral.ts";

const exchange = useExchange();

it("hands a child over: refused removal, receipt, removal, conclusion", async () => {
  const sender = await exchange.client("201");
  const recipient = await exchange.client("330");
  const { id } = await submit(sender);

  const early = await sender.post(`/v1/referrals/${id}/removal`, { removedBy: "201-lead" });
  expect(early.status).toBe(409);
  expect(early.json()).toMatchObject({
    code: "removal-not-permitted",
    state: "awaiting-receipt",
    reasons: [{ code: "awaiting-receipt" }],
  });

  const receipt = await recipient.post(`/v1/referrals/${id}/receipt`, { confirmedBy: "330-lead" });
  expect(receipt.status).toBe(201);
  expect(receipt.json()).toMatchObject({ referral: { state: "received", receivedBy: "330-lead" } });

  const removal = await sender.post(`/v1/referrals/${id}/removal`, { removedBy: "201-lead" });
  expect(removal.status).toBe(201);
  expect(removal.json()).toMatchObject({ entry: { status: "closed", closure: { as: "transferred", referralId: id } } });

  const located = await recipient.post(`/v1/referrals/${id}/finding`, { finding: "located", foundBy: "330-inbox" });
  expect(located.json()).toMatchObject({ state: "located", finding: "located" });

  const concluded = await recipient.post(`/v1/referrals/${id}/conclusion`, {
    outcome: "on-school-register",
    schoolUrn: "103200",
    startDate: "2026-11-02",
  });
  expect(concluded.json()).toMatchObject({ state: "concluded" });

  const events = (await sender.get(`/v1/referrals/${id}/events`)).json() as { items: { type: string }[] };
  expect(events.items.map(({ type }) => type)).toEqual([
    "referral.submitted",
    "referral.received",
    "referral.removed",
    "referral.located",
    "referral.concluded",
  ]);
});
