import type { KMSClient } from "@aws-sdk/client-kms";
import { type EncryptionContext, open, seal } from "./envelope.ts";

/**
 * A secret among the exchange's own settings, such as the API key of GOV.UK Notify. It stands sealed in the configuration
 * and in the function's environment, so whoever may look at either learns nothing; only the function that needs it may
 * open it, and KMS's log says when it did.
 */
export type SealedSetting = "NOTIFY_API_KEY";

const contextOf = (name: SealedSetting): EncryptionContext => ({ setting: name });

export const sealSetting = (kms: KMSClient, keyId: string, name: SealedSetting, secret: string): Promise<string> =>
  seal(kms, keyId, contextOf(name), secret);

/** Opened at the first call, and kept once that has succeeded. */
export const sealedSetting = (
  kms: KMSClient,
  keyId: string,
  name: SealedSetting,
  envelope: string,
): (() => Promise<string>) => {
  let opened: Promise<string> | undefined;
  return () => {
    opened ??= open(kms, keyId, contextOf(name), envelope).catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };
};
