/** What splunkd is asked, by its REST interface or through Splunk Web. */
export interface RestCall {
  readonly method: string;
  /** Without query, still quoted. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly form: URLSearchParams;
  /** Capabilities of whoever asks. */
  readonly capabilities: readonly string[];
}

export interface RestAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** What splunkd keeps for the app. */
export interface SplunkRest {
  /** The alert action's stanza: `param.url` and so on. */
  readonly stanza: Record<string, string>;
  /** Secrets in clear by `realm:name:`. */
  readonly passwords: Map<string, string>;
  readonly app: { configured: boolean; reloads: number };
  /** Answers instead of the usual ones, by `METHOD path`. */
  readonly failures: Map<string, RestAnswer>;
  /** Every call, in order. */
  readonly calls: RestCall[];
  /** Undefined: splunkd knows no such path. */
  readonly answer: (call: RestCall) => RestAnswer | undefined;
}

const space = "/servicesNS/nobody/portcullis";

/** In the shapes of Splunk's REST reference: entries with `content`, errors with `messages`. */
export function createSplunkRest(): SplunkRest {
  const stanza: Record<string, string> = { "param.url": "", "param.ca_file": "", "param.allow_http": "0" };
  const passwords = new Map<string, string>();
  const app = { configured: false, reloads: 0 };
  const failures = new Map<string, RestAnswer>();
  const calls: RestCall[] = [];
  const routes: Readonly<Record<string, (call: RestCall) => RestAnswer>> = {
    [`${space}/configs/conf-alert_actions/portcullis_block`]: (call) => {
      Object.assign(stanza, call.method === "POST" ? Object.fromEntries(call.form) : {});
      return entries({ name: "portcullis_block", content: { ...stanza } });
    },
    [`${space}/storage/passwords`]: (call) => answerPasswords(passwords, call),
    [`${space}/apps/local/portcullis`]: ({ form }) => {
      app.configured = form.get("configured") === "true";
      return entries({ name: "portcullis", content: { configured: app.configured } });
    },
    [`${space}/apps/local/portcullis/_reload`]: () => {
      app.reloads += 1;
      return entries();
    },
    "/services/authentication/current-context": ({ capabilities }) =>
      entries({ name: "context", content: { capabilities } }),
  };
  return {
    stanza,
    passwords,
    app,
    failures,
    calls,
    answer(call) {
      calls.push(call);
      const failure = failures.get(`${call.method} ${call.path}`);
      const route = routes[call.path];
      const isSecret = call.path.startsWith(`${space}/storage/passwords/`);
      return failure ?? (isSecret ? answerPassword(passwords, call) : route?.(call));
    },
  };
}

/** As splunkd tells of something that went wrong. */
export function splunkError(status: number, text: string): RestAnswer {
  return { status, body: { messages: [{ type: "ERROR", text }] } };
}

function entries(...entry: readonly { readonly name: string; readonly content: object }[]): RestAnswer {
  return { status: 200, body: { entry, messages: [] } };
}

function mayRead({ capabilities }: RestCall): boolean {
  return capabilities.includes("list_storage_passwords");
}

const forbidden = splunkError(
  403,
  "Insufficient permission to access this resource, list_storage_passwords needed.",
);

function answerPasswords(passwords: Map<string, string>, call: RestCall): RestAnswer {
  if (!mayRead(call)) {
    return forbidden;
  }
  if (call.method === "POST") {
    const name = `${call.form.get("realm") ?? ""}:${call.form.get("name") ?? ""}:`;
    if (passwords.has(name)) {
      return splunkError(409, `Cannot create a password: ${name} already exists`);
    }
    passwords.set(name, call.form.get("password") ?? "");
    return { ...entries(), status: 201 };
  }
  return entries(...[...passwords].map(([name, secret]) => entryOf(name, secret, call.query.getAll("f"))));
}

function answerPassword(passwords: Map<string, string>, call: RestCall): RestAnswer {
  const name = decodeURIComponent(call.path.slice(`${space}/storage/passwords/`.length));
  const secret = passwords.get(name);
  if (!mayRead(call)) {
    return forbidden;
  }
  if (secret === undefined) {
    return splunkError(404, `Could not find object id=${name}`);
  }
  if (call.method === "DELETE") {
    passwords.delete(name);
    return entries();
  }
  if (call.method === "POST") {
    passwords.set(name, call.form.get("password") ?? "");
    // As Splunk does: the answer holds the new secret in clear. `f` is for reading.
    return entries(entryOf(name, call.form.get("password") ?? "", []));
  }
  return entries(entryOf(name, secret, call.query.getAll("f")));
}

/** @param only the fields that were asked for; empty: all */
function entryOf(name: string, secret: string, only: readonly string[]) {
  const [realm = "", username = ""] = name.split(":");
  const content = { clear_password: secret, encr_password: "$7$…", realm, username };
  const wanted = Object.entries(content).filter(([key]) => only.length === 0 || only.includes(key));
  return { name, content: Object.fromEntries(wanted) };
}
