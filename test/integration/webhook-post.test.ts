import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import { type AddressInfo, createServer as createTcpServer, Socket, type Server as TcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from "node:tls";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { postWebhook, type WebhookPost } from "../../shared/webhooks/post.ts";
import { type LookUp, publicInternet, resolveTarget, targetRulesFrom } from "../../shared/webhooks/target.ts";

const servers: TcpServer[] = [];

/** Listens until the test is over; answers the port. */
const listen = async (server: TcpServer, host = "127.0.0.1", port = 0): Promise<number> => {
  servers.push(server);
  server.on("connection", (socket: Socket) => {
    // The client hangs up as it likes.
    socket.on("error", () => {});
    server.on("test over", () => socket.destroy());
  });
  server.listen(port, host);
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
};

/** An endpoint on this machine: its URL, and how many connections it has seen. */
const endpoint = async (answer: RequestListener): Promise<{ url: string; connections: () => number }> => {
  const server = createServer(answer);
  const connections = countConnections(server);
  return { url: `http://127.0.0.1:${await listen(server)}/cme`, connections };
};

const countConnections = (server: TcpServer) => {
  let count = 0;
  server.on("connection", () => {
    count += 1;
  });
  return () => count;
};

/** What goes out of this process, whoever it is meant for. */
const connect = vi.spyOn(Socket.prototype, "connect");

beforeEach(() => {
  connect.mockClear();
});

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.emit("test over");
    server.close();
    await once(server, "close");
  }
});

const andLoopback = targetRulesFrom("public-https-and-loopback");

const neverAsked: LookUp = async () => {
  throw new Error("looked up");
};

const answering =
  (...addresses: string[]): LookUp =>
  async () =>
    addresses.map((address) => ({ address, family: 4 }));

const post = (url: string, changes: Partial<WebhookPost> = {}) =>
  postWebhook({
    url,
    headers: { "webhook-id": "msg_1" },
    body: '{"type":"referral.submitted"}',
    timeoutMs: 10_000,
    rules: andLoopback,
    lookup: neverAsked,
    ...changes,
  });

describe("a webhook that is answered", () => {
  it("is one POST of JSON with the headers given, to the path and query given", async () => {
    const received: unknown[] = [];
    const { url } = await endpoint(async (request, response) => {
      const { method, url, headers } = request;
      received.push({ method, url, headers, body: Buffer.concat(await request.toArray()).toString() });
      response.end();
    });

    await post(`${url}?source=exchange`, { body: '{"name":"Zoë"}' });

    expect(received).toEqual([
      {
        method: "POST",
        url: "/cme?source=exchange",
        headers: {
          host: new URL(url).host,
          "content-type": "application/json",
          "content-length": "15",
          "user-agent": "cme-referral-exchange",
          "webhook-id": "msg_1",
          connection: "close",
        },
        body: '{"name":"Zoë"}',
      },
    ]);
  });

  it("can't have its content type or its sender changed by a header", async () => {
    const received: IncomingMessage["headers"][] = [];
    const { url } = await endpoint((request, response) => {
      received.push(request.headers);
      response.end();
    });
    await post(url, { headers: { "Content-Type": "text/html", "User-Agent": "someone else" } });
    expect(received).toMatchObject([{ "content-type": "application/json", "user-agent": "cme-referral-exchange" }]);
  });

  it.each([200, 202, 204, 304, 400, 401, 404, 410, 429, 500, 503])("tells the status %i", async (status) => {
    const { url } = await endpoint((_request, response) => response.writeHead(status).end());
    expect(await post(url)).toEqual({ status, retryAfter: null });
  });

  it.each(["120", "Mon, 16 Nov 2026 10:00:00 GMT", "soon"])("passes Retry-After on as it is: %s", async (value) => {
    const { url } = await endpoint((_request, response) => response.writeHead(503, { "retry-after": value }).end());
    expect(await post(url)).toEqual({ status: 503, retryAfter: value });
  });

  it("has a connection of its own every time", async () => {
    const { url, connections } = await endpoint((_request, response) => response.end("thank you"));
    await post(url);
    await post(url);
    expect(connections()).toBe(2);
  });

  it.each([301, 302, 303, 307, 308])("with a redirect (%i) goes no further", async (status) => {
    const elsewhere = await endpoint((_request, response) => response.end());
    const { url } = await endpoint((_request, response) =>
      response.writeHead(status, { location: elsewhere.url }).end(),
    );
    expect(await post(url)).toEqual({ status, retryAfter: null });
    expect(elsewhere.connections()).toBe(0);
    expect(connect).toHaveBeenCalledTimes(1);
  });

  it("with a body without end is read no further than is polite", async () => {
    let hungUp: Promise<unknown> | undefined;
    const { url } = await endpoint((_request, response) => {
      hungUp = once(response, "close");
      const endless = new Readable({
        read() {
          this.push(Buffer.alloc(16 * 1024));
        },
      });
      endless.pipe(response);
      response.on("close", () => endless.destroy());
    });
    expect(await post(url)).toEqual({ status: 200, retryAfter: null });
    await hungUp;
  });
});

describe("a webhook that is not answered", () => {
  it("in time is a time-out, and its connection is closed", async () => {
    let hungUp: Promise<unknown> | undefined;
    const { url } = await endpoint((_request, response) => {
      hungUp = once(response, "close");
    });
    expect(await post(url, { timeoutMs: 200 })).toEqual({ failure: "timeout" });
    await hungUp;
  });

  it("to the end in time is a time-out, however often a byte arrives", async () => {
    let dripping: NodeJS.Timeout | undefined;
    let hungUp: Promise<unknown> | undefined;
    const { url } = await endpoint((_request, response) => {
      response.writeHead(200);
      dripping = setInterval(() => response.write("."), 10);
      hungUp = once(response, "close");
    });
    expect(await post(url, { timeoutMs: 200 })).toEqual({ failure: "timeout" });
    await hungUp;
    clearInterval(dripping);
  });

  it("beyond half of its headers is a time-out", async () => {
    const port = await listen(createTcpServer((socket) => socket.write("HTTP/1.1 200 OK\r\nretry-after: 1")));
    expect(await post(`http://127.0.0.1:${port}/`, { timeoutMs: 200 })).toEqual({ failure: "timeout" });
  });

  it("by the resolver in time is a time-out, and nothing is sent when the resolver does answer", async () => {
    const { url, connections } = await endpoint((_request, response) => response.end());
    const resolver = Promise.withResolvers<Awaited<ReturnType<LookUp>>>();
    const named = url.replace("127.0.0.1", "localhost");

    expect(await post(named, { timeoutMs: 50, lookup: () => resolver.promise })).toEqual({ failure: "timeout" });

    resolver.resolve([{ address: "127.0.0.1", family: 4 }]);
    // This one sets out later and comes through, so an earlier one would have been seen.
    await post(url);
    expect(connections()).toBe(1);
    expect(connect).toHaveBeenCalledTimes(1);
  });

  it("in TLS in time is a time-out", async () => {
    const port = await listen(createTcpServer());
    expect(await post(`https://127.0.0.1:${port}/`, { timeoutMs: 200 })).toEqual({ failure: "timeout" });
  });

  it("because nobody listens is a failed connection", async () => {
    const server = createServer();
    const port = await listen(server);
    servers.pop();
    server.close();
    await once(server, "close");
    expect(await post(`http://127.0.0.1:${port}/`)).toEqual({ failure: "connection" });
    expect(await post(`https://127.0.0.1:${port}/`)).toEqual({ failure: "connection" });
  });

  it("because the connection is reset is a failed connection", async () => {
    const { url } = await endpoint((request) => request.socket.resetAndDestroy());
    expect(await post(url)).toEqual({ failure: "connection" });
  });

  it("because the connection ends is a failed connection", async () => {
    const { url } = await endpoint((request) => request.socket.end());
    expect(await post(url)).toEqual({ failure: "connection" });
  });

  it("to the end is a failed connection, whatever the status was", async () => {
    const { url } = await endpoint((request, response) => {
      response.writeHead(200, { "content-length": 100 });
      response.write("half of it", () => request.socket.destroy());
    });
    expect(await post(url)).toEqual({ failure: "connection" });
  });

  it.each([
    ["is not HTTP", "SSH-2.0-OpenSSH_9.6\r\n"],
    ["changes the protocol", "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"],
    ["has headers without end", `HTTP/1.1 200 OK\r\n${"x-padding: padding\r\n".repeat(2_000)}`],
  ])("by what %s is a failed connection", async (_what, answer) => {
    const port = await listen(createTcpServer((socket) => socket.write(answer)));
    expect(await post(`http://127.0.0.1:${port}/`)).toEqual({ failure: "connection" });
  });

  it("because its name is unknown is a failed connection", async () => {
    expect(await post("http://localhost:8080/", { lookup: neverAsked })).toEqual({ failure: "connection" });
    expect(await post("http://localhost:8080/", { lookup: answering() })).toEqual({ failure: "connection" });
    expect(connect).not.toHaveBeenCalled();
  });
});

describe("the address of a webhook", () => {
  const refused = { failure: "address-refused" };

  it.each([
    "http://127.0.0.1/",
    "http://127.0.0.1:8080/",
    "https://127.0.0.1/",
    "https://localhost/",
    "https://2130706433/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://169.254.169.254/latest/meta-data/",
    "https://user:secret@hooks.example.com/",
    "https://hooks.example.com:22/",
    "not a URL",
  ])("is refused by the deployed rules before anything is looked up or sent: %s", async (url) => {
    expect(await post(url, { rules: targetRulesFrom("public-https") })).toEqual(refused);
    expect(connect).not.toHaveBeenCalled();
  });

  it("that was public when it was registered and is loopback now is refused", async () => {
    const rebinding = vi
      .fn<LookUp>()
      .mockResolvedValueOnce([{ address: "93.184.216.34", family: 4 }])
      .mockResolvedValueOnce([{ address: "127.0.0.1", family: 4 }]);
    const url = "https://hooks.example.com/cme";
    expect(await resolveTarget(url, publicInternet, rebinding)).toEqual({ address: "93.184.216.34", family: 4 });

    expect(await post(url, { rules: publicInternet, lookup: rebinding })).toEqual(refused);

    expect(rebinding).toHaveBeenCalledTimes(2);
    expect(connect).not.toHaveBeenCalled();
  });

  it("that is public and private at once is refused", async () => {
    for (const lookup of [answering("93.184.216.34", "10.0.0.1"), answering("10.0.0.1", "93.184.216.34")]) {
      expect(await post("https://hooks.example.com/cme", { rules: publicInternet, lookup })).toEqual(refused);
    }
    expect(connect).not.toHaveBeenCalled();
  });

  it("that is vetted is the one connected to, though the name points elsewhere a moment later", async () => {
    const received: (string | undefined)[] = [];
    const vetted = createServer((request, response) => {
      received.push(request.headers.host);
      response.writeHead(202).end();
    });
    const other = createServer((_request, response) => response.writeHead(500).end());
    const connectionsToOther = countConnections(other);
    // The system's own resolver says 127.0.0.1 for localhost, and so does the second answer of this one.
    const port = await listen(vetted, "127.0.0.2");
    await listen(other, "127.0.0.1", port);
    const rebinding = vi
      .fn<LookUp>()
      .mockResolvedValueOnce([{ address: "127.0.0.2", family: 4 }])
      .mockResolvedValue([{ address: "127.0.0.1", family: 4 }]);

    expect(await post(`http://localhost:${port}/cme`, { lookup: rebinding })).toEqual({
      status: 202,
      retryAfter: null,
    });

    expect(received).toEqual([`localhost:${port}`]);
    expect(rebinding.mock.calls).toEqual([["localhost"]]);
    expect(connectionsToOther()).toBe(0);
  });

  it("is the resolver's where no other is given", async () => {
    const { url } = await endpoint((_request, response) => response.writeHead(204).end());
    const named = url.replace("127.0.0.1", "localhost");
    expect(await postWebhook({ url: named, headers: {}, body: "{}", timeoutMs: 10_000, rules: andLoopback })).toEqual({
      status: 204,
      retryAfter: null,
    });
  });
});

describe("TLS", () => {
  const toLoopback = answering("127.0.0.1");
  let directory: string;
  let localhost: ServerOptions;
  let otherName: ServerOptions;
  let untrusted: ServerOptions;

  const selfSigned = (file: string, name: string): ServerOptions & { cert: string } => {
    const [key, cert] = [join(directory, `${file}.key`), join(directory, `${file}.crt`)];
    execFileSync(
      "openssl",
      `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 2 -keyout ${key} -out ${cert} -subj /CN=${name} -addext subjectAltName=DNS:${name}`.split(
        " ",
      ),
      { stdio: "ignore" },
    );
    return { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
  };

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "cme-webhook-tls-"));
    const [trusted, trustedOther] = [selfSigned("trusted", "localhost"), selfSigned("other", "hooks.example.com")];
    setDefaultCACertificates([...getCACertificates(), trusted.cert, trustedOther.cert]);
    localhost = trusted;
    otherName = trustedOther;
    untrusted = selfSigned("untrusted", "localhost");
  });

  afterAll(() => {
    rmSync(directory, { recursive: true });
  });

  const postOverTls = async (certificate: ServerOptions, answer: RequestListener) =>
    post(`https://localhost:${await listen(createTlsServer(certificate, answer))}/cme`, { lookup: toLoopback });

  it("asks for the URL's name at the vetted address and accepts a trusted certificate for it", async () => {
    const asked: unknown[] = [];
    const outcome = await postOverTls(localhost, (request, response) => {
      asked.push((request.socket as TLSSocket & { servername: unknown }).servername);
      response.writeHead(202).end();
    });
    expect(outcome).toEqual({ status: 202, retryAfter: null });
    expect(asked).toEqual(["localhost"]);
  });

  it("refuses a certificate for another name, and sends nothing", async () => {
    const answer = vi.fn<RequestListener>();
    expect(await postOverTls(otherName, answer)).toEqual({ failure: "tls" });
    expect(answer).not.toHaveBeenCalled();
  });

  it("refuses a certificate that nobody trusted signed, and sends nothing", async () => {
    const answer = vi.fn<RequestListener>();
    expect(await postOverTls(untrusted, answer)).toEqual({ failure: "tls" });
    expect(answer).not.toHaveBeenCalled();
  });

  it("fails against a port that speaks plain http", async () => {
    const { url } = await endpoint((_request, response) => response.end());
    expect(await post(url.replace("http:", "https:"))).toEqual({ failure: "tls" });
  });

  it("fails where the handshake is cut off", async () => {
    const port = await listen(createTcpServer((socket) => socket.once("data", () => socket.resetAndDestroy())));
    expect(await post(`https://127.0.0.1:${port}/`)).toEqual({ failure: "tls" });
  });

  it("once established, a reset is a failed connection", async () => {
    expect(await postOverTls(localhost, (request) => request.socket.destroy())).toEqual({ failure: "connection" });
  });
});
