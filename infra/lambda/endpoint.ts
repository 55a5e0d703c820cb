type Parameters = { Endpoint?: string; Region?: string };

/**
 * The SDK's rules for endpoints, cut to a region of AWS's commercial partition. An endpoint that is set goes before it,
 * as in the rules; dual stack, FIPS and the endpoints of single accounts are what they are about otherwise.
 */
export const regionalEndpoint =
  (service: string) =>
  ({ Endpoint, Region }: Parameters) => ({
    url: new URL(Endpoint ?? `https://${service}.${Region}.amazonaws.com`),
    properties: {},
    headers: {},
  });
