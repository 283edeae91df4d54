import { eventually } from "../fakes/eventually.ts";
import { type AppOptions, type RunningApp, runApp } from "./run-app.ts";

/** What the tests read of an answer. */
interface ApiBody {
  readonly blocks?: readonly { readonly prefix: string }[];
  readonly next?: string | null;
  readonly graces?: readonly object[];
  readonly graceUntil?: string;
}

export interface ApiDesk extends RunningApp {
  /** Calls the API as administrator. */
  readonly call: (
    method: "GET" | "DELETE",
    path: string,
    body?: string,
  ) => Promise<{ readonly status: number; readonly body: ApiBody }>;
  /** Lets the whole program block these, one after the other, and waits until the firewall has them. */
  readonly block: (...addresses: readonly string[]) => Promise<void>;
}

/** The whole program, asked through its API. */
export async function startApi(options: AppOptions = {}): Promise<ApiDesk> {
  const running = await runApp(options);
  const { app, adminToken, provider, firewall, post } = running;
  return {
    ...running,
    async call(method, path, body) {
      const answer = await fetch(`${app.url()}/api/v1/${path}`, {
        method,
        headers: { Authorization: `Bearer ${adminToken}` },
        ...(body === undefined ? {} : { body }),
      });
      const answered: ApiBody = JSON.parse(await answer.text());
      return { status: answer.status, body: answered };
    },
    async block(...addresses) {
      for (const address of addresses) {
        provider.known.set(address, 8);
        await post(alertAbout(address));
        const isThere = () => [...firewall.entries.keys()].some((prefix) => prefix.startsWith(`${address}/`));
        await eventually(`the block on ${address}`, isThere);
      }
    },
  };
}

/** What Splunk sends about an address; each time another alert. */
export function alertAbout(address: string, sid: string = crypto.randomUUID()): object {
  return {
    sid,
    search_name: "SSH brute force",
    app: "search",
    owner: "admin",
    results_link: null,
    result: { src_ip: address, count: "57" },
  };
}
