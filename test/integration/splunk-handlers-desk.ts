import { expect } from "vitest";
import { callHandler, type HandlerAnswer } from "../fakes/splunk-handler.ts";
import type { SplunkWeb } from "../fakes/splunk-web.ts";

interface Told {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests read what they expect there
  readonly body: any;
}

/** Asks as a page does: through Splunk Web, which passes on what restmap.conf and web.conf allow. */
export async function ask(
  { url, sent }: SplunkWeb,
  method: "GET" | "POST" | "DELETE",
  path: string,
  values: Readonly<Record<string, string>> = {},
): Promise<Told> {
  const isForm = method === "POST";
  const query = new URLSearchParams({ output_mode: "json", ...(isForm ? {} : values) });
  const answer = await fetch(
    `${url}/en-US/splunkd/__raw/servicesNS/nobody/portcullis/${path}?${query.toString()}`,
    {
      method,
      headers: { "X-Splunk-Form-Key": "form-key" },
      ...(isForm ? { body: new URLSearchParams(values) } : {}),
    },
  );
  const text = await answer.text();
  expect(sent.at(-1)).toBe(text);
  return { status: answer.status, body: JSON.parse(text) };
}

/** Calls a handler past splunkd's own check. */
export function straight(
  web: SplunkWeb,
  handler: string,
  {
    method,
    values,
    authtoken = `session-of-${web.user.name}`,
  }: {
    readonly method: string;
    readonly values: Readonly<Record<string, string>>;
    readonly authtoken?: string;
  },
): Promise<HandlerAnswer> {
  const pairs = Object.entries(values);
  return callHandler(handler, {
    method,
    query: method === "POST" ? [] : pairs,
    form: method === "POST" ? pairs : [],
    session: { user: web.user.name, authtoken },
    system_authtoken: "session-of-splunk-system-user",
    server: { rest_uri: web.url },
  });
}
