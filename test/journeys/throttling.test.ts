import { GenerateDataKeyCommand, SignCommand } from "@aws-sdk/client-kms";
import { BatchGetCommand, TransactWriteCommand } from "@aws-sdk/lib-dynamodb";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Answer } from "../../infra/local/client.ts";
import { kmsClient } from "../../shared/keys/kms.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { useExchange } from "../builders/exchange.ts";
import { exampleReferral, submit } from "../builders/referral.ts";

const exchange = useExchange();

/** An engine never refuses for want of capacity, so here the client does, as the SDK reports it after its own tries. */
const throttle = (client: object, Command: new (input: never) => unknown, name: string): void => {
  const sender = client as { send(command: unknown): Promise<unknown> };
  const send = sender.send.bind(sender);
  vi.spyOn(sender, "send").mockImplementation((command) =>
    command instanceof Command
      ? Promise.reject(Object.assign(new Error("Rate exceeded"), { name, $fault: "client" }))
      : send(command),
  );
};
afterEach(() => {
  vi.restoreAllMocks();
});

const throttled = {
  "KMS makes no data key": () => throttle(kmsClient(), GenerateDataKeyCommand, "ThrottlingException"),
  "KMS does not sign": () => throttle(kmsClient(), SignCommand, "ThrottlingException"),
  "DynamoDB does not read": () => throttle(dynamoClient(), BatchGetCommand, "ProvisionedThroughputExceededException"),
  "DynamoDB does not commit": () => throttle(dynamoClient(), TransactWriteCommand, "ThrottlingException"),
};

const expectRetryLater = (answer: Answer): void => {
  expect(answer.status, answer.text).toBe(503);
  expect(answer.headers.get("retry-after")).toBe("5");
  expect(answer.json()).toMatchObject({ code: "dependency-unavailable" });
};

const items = async (owner: string, path: string): Promise<unknown[]> =>
  ((await (await exchange.client(owner)).get(path)).json() as { items: unknown[] }).items;

describe("a request that meets a service without capacity leaves nothing, and succeeds when it is repeated", () => {
  it.each(["KMS makes no data key", "DynamoDB does not read", "DynamoDB does not commit"] as const)(
    "submitting while %s",
    async (fault) => {
      const sender = await exchange.client("201");
      const before = await items("201", "/v1/referrals?box=outbox&limit=100");
      const body = exampleReferral();
      throttled[fault]();
      expectRetryLater(await sender.post("/v1/referrals", body, { key: fault.replaceAll(" ", "-") }));
      vi.restoreAllMocks();
      expect(await items("201", "/v1/referrals?box=outbox&limit=100")).toEqual(before);

      const repeated = await sender.post("/v1/referrals", body, { key: fault.replaceAll(" ", "-") });
      expect(repeated.status, repeated.text).toBe(201);
      expect(repeated.headers.get("idempotency-replayed")).toBeNull();
      expect(await items("201", "/v1/referrals?box=outbox&limit=100")).toHaveLength(before.length + 1);
    },
  );

  it.each(["KMS does not sign", "DynamoDB does not read", "DynamoDB does not commit"] as const)(
    "confirming receipt while %s",
    async (fault) => {
      const recipient = await exchange.client("330");
      const { id } = await submit(await exchange.client("201"));
      await recipient.get(`/v1/referrals/${id}`); // its token is issued before anything is throttled
      const confirm = () => recipient.post(`/v1/referrals/${id}/receipt`, { confirmedBy: "330-lead" }, { key: id });
      throttled[fault]();
      expectRetryLater(await confirm());
      vi.restoreAllMocks();
      expect((await recipient.get(`/v1/referrals/${id}`)).json()).toMatchObject({
        state: "awaiting-receipt",
        version: 1,
      });
      expect(await items("330", `/v1/referrals/${id}/events`)).toHaveLength(1);

      expect((await confirm()).status).toBe(201);
      expect(await items("330", `/v1/referrals/${id}/events`)).toHaveLength(2);
    },
  );
});
