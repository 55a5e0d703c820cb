import { CredentialsProviderError } from "@smithy/core/config";

/** The SDK looks into ~/.aws for what the environment doesn't say. Lambda has none: it goes on to its defaults. */
export const fromSharedConfigFiles = () => async () => {
  throw new CredentialsProviderError("There are no configuration files on Lambda");
};
