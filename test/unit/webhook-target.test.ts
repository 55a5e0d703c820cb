import { describe, expect, it } from "vitest";
import {
  type Address,
  isPublicAddress,
  publicInternet,
  resolveTarget,
  TargetRefused,
  type TargetRules,
  targetRulesFrom,
  urlFault,
} from "../../shared/webhooks/target.ts";

const andLoopback = targetRulesFrom("public-https-and-loopback");

describe("the rules that the environment names", () => {
  it("are those of the public internet where the exchange is deployed", () => {
    expect(targetRulesFrom("public-https")).toEqual({ allowedLoopback: false });
    expect(publicInternet).toEqual({ allowedLoopback: false });
  });

  it("accept loopback on one's own machine", () => {
    expect(andLoopback).toEqual({ allowedLoopback: true });
  });

  it.each(["", "public", "PUBLIC-HTTPS", "public-https ", "loopback", "constructor", "true"])(
    "are not guessed from %j",
    (value) => {
      expect(() => targetRulesFrom(value)).toThrow("WEBHOOK_TARGETS must be one of");
    },
  );
});

/** Both rules must agree on these. */
const bothRules: [string, TargetRules][] = [
  ["public", publicInternet],
  ["public and loopback", andLoopback],
];

describe.each(bothRules)("a URL, by the rules %s,", (_name, rules) => {
  it.each([
    "https://hooks.example.com",
    "https://hooks.example.com/cme?source=exchange&x=%20",
    "https://hooks.example.com:443/cme",
    "https://hooks.example.com:/cme",
    "HTTPS://HOOKS.Example.COM/cme",
    "https://h%6foks.example.com/cme",
    "https://www.bücher.example.com/cme",
    "https://xn--bcher-kva.example.com/cme",
    "https://localhost.example.com/",
    "https://notlocal.example.com/",
    "https://mylocalhost.com/",
    "https://hooks.wlan/",
    "https://internal.example.com/",
    "https://hooks.example.com/@user",
    "https://hooks.example.com/?to=a@b.example",
    "https://93.184.216.34/cme",
    "https://[2606:2800:220:1:248:1893:25c8:1946]/cme",
    "https://127.0.0.1.nip.io/",
  ])("is accepted: %s", (url) => {
    expect(urlFault(url, rules)).toBeUndefined();
  });

  it.each([
    ["nothing", "", "url-malformed"],
    ["a space", " ", "url-malformed"],
    ["no scheme", "hooks.example.com/cme", "url-malformed"],
    ["a scheme left out", "//hooks.example.com/cme", "url-malformed"],
    ["no host", "https://", "url-malformed"],
    ["a port for a host", "https://:443/", "url-malformed"],
    ["no slashes", "https:hooks.example.com", "url-malformed"],
    ["one slash", "https:/hooks.example.com", "url-malformed"],
    ["three slashes", "https:///127.0.0.1/", "url-malformed"],
    ["backslashes", "https:\\\\127.0.0.1\\", "url-malformed"],
    ["a backslash before an @", "https://hooks.example.com\\@127.0.0.1/", "url-malformed"],
    ["a leading space", " https://hooks.example.com/", "url-malformed"],
    ["a trailing space", "https://hooks.example.com/ ", "url-malformed"],
    ["a space in the path", "https://hooks.example.com/a b", "url-malformed"],
    ["a tab in the host", "https://local\thost/", "url-malformed"],
    ["a line break in the host", "https://hooks.exa\nmple.com/", "url-malformed"],
    ["a header smuggled in", "https://hooks.example.com/ HTTP/1.1\r\nHost: localhost", "url-malformed"],
    ["a null character", "https://hooks.example.com/\u0000", "url-malformed"],
    ["a control character", "https://hooks.example.com/\u0001", "url-malformed"],
    ["a no-break space", "https://hooks.example.com/\u00a0", "url-malformed"],
    ["a percent-encoded null in the host", "https://127.0.0.1%00.example.com/", "url-malformed"],
    ["a percent-encoded slash in the host", "https://127.0.0.1%2f.example.com/", "url-malformed"],
    ["a percent-encoded @ in the host", "https://hooks.example.com%40127.0.0.1/", "url-malformed"],
    ["a port beyond 65535", "https://hooks.example.com:65536/", "url-malformed"],
    ["two ports", "https://hooks.example.com:443:22/", "url-malformed"],
    ["an IPv4 part beyond 255", "https://256.1.1.1/", "url-malformed"],
    ["an IPv6 zone", "https://[fe80::1%25eth0]/", "url-malformed"],
    ["an unclosed bracket", "https://[::1/", "url-malformed"],
    ["script", "javascript:alert(1)", "url-malformed"],
    ["a file", "file:///etc/passwd", "url-malformed"],
    ["a user", "https://user@hooks.example.com/", "url-credentials"],
    ["a user and a password", "https://user:secret@hooks.example.com/", "url-credentials"],
    ["a password alone", "https://:secret@hooks.example.com/", "url-credentials"],
    ["an empty user", "https://@hooks.example.com/", "url-credentials"],
    ["an empty user and password", "https://:@hooks.example.com/", "url-credentials"],
    ["a public name as user of loopback", "https://example.com@127.0.0.1", "url-credentials"],
    ["two @", "https://example.com@example.com@127.0.0.1/", "url-credentials"],
    ["a fragment", "https://hooks.example.com/#top", "url-fragment"],
    ["an empty fragment", "https://hooks.example.com/#", "url-fragment"],
    ["a fragment before an @", "https://hooks.example.com#@127.0.0.1/", "url-fragment"],
    ["plain http", "http://hooks.example.com/", "url-scheme"],
    ["plain http at 443", "http://hooks.example.com:443/", "url-scheme"],
    ["ftp", "ftp://hooks.example.com/", "url-scheme"],
    ["gopher", "gopher://hooks.example.com/", "url-scheme"],
    ["a websocket", "wss://hooks.example.com/", "url-scheme"],
    ["ftp to loopback", "ftp://127.0.0.1/", "url-scheme"],
    ["a file of a host", "file://localhost.example.com/etc/passwd", "url-scheme"],
    ["IPv4-mapped loopback over http", "http://[::ffff:127.0.0.1]", "url-scheme"],
    ["port 8443", "https://hooks.example.com:8443/", "url-port"],
    ["port 22", "https://hooks.example.com:22/", "url-port"],
    ["port 80", "https://hooks.example.com:80/", "url-port"],
    ["port 0", "https://hooks.example.com:0/", "url-port"],
    ["port 4430", "https://hooks.example.com:4430/", "url-port"],
    ["a single label", "https://intranet/", "host-not-public"],
    ["a single public label", "https://uk/", "host-not-public"],
    ["a trailing dot", "https://hooks.example.com./", "host-not-public"],
    ["localhost with a trailing dot", "https://localhost./", "host-not-public"],
    ["two trailing dots", "https://hooks.example.com../", "host-not-public"],
    ["an empty label", "https://hooks..example.com/", "host-not-public"],
    ["a leading dot", "https://.example.com/", "host-not-public"],
    ["an underscore", "https://_dmarc.example.com/", "host-not-public"],
    ["a label that ends in a hyphen", "https://hooks-.example.com/", "host-not-public"],
    ["a wildcard", "https://*.example.com/", "host-not-public"],
    ["a name under localhost", "https://hooks.localhost/", "host-not-public"],
    ["a name under LOCALHOST", "https://hooks.LOCALHOST/", "host-not-public"],
    ["a multicast DNS name", "https://printer.local/", "host-not-public"],
    ["an internal name", "https://metadata.google.internal/", "host-not-public"],
    ["an internal name of AWS", "https://ip-10-0-0-1.eu-west-2.compute.internal/", "host-not-public"],
    ["a name of a home network", "https://router.home.arpa/", "host-not-public"],
    ["the name of a home network", "https://home.arpa/", "host-not-public"],
    ["a name of a LAN", "https://router.lan/", "host-not-public"],
    ["a name of a company", "https://hooks.corp/", "host-not-public"],
    ["a name of an intranet", "https://hooks.intranet/", "host-not-public"],
    ["a private name", "https://hooks.private/", "host-not-public"],
    ["a home name", "https://hooks.home/", "host-not-public"],
    ["the metadata address", "https://169.254.169.254/latest/meta-data/", "host-not-public"],
    ["the metadata address as a decimal number", "https://2852039166/", "host-not-public"],
    ["the metadata address, IPv4-mapped", "https://[::ffff:a9fe:a9fe]/", "host-not-public"],
    ["the metadata address of AWS in IPv6", "https://[fd00:ec2::254]/", "host-not-public"],
    ["a private address", "https://10.0.0.1/", "host-not-public"],
    ["a private address in octal", "https://012.0.0.1/", "host-not-public"],
    ["a private address in hexadecimal", "https://0xc0.0xa8.0x01.0x01/", "host-not-public"],
    ["a private address in three parts", "https://172.16.1/", "host-not-public"],
    ["another address of loopback", "https://127.1.2.3/", "host-not-public"],
    ["zero", "https://0/", "host-not-public"],
    ["0.0.0.0", "https://0.0.0.0/", "host-not-public"],
    ["the broadcast address", "https://255.255.255.255/", "host-not-public"],
    ["the broadcast address as -1 would be", "https://4294967295/", "host-not-public"],
    ["IPv6 loopback", "https://[::1]/", "host-not-public"],
    ["IPv6 loopback in full", "https://[0000:0000:0000:0000:0000:0000:0000:0001]/", "host-not-public"],
    ["no address in IPv6", "https://[::]/", "host-not-public"],
    ["IPv4-mapped loopback", "https://[::ffff:127.0.0.1]/", "host-not-public"],
    ["IPv4-mapped loopback in full", "https://[0:0:0:0:0:FFFF:7F00:0001]/", "host-not-public"],
    ["IPv4-compatible loopback", "https://[::127.0.0.1]/", "host-not-public"],
    ["IPv4-translated loopback", "https://[::ffff:0:127.0.0.1]/", "host-not-public"],
    ["NAT64 of loopback", "https://[64:ff9b::127.0.0.1]/", "host-not-public"],
    ["NAT64 of a private address", "https://[64:ff9b::a00:1]/", "host-not-public"],
    ["6to4 of loopback", "https://[2002:7f00:1::]/", "host-not-public"],
    ["Teredo", "https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/", "host-not-public"],
    ["a link-local address", "https://[fe80::1]/", "host-not-public"],
    ["a unique local address", "https://[fd12:3456:789a::1]/", "host-not-public"],
  ])("is refused for %s: %j", (_what, url, fault) => {
    expect(urlFault(url, rules)).toBe(fault);
  });

  it("may have 2048 characters and not one more", () => {
    expect(urlFault(`https://hooks.example.com/${"a".repeat(2022)}`, rules)).toBeUndefined();
    expect(urlFault(`https://hooks.example.com/${"a".repeat(2023)}`, rules)).toBe("url-too-long");
  });

  it("may have labels of 63 characters and a name of 253, as in the DNS", () => {
    const label = "a".repeat(63);
    expect(urlFault(`https://${label}.example.com/`, rules)).toBeUndefined();
    expect(urlFault(`https://a${label}.example.com/`, rules)).toBe("host-not-public");
    expect(urlFault(`https://${`${label}.`.repeat(3)}${"b".repeat(57)}.com/`, rules)).toBeUndefined();
    expect(urlFault(`https://${`${label}.`.repeat(3)}${"b".repeat(58)}.com/`, rules)).toBe("host-not-public");
  });
});

describe("loopback", () => {
  it.each([
    "https://localhost/",
    "https://LOCALHOST/",
    "https://local%68ost/",
    "https://local\u00adhost/",
    "https://ⓛocalhost/",
    "https://127.0.0.1/",
    "https://127.0.0.1./",
    "https://127.1/",
    "https://0x7f.1",
    "https://0x7f000001/",
    "https://0x7F.0x0.0x0.0x1/",
    "https://2130706433",
    "https://017700000001",
    "https://0177.0.0.01/",
    "https://127.0.0.0x1/",
    "https://%31%32%37.0.0.1/",
    "https://１２７.0.0.1/",
    "https://127。0。0。1/",
  ])("is refused on the public internet, as %s", (url) => {
    expect(urlFault(url, publicInternet)).toBe("host-not-public");
  });

  it.each([
    ["http://127.0.0.1/", "url-scheme"],
    ["http://localhost:8080/", "url-scheme"],
    ["https://localhost:8443/", "url-port"],
    ["https://127.0.0.1:8443/", "url-port"],
  ])("is refused on the public internet, as %s", (url, fault) => {
    expect(urlFault(url, publicInternet)).toBe(fault);
  });

  it.each([
    "http://127.0.0.1/",
    "http://127.0.0.1:8080/hook",
    "https://127.0.0.1:8443/hook",
    "http://localhost:1/hook",
    "http://LOCALHOST:65535/hook",
    "https://localhost/hook",
  ])("is accepted by its own rules, as %s", (url) => {
    expect(urlFault(url, andLoopback)).toBeUndefined();
  });

  it.each([
    ["another address of loopback", "http://127.0.0.2:8080/", "url-scheme"],
    ["IPv6", "https://[::1]/", "host-not-public"],
    ["a name under localhost", "https://hooks.localhost/", "host-not-public"],
    ["a final dot", "https://localhost./", "host-not-public"],
    ["another scheme", "ftp://localhost/", "url-scheme"],
    ["credentials", "http://user@localhost:8080/", "url-credentials"],
    ["a fragment", "http://localhost:8080/#top", "url-fragment"],
  ])("is refused even by its own rules with %s", (_what, url, fault) => {
    expect(urlFault(url, andLoopback)).toBe(fault);
  });
});

describe("an address", () => {
  it.each([
    "1.1.1.1",
    "9.255.255.255",
    "11.0.0.0",
    "93.184.216.34",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "191.255.255.255",
    "192.0.1.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "2A00:1450:4009:81F::200E",
    "::ffff:93.184.216.34",
    "64:ff9b::93.184.216.34",
  ])("is public: %s", (ip) => {
    expect(isPublicAddress(ip)).toBe(true);
  });

  it.each([
    ["this network", "0.0.0.0"],
    ["this network", "0.255.255.255"],
    ["private", "10.0.0.0"],
    ["private", "10.255.255.255"],
    ["carrier-grade NAT", "100.64.0.0"],
    ["carrier-grade NAT", "100.127.255.255"],
    ["loopback", "127.0.0.0"],
    ["loopback", "127.0.0.1"],
    ["loopback", "127.255.255.255"],
    ["link-local", "169.254.0.0"],
    ["the metadata service", "169.254.169.254"],
    ["the credentials of a container", "169.254.170.2"],
    ["link-local", "169.254.255.255"],
    ["private", "172.16.0.0"],
    ["private", "172.31.255.255"],
    ["IETF assignments", "192.0.0.0"],
    ["the metadata service of another cloud", "192.0.0.192"],
    ["documentation", "192.0.2.1"],
    ["AS112", "192.31.196.1"],
    ["AMT", "192.52.193.1"],
    ["6to4 relays", "192.88.99.1"],
    ["private", "192.168.0.0"],
    ["private", "192.168.255.255"],
    ["AS112", "192.175.48.1"],
    ["benchmarks", "198.18.0.0"],
    ["benchmarks", "198.19.255.255"],
    ["documentation", "198.51.100.1"],
    ["documentation", "203.0.113.1"],
    ["multicast", "224.0.0.1"],
    ["multicast", "239.255.255.255"],
    ["reserved", "240.0.0.0"],
    ["reserved", "255.255.255.254"],
    ["broadcast", "255.255.255.255"],
    ["unspecified", "::"],
    ["loopback", "::1"],
    ["IPv4-compatible loopback", "::127.0.0.1"],
    ["IPv4-compatible, public", "::93.184.216.34"],
    ["IPv4-compatible, public", "::5db8:d822"],
    ["IPv6 loopback as IPv4-compatible", "::0.0.0.1"],
    ["IPv4-mapped loopback", "::ffff:127.0.0.1"],
    ["IPv4-mapped loopback", "::ffff:7f00:1"],
    ["IPv4-mapped private", "::ffff:10.0.0.1"],
    ["IPv4-mapped this network", "::ffff:0.0.0.0"],
    ["IPv4-mapped metadata service", "::ffff:169.254.169.254"],
    ["IPv4-translated", "::ffff:0:93.184.216.34"],
    ["NAT64 of loopback", "64:ff9b::127.0.0.1"],
    ["NAT64 of a private address", "64:ff9b::10.0.0.1"],
    ["NAT64 of a private address", "64:ff9b::c0a8:101"],
    ["NAT64 of the metadata service", "64:ff9b::a9fe:a9fe"],
    ["NAT64 of a local network", "64:ff9b:1::93.184.216.34"],
    ["discard", "100::1"],
    ["Teredo", "2001:0:4136:e378:8000:63bf:3fff:fdd2"],
    ["benchmarks", "2001:2::1"],
    ["AS112", "2001:4:112::1"],
    ["ORCHID", "2001:10::1"],
    ["ORCHIDv2", "2001:20::1"],
    ["documentation", "2001:db8::1"],
    ["6to4 of loopback", "2002:7f00:1::1"],
    ["6to4 of a private address", "2002:a00:1::1"],
    ["6to4 of a public address", "2002:5db8:d822::1"],
    ["documentation", "3fff::1"],
    ["unassigned", "4000::1"],
    ["segment routing", "5f00::1"],
    ["unique local", "fc00::1"],
    ["unique local", "fd00::1"],
    ["the metadata service of AWS", "fd00:ec2::254"],
    ["link-local", "fe80::1"],
    ["link-local", "febf::1"],
    ["site-local", "fec0::1"],
    ["multicast", "ff02::1"],
    ["zoned", "fe80::1%eth0"],
    ["zoned, public", "2606:4700:4700::1111%eth0"],
    ["nothing", ""],
    ["a name", "hooks.example.com"],
    ["a number", "1572395042"],
    ["hexadecimal", "0x5d.0xb8.0xd8.0x22"],
    ["octal", "0135.0270.0330.042"],
    ["short", "1.1"],
    ["five parts", "1.1.1.1.1"],
    ["out of range", "256.1.1.1"],
    ["a network", "1.1.1.0/24"],
    ["bracketed", "[2606:4700:4700::1111]"],
    ["spaced", " 1.1.1.1"],
  ])("is not public: %s, %j", (_what, ip) => {
    expect(isPublicAddress(ip)).toBe(false);
  });
});

describe("a name", () => {
  const v4 = (address: string): Address => ({ address, family: 4 });
  const v6 = (address: string): Address => ({ address, family: 6 });
  const answering =
    (...addresses: Address[]) =>
    async () =>
      addresses;
  const neverAsked = async () => {
    throw new Error("looked up");
  };
  const refusal = async (resolving: Promise<unknown>): Promise<TargetRefused> => {
    const error = await resolving.catch((error: unknown) => error);
    if (!(error instanceof TargetRefused)) throw new Error("not refused");
    return error;
  };

  it("resolves to the first of its addresses", async () => {
    const lookUp = answering(v4("93.184.216.34"), v6("2606:2800:220:1:248:1893:25c8:1946"));
    expect(await resolveTarget("https://hooks.example.com/cme", publicInternet, lookUp)).toEqual({
      address: "93.184.216.34",
      family: 4,
    });
  });

  it("is looked up as it is in the DNS", async () => {
    const asked: string[] = [];
    await resolveTarget("https://HOOKS.Bücher.example.com:443/cme", publicInternet, async (name) => {
      asked.push(name);
      return [v4("93.184.216.34")];
    });
    expect(asked).toEqual(["hooks.xn--bcher-kva.example.com"]);
  });

  it.each([
    ["loopback", "https://127.0.0.1.nip.io/", [v4("127.0.0.1")]],
    ["a private address", "https://hooks.example.com/", [v4("10.1.2.3")]],
    ["the metadata service", "https://hooks.example.com/", [v4("169.254.169.254")]],
    ["no address", "https://hooks.example.com/", [v4("0.0.0.0")]],
    ["IPv6 loopback", "https://hooks.example.com/", [v6("::1")]],
    ["IPv4-mapped loopback", "https://hooks.example.com/", [v6("::ffff:127.0.0.1")]],
    ["a public address, then a private one", "https://hooks.example.com/", [v4("93.184.216.34"), v4("10.0.0.1")]],
    ["a private address, then a public one", "https://hooks.example.com/", [v4("10.0.0.1"), v4("93.184.216.34")]],
    ["a public IPv4 address and a local IPv6 one", "https://hooks.example.com/", [v4("93.184.216.34"), v6("fd00::1")]],
    ["what is not an address", "https://hooks.example.com/", [v4("localhost")]],
  ])("that resolves to %s is refused by both rules", async (_what, url, addresses) => {
    const lookUp = answering(...addresses);
    expect((await refusal(resolveTarget(url, publicInternet, lookUp))).code).toBe("address-not-public");
    expect((await refusal(resolveTarget(url, andLoopback, lookUp))).code).toBe("address-not-public");
  });

  it("that resolves to nothing is refused", async () => {
    const { code } = await refusal(resolveTarget("https://hooks.example.com/", publicInternet, answering()));
    expect(code).toBe("name-unresolved");
  });

  it("that the resolver doesn't know is refused", async () => {
    const { code } = await refusal(resolveTarget("https://hooks.example.com/", publicInternet, neverAsked));
    expect(code).toBe("name-unresolved");
  });

  it("of a URL with a fault is never looked up", async () => {
    const { code } = await refusal(resolveTarget("https://hooks.example.com:22/", publicInternet, neverAsked));
    expect(code).toBe("url-port");
  });

  it("is not needed where the URL has an address", async () => {
    expect(await resolveTarget("https://93.184.216.34/", publicInternet, neverAsked)).toEqual({
      address: "93.184.216.34",
      family: 4,
    });
    expect(await resolveTarget("https://[2606:4700:4700:0::1111]/", publicInternet, neverAsked)).toEqual({
      address: "2606:4700:4700::1111",
      family: 6,
    });
    expect(await resolveTarget("http://127.0.0.1:8080/", andLoopback, neverAsked)).toEqual({
      address: "127.0.0.1",
      family: 4,
    });
  });

  it("localhost must be loopback even where that is allowed", async () => {
    const url = "http://localhost:8080/";
    expect(await resolveTarget(url, andLoopback, answering(v6("::1")))).toEqual({ address: "::1", family: 6 });
    for (const elsewhere of [v4("10.0.0.1"), v4("93.184.216.34"), v4("169.254.169.254")]) {
      const { code } = await refusal(resolveTarget(url, andLoopback, answering(v4("127.0.0.1"), elsewhere)));
      expect(code).toBe("address-not-public");
    }
  });

  it("is not repeated by a refusal, nor is an address", async () => {
    const unknown = async (name: string) => {
      throw new Error(`getaddrinfo ENOTFOUND ${name}`);
    };
    const refusals = [
      await refusal(resolveTarget("https://secret-host.example.com/", publicInternet, unknown)),
      await refusal(resolveTarget("https://secret-host.example.com/", publicInternet, answering(v4("10.9.8.7")))),
      await refusal(resolveTarget("https://secret-host/", publicInternet, unknown)),
    ];
    for (const error of refusals) {
      const told = JSON.stringify([error, error.message, error.stack, error.cause]);
      expect(told).not.toContain("secret-host");
      expect(told).not.toContain("10.9.8.7");
    }
    expect(refusals.map(({ code }) => code)).toEqual(["name-unresolved", "address-not-public", "host-not-public"]);
  });
});
