import { createServer, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { WeirError } from "../../schemas/errors";

export interface Readiness {
  /** "ready" when the gateway does its work. */
  state: string;
  /** Why it does not. */
  reasons: string[];
}

/** Starts to listen; resolves with the server and the port it has. */
export async function startHealthServer(
  { host, port }: { host: string; port: number },
  readiness: () => Promise<Readiness>,
): Promise<{ server: Server; port: number }> {
  const server = createServer(healthRequests(readiness));
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(cannotListen(host, port, error)));
    server.listen(port, host, resolve);
  });
  return { server, port: (server.address() as AddressInfo).port };
}

export async function stopHealthServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}

function healthRequests(readiness: () => Promise<Readiness>): RequestListener {
  return async (request, response) => {
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("allow", "GET, HEAD");
      return answer(response, 405, { error: "only GET and HEAD are answered here" });
    }
    const path = request.url?.split("?")[0];
    if (path === "/livez") return answer(response, 200, { status: "alive" });
    if (path === "/readyz") {
      const { state, reasons } = await readiness();
      return answer(response, state === "ready" ? 200 : 503, { state, reasons });
    }
    return answer(response, 404, { error: "there is /livez and /readyz" });
  };
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(`${JSON.stringify(body)}\n`);
}

function cannotListen(host: string, port: number, { code, message }: NodeJS.ErrnoException): WeirError {
  const why = code === "EADDRINUSE" ? "is in use by another program" : `cannot be listened on: ${message}`;
  return new WeirError(
    "WEIR_HTTP_UNAVAILABLE",
    `${host}:${port} for /livez and /readyz ${why}. Set WEIR_HTTP_PORT to a free port or to "off", or WEIR_HTTP_HOST.`,
    { host, port, code },
  );
}
