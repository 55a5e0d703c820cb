/** What differs from stage to stage, typed; nothing in the code asks where it runs. */
export type Stage = "sandbox" | "production";

export type StageConfig = {
  region: "eu-west-2";
  /** Where webhooks may go: see shared/webhooks/target.ts. A deployed exchange calls nothing but the public internet. */
  webhookTargets: "public-https";
  notifyUrl: "https://api.notifications.service.gov.uk";
};

const everywhere: StageConfig = {
  region: "eu-west-2",
  webhookTargets: "public-https",
  notifyUrl: "https://api.notifications.service.gov.uk",
};

export const stages: Record<Stage, StageConfig> = { sandbox: everywhere, production: everywhere };
