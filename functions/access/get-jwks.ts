import { environment } from "../../shared/aws/environment.ts";
import { jwks as route } from "../../shared/contract/access.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { keyRing } from "../../shared/keys/key-set.ts";
import { kmsClient } from "../../shared/keys/kms.ts";

const dependencies = () => {
  const given = environment("ACCESS_TOKEN_KEYS", "EVIDENCE_KEYS", "PUBLICATION_KEYS");
  return { rings: Object.values(given).map((ids) => keyRing(kmsClient(), ids)) };
};

const getJwks: Operation<typeof route, ReturnType<typeof dependencies>> = async (_call, { rings }) => {
  const keys = (await Promise.all(rings.map((ring) => ring.publicJwks()))).flat();
  return reply(route, 200, { keys });
};

export const handler = serve(route, dependencies, getJwks);
