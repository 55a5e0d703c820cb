/** AWS's partitions and their regions, which the rules for endpoints go by: see endpoint.ts. */
export const partitionsInfo = { partitions: [], version: "" };
