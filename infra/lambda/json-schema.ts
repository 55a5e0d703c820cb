/** What zod makes JSON Schemas with, where no function makes any: see infra/bundle.ts. */
const notHere = () => () => {
  throw new TypeError("JSON Schemas are made when the functions are bundled");
};

export const createToJSONSchemaMethod = notHere;
export const createStandardJSONSchemaMethod = notHere;
export const toJSONSchema = notHere();
