import { once } from "../../shared/aws/environment.ts";
import { openapiDocument } from "../../shared/contract/openapi.ts";
import { openapi as route } from "../../shared/contract/oversight.ts";
import { accessSettings } from "../../shared/http/authenticate.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";

/** The document is the same for the life of the process. */
const dependencies = () => ({ text: once(() => JSON.stringify(openapiDocument(accessSettings().issuer))) });

const getOpenapi: Operation<typeof route, ReturnType<typeof dependencies>> = async (_call, { text }) => ({
  status: 200,
  headers: { "content-type": "application/json" },
  text: text(),
});

export const handler = serve(route, dependencies, getOpenapi);
