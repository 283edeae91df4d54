import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { readConf } from "./splunk-app-conf.ts";
import { callHandler } from "./splunk-handler.ts";
import {
  createSplunkRest,
  type RestAnswer,
  type RestCall,
  splunkError,
  type SplunkRest,
} from "./splunk-rest.ts";

const app = join(import.meta.dirname, "../../splunk-app");
const proxy = "/en-US/splunkd/__raw";

export interface SplunkUser {
  readonly name: string;
  readonly capabilities: readonly string[];
}

/** Splunk Web with the app's pages, and splunkd behind it. */
export interface SplunkWeb {
  readonly url: string;
  readonly rest: SplunkRest;
  /** Who is logged in to Splunk Web. */
  user: SplunkUser;
  theme: "light" | "dark";
  /** Answers of the app's own handlers instead of running them, by `METHOD path`. */
  readonly canned: Map<string, RestAnswer>;
  /** Everything that was sent to the browser through the proxy. */
  readonly sent: string[];
  readonly close: () => Promise<void>;
}

/** Who may do everything. */
export const administrator: SplunkUser = {
  name: "alice",
  capabilities: ["list_storage_passwords", "portcullis_view", "portcullis_operate"],
};

/** Whom handlers with passSystemAuth act as. */
const splunkd: SplunkUser = { ...administrator, name: "splunk-system-user" };

/** Listens on a port of the system's choice. The app's own endpoints are run by Python, as restmap.conf and web.conf say. */
export async function startSplunkWeb(): Promise<SplunkWeb> {
  const rest = createSplunkRest();
  const server = createServer((request, response) => {
    answer(web, request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const web: SplunkWeb = {
    url: `http://127.0.0.1:${port}`,
    rest,
    user: administrator,
    theme: "light",
    canned: new Map(),
    sent: [],
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
  return web;
}

async function answer(web: SplunkWeb, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", web.url);
  const { pathname } = url;
  const view = /^\/en-US\/app\/portcullis\/(\w+)$/.exec(pathname)?.[1];
  const file = /^\/en-US\/static\/app\/portcullis\/(\w+\.(?:js|css))$/.exec(pathname)?.[1];
  if (view !== undefined) {
    sendFile(response, "text/html", pageOf(view, web.theme));
  } else if (file !== undefined) {
    const type = file.endsWith(".js") ? "text/javascript" : "text/css";
    sendFile(response, type, readFileSync(join(app, "appserver/static", file), "utf8"));
  } else if (pathname === "/en-US/static/js/require.js") {
    const stub = readFileSync(join(import.meta.dirname, "splunk-require.js"), "utf8");
    sendFile(response, "text/javascript", stub);
  } else {
    const told = await ask(web, url, request);
    const body = JSON.stringify(told.body);
    if (pathname.startsWith(proxy)) {
      web.sent.push(body);
    }
    response.writeHead(told.status, { "Content-Type": "application/json" }).end(body);
  }
}

function sendFile(response: ServerResponse, type: string, body: string): void {
  response.writeHead(200, { "Content-Type": `${type}; charset=utf-8` }).end(body);
}

/** splunkd, asked through the proxy by whoever is logged in, or directly by who has a session key. */
async function ask(web: SplunkWeb, url: URL, request: IncomingMessage): Promise<RestAnswer> {
  const method = request.method ?? "GET";
  const isProxied = url.pathname.startsWith(proxy);
  if (isProxied && method !== "GET" && request.headers["x-splunk-form-key"] !== "form-key") {
    return splunkError(401, "CSRF token missing");
  }
  const user = isProxied ? web.user : userOf(web, request.headers.authorization);
  if (user === undefined) {
    return splunkError(401, "call not properly authenticated");
  }
  const call: RestCall = {
    method,
    path: isProxied ? url.pathname.slice(proxy.length) : url.pathname,
    query: url.searchParams,
    form: new URLSearchParams(await text(request)),
    capabilities: user.capabilities,
  };
  return web.rest.answer(call) ?? (await askApp(web, call)) ?? splunkError(404, "Not Found");
}

/** Who has this session key. */
function userOf(web: SplunkWeb, authorization: string | undefined): SplunkUser | undefined {
  return [web.user, splunkd].find((user) => authorization === `Splunk ${keyOf(user)}`);
}

function keyOf({ name }: SplunkUser): string {
  return `session-of-${name}`;
}

/** The app's own endpoints. */
async function askApp(web: SplunkWeb, call: RestCall): Promise<RestAnswer | undefined> {
  const path = call.path.replace(/^\/servicesNS\/nobody\/portcullis/, "");
  const script = [...readConf("restmap.conf")].find(([, keys]) => keys.get("match") === path)?.[1];
  if (script === undefined || !isExposed(path, call.method)) {
    return undefined;
  }
  const needed = script.get(`capability.${call.method.toLowerCase()}`)?.split(" or ") ?? [];
  if (!needed.some((one) => call.capabilities.includes(one))) {
    return splunkError(403, "You (user) do not have permission to perform this operation.");
  }
  const canned = web.canned.get(`${call.method} ${path}`);
  if (canned !== undefined) {
    return canned;
  }
  const { status, payload } = await callHandler(script.get("handler") ?? "", {
    method: call.method,
    query: [...call.query],
    form: [...call.form],
    session: { user: web.user.name, authtoken: keyOf(web.user) },
    system_authtoken: script.get("passSystemAuth") === "true" ? keyOf(splunkd) : "",
    server: { rest_uri: web.url },
  });
  return { status, body: JSON.parse(payload) };
}

function isExposed(path: string, method: string): boolean {
  return [...readConf("web.conf").values()].some(
    (keys) => `/${keys.get("pattern") ?? ""}` === path && keys.get("methods")?.split(", ").includes(method),
  );
}

/** Splunk Web's frame around a view: its script, its style sheet, and what its HTML panel holds. */
function pageOf(view: string, theme: SplunkWeb["theme"]): string {
  const xml = readFileSync(join(app, "default/data/ui/views", `${view}.xml`), "utf8");
  const [, script = "", style = ""] = /script="([^"]+)" stylesheet="([^"]+)"/.exec(xml) ?? [];
  const [, panel = ""] = /<html>([\s\S]*)<\/html>/.exec(xml) ?? [];
  const colours = theme === "dark" ? "#171d21; color: #fff" : "#f2f4f5; color: #3c444d";
  return `<!doctype html><html lang="en-US"><head><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${/<label>(.*)<\/label>/.exec(xml)?.[1] ?? ""}</title>
<style>body { background: ${colours}; font: 14px sans-serif; margin: 0; padding: 16px }
.panel { background: ${theme === "dark" ? "#212527" : "#fff"}; padding: 16px }
input[type=text] { width: 206px; height: 20px; margin-bottom: 10px } label { font-weight: normal } h2 { color: #f0f }</style>
<link rel="stylesheet" href="/en-US/static/app/portcullis/${style}">
<script src="/en-US/static/js/require.js"></script></head>
<body><div class="panel">${panel}</div><script src="/en-US/static/app/portcullis/${script}"></script></body></html>`;
}
