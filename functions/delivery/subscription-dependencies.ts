import { dynamoClient } from "../../shared/store/dynamo.ts";
import { tableNames } from "../../shared/store/table-names.ts";

export const subscriptionDependencies = () => ({
  dynamo: dynamoClient(),
  tables: tableNames("subscriptions", "answers", "proofs"),
});
export type SubscriptionDependencies = ReturnType<typeof subscriptionDependencies>;
