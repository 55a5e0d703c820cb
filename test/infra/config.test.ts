import { describe, expect, it } from "vitest";
import { stages } from "../../infra/config.ts";
import { resolveTarget, targetRulesFrom } from "../../shared/webhooks/target.ts";

describe.each(["sandbox", "production"] as const)("the stage %s", (stage) => {
  const rules = targetRulesFrom(stages[stage].webhookTargets);
  const lookUp = async () => [{ address: "127.0.0.1", family: 4 }];

  it.each([
    "http://127.0.0.1:4000/cme",
    "https://127.0.0.1/cme",
    "http://localhost:4000/cme",
    "https://localhost/cme",
    "https://[::1]/cme",
    "https://169.254.169.254/latest/meta-data",
  ])("sends no webhook to %s", async (url) => {
    await expect(resolveTarget(url, rules, lookUp)).rejects.toThrow("Webhook target refused");
  });

  it("sends no webhook to a public name that leads to loopback", async () => {
    await expect(resolveTarget("https://hooks.example.com/cme", rules, lookUp)).rejects.toThrow(
      "Webhook target refused: address-not-public",
    );
  });
});
