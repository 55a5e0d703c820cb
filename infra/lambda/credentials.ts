/**
 * The SDK's chain of credential providers, cut to what Lambda has: the environment. The bundler puts this in its place, as
 * the chain (SSO, profiles, processes, instance metadata) is a quarter of a bundle and never used there. Lambda replaces
 * the environment together with the credentials, so they are read once.
 */
export const defaultProvider = () => async () => ({
  accessKeyId: process.env.AWS_ACCESS_KEY_ID ?? "",
  secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY ?? "",
  ...(process.env.AWS_SESSION_TOKEN && { sessionToken: process.env.AWS_SESSION_TOKEN }),
});
