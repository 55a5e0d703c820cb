import { KMSClient } from "@aws-sdk/client-kms";
import { clientSettings } from "../aws/client-settings.ts";
import { once } from "../aws/environment.ts";

export const kmsClient = once(() => new KMSClient(clientSettings()));
