import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import ipaddr from "ipaddr.js";

/**
 * Where a webhook may go. The exchange sends requests to addresses that others register, so a URL must never become a
 * way into the network that the exchange itself runs in.
 */
export type TargetRules = {
  /** Accept http and https on 127.0.0.1 and localhost too, at any port: for an exchange on one's own machine. */
  readonly allowedLoopback: boolean;
};

/** https on a public address and nothing else: the rules wherever the exchange is deployed. */
export const publicInternet: TargetRules = { allowedLoopback: false };

const rulesByName: ReadonlyMap<string, TargetRules> = new Map([
  ["public-https", publicInternet],
  ["public-https-and-loopback", { allowedLoopback: true }],
]);

/**
 * The rules that the environment names in `WEBHOOK_TARGETS`.
 * @throws Error for any other value, so that a slip of the pen never widens the rules
 */
export const targetRulesFrom = (value: string): TargetRules => {
  const rules = rulesByName.get(value);
  if (!rules) throw new Error(`WEBHOOK_TARGETS must be one of: ${[...rulesByName.keys()].join(", ")}`);
  return rules;
};

export type UrlFault =
  | "url-too-long"
  | "url-malformed"
  | "url-credentials"
  | "url-fragment"
  | "url-scheme"
  | "url-port"
  | "host-not-public";

/** Why a target is refused. Never repeats the URL, the host or an address: the answer must not map anyone's network. */
export class TargetRefused extends Error {
  override readonly name = "TargetRefused";
  readonly code: UrlFault | "name-unresolved" | "address-not-public";
  constructor(code: TargetRefused["code"]) {
    super(`Webhook target refused: ${code}`);
    this.code = code;
  }
}

const longestUrl = 2048;

/** Stricter than the URL Standard, which forgives spaces, tabs, backslashes and missing or extra slashes. */
const wellFormed = /^[a-z][a-z\d+.-]*:\/\/[^\s\p{Cc}\\/?#][^\s\p{Cc}\\]*$/iu;

/** Even empty ones ("https://@host"), which the URL Standard drops without a word. */
const withCredentials = /^[^:]+:\/\/[^/?#]*@/;

/**
 * What is wrong with a webhook's URL as it stands, before its name is looked up; nothing if it is acceptable.
 * Judged as the URL Standard reads it, which is also how it is connected to: every spelling of a host (decimal,
 * octal, percent-encoded, full-width) has become one by then.
 */
export const urlFault = (url: string, rules: TargetRules): UrlFault | undefined => {
  if (url.length > longestUrl) return "url-too-long";
  const parsed = wellFormed.test(url) ? URL.parse(url) : null;
  if (!parsed) return "url-malformed";
  if (withCredentials.test(url)) return "url-credentials";
  if (url.includes("#")) return "url-fragment";
  const host = hostOf(parsed);
  const demands = demandsOn(host, rules);
  if (!demands.schemes.includes(parsed.protocol)) return "url-scheme";
  if (parsed.port !== "" && !demands.anyPort) return "url-port";
  if (!(isIP(host) ? demands.address(host) : demands.name(host))) return "host-not-public";
  return undefined;
};

/** The host's name or address, an IPv6 address without its brackets. */
const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, "");

/** What is demanded of a URL, according to its host. */
type Demands = {
  readonly schemes: readonly string[];
  /** False: the scheme's own port only, so 443. */
  readonly anyPort: boolean;
  readonly name: (host: string) => boolean;
  readonly address: (ip: string) => boolean;
};

const demandsOn = (host: string, rules: TargetRules): Demands =>
  rules.allowedLoopback && loopbackHosts.includes(host) ? onLoopback : onThePublicInternet;

const loopbackHosts: readonly string[] = ["127.0.0.1", "localhost"];

/** RFC 1123 section 2.1 with two labels or more, and no final dot: TLS certificates have none. */
const domainName = /^(?=.{1,253}$)([a-z\d]([a-z\d-]{0,61}[a-z\d])?\.)+[a-z\d]([a-z\d-]{0,61}[a-z\d])?$/;

/** Names that only a private network answers: RFC 6761, RFC 6762 with its appendix G, RFC 8375. */
const privateName = /(^|\.)(localhost|local|internal|intranet|private|corp|home|lan|home\.arpa)$/;

/**
 * True for an address that the public internet routes to one machine. Every special range of IANA's registries
 * (RFC 6890) is refused, and every IPv6 range that is not global unicast (2000::/3), so also the ways of wrapping IPv4
 * that no endpoint needs: IPv4-compatible, 6to4 and Teredo.
 * @param ip IPv4 in four decimal parts, or IPv6 without brackets or zone; anything else is not public
 */
export const isPublicAddress = (ip: string): boolean => {
  const address = addressOf(ip);
  if (address === undefined || address.range() !== "unicast") return false;
  return address.kind() === "ipv4" || address.match(globalUnicast);
};

const isLoopbackAddress = (ip: string): boolean => addressOf(ip)?.range() === "loopback";

const globalUnicast = ipaddr.IPv6.parseCIDR("2000::/3");

/** The address that is meant: a NAT64 network's resolver wraps every IPv4 address, and some systems map them. */
const addressOf = (ip: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined => {
  const written = isIP(ip) === 6 ? inHexadecimal(ip) : ip;
  if (written === undefined || isIP(written) === 0) return undefined;
  const address = ipaddr.parse(written);
  const wrapsIPv4 = address.kind() === "ipv6" && wrappers.some((wrapper) => address.match(wrapper));
  return wrapsIPv4 ? new ipaddr.IPv4(address.toByteArray().slice(12)) : address;
};

/** As the URL Standard writes IPv6; nothing for a zone. ipaddr.js would take "::1.2.3.4" for IPv4-mapped, which it is not. */
const inHexadecimal = (ipv6: string): string | undefined => {
  const url = URL.parse(`https://[${ipv6}]/`);
  return url ? hostOf(url) : undefined;
};

/** IPv4-mapped (RFC 4291 section 2.5.5.2) and NAT64 (RFC 6052 section 2.1): IPv4 in the last 32 bits. */
const wrappers = [ipaddr.IPv6.parseCIDR("::ffff:0:0/96"), ipaddr.IPv6.parseCIDR("64:ff9b::/96")];

const onThePublicInternet: Demands = {
  schemes: ["https:"],
  anyPort: false,
  name: (host) => domainName.test(host) && !privateName.test(host),
  address: isPublicAddress,
};

const onLoopback: Demands = {
  schemes: ["http:", "https:"],
  anyPort: true,
  name: () => true,
  address: isLoopbackAddress,
};

export type Address = { readonly address: string; readonly family: number };

/** Every address of a name. Rejects where there is none. */
export type LookUp = (name: string) => Promise<readonly Address[]>;

/** IPv4 first: an endpoint with both is reached from a network that has no IPv6. */
export const systemLookUp: LookUp = (name) => lookup(name, { all: true, order: "ipv4first" });

/**
 * Looks the URL's host up and vets it: the address to connect to, and to no other. One address that is not allowed
 * refuses the whole name, for which of them answers would be chance.
 * @throws TargetRefused for a fault of the URL, a name without an address, or an address that is not allowed
 */
export const resolveTarget = async (url: string, rules: TargetRules, lookUp: LookUp): Promise<Address> => {
  const fault = urlFault(url, rules);
  if (fault) throw new TargetRefused(fault);
  const host = hostOf(new URL(url));
  const addresses = isIP(host) ? [{ address: host, family: isIP(host) }] : await addressesOf(host, lookUp);
  const [first] = addresses;
  if (!first) throw new TargetRefused("name-unresolved");
  const demands = demandsOn(host, rules);
  if (!addresses.every(({ address }) => demands.address(address))) throw new TargetRefused("address-not-public");
  return first;
};

/** The resolver's own error would repeat the name. */
const addressesOf = async (name: string, lookUp: LookUp): Promise<readonly Address[]> => {
  try {
    return await lookUp(name);
  } catch {
    throw new TargetRefused("name-unresolved");
  }
};
