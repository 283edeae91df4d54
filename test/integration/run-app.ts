import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";
import { type App, createApp } from "../../src/app.ts";
import type { Config } from "../../src/config/config.ts";
import { loadConfig } from "../../src/config/load-config.ts";
import { createGuard } from "../../src/guard.ts";
import { defaultPolicy } from "../../src/decide/default-policy.ts";
import { policyVersion } from "../../src/decide/policy-version.ts";
import type { AppError } from "../../src/domain/errors.ts";
import type { IpAddress, IpPrefix } from "../../src/domain/ip-address.ts";
import { defaultExtract } from "../../src/extract/default-extract.ts";
import { knownProviders } from "../../src/domain/provider-terms.ts";
import type {
  Alarm,
  Firewall,
  FirewallChange,
  IntelProvider,
  News,
  Notifier,
  SplunkApi,
  Store,
  Story,
} from "../../src/ports.ts";
import { openStore } from "../../src/record/open-store.ts";
import { signText } from "../fakes/sign-delivery.ts";
import { mailPace } from "../fakes/mail-pace.ts";
import { silentLog } from "../fakes/silent-log.ts";
import { unlimited } from "../fakes/unlimited.ts";

const cleanups: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) {
    await cleanup();
  }
});

/** A firewall in memory that does as it is told, or fails. */
export class MemoryFirewall implements Firewall {
  readonly name = "192.0.2.1";
  readonly entries = new Map<IpPrefix, number>();
  readonly applied: FirewallChange[] = [];
  failure: AppError | undefined;
  ownAddresses: readonly IpAddress[] = [];

  read() {
    return this.failure === undefined
      ? Promise.resolve({
          entries: new Map(this.entries),
          drops: new Map(),
          capacity: null,
          faults: [],
          ownAddresses: this.ownAddresses,
        })
      : Promise.reject(this.failure);
  }

  apply(changes: readonly FirewallChange[]) {
    if (this.failure !== undefined) {
      return Promise.reject(this.failure);
    }
    for (const change of changes) {
      this.applied.push(change);
      if (change.kind === "add") {
        this.entries.set(change.prefix, change.seconds);
      } else {
        this.entries.delete(change.prefix);
      }
    }
    const results = changes.map((change) => ({ change, outcome: "verified" as const, reason: "" }));
    return Promise.resolve({ results, repaired: [] });
  }

  rebuild(all: readonly FirewallChange[]) {
    if (this.failure === undefined) {
      this.entries.clear();
    }
    return this.apply(all);
  }

  checkUp() {
    return Promise.resolve(this.failure?.message ?? null);
  }

  close() {
    return Promise.resolve();
  }
}

/** A provider that knows the addresses in `known`, and fails while `failure` is set. */
class MemoryProvider implements IntelProvider {
  readonly name = "virustotal";
  readonly title = "VirusTotal";
  readonly terms = knownProviders.virustotal.terms;
  readonly keyId = "0123456789ab";
  readonly quota = [];
  readonly isOptional = false;
  readonly known = new Map<string, number>();
  readonly asked: string[] = [];
  failure: AppError | undefined;

  lookUp(ip: IpAddress) {
    this.asked.push(ip);
    if (this.failure !== undefined) {
      return Promise.reject(this.failure);
    }
    const malicious = this.known.get(ip);
    return Promise.resolve({
      value:
        malicious === undefined
          ? undefined
          : {
              numbers: { malicious },
              times: {},
              hints: [],
              asn: null,
              facts: [],
              link: `https://intel.example.net/${ip}`,
            },
      quota: [],
    });
  }
}

/** A channel that collects what it is given, and fails while `failure` is set. */
export class MemoryNotifier implements Notifier {
  readonly channel = "email";
  readonly stories: Story[] = [];
  readonly alarms: Alarm[] = [];
  failure: AppError | undefined;

  readonly pace = mailPace;

  send(batch: readonly News[]) {
    if (this.failure !== undefined) {
      return Promise.reject(this.failure);
    }
    for (const news of batch) {
      if (news.kind === "decision") {
        this.stories.push(news.story);
      } else {
        this.alarms.push(news.alarm);
      }
    }
    return Promise.resolve(batch.map(() => null));
  }

  close() {
    return Promise.resolve();
  }
}

export interface RunningApp {
  readonly app: App;
  readonly store: Store;
  readonly firewall: MemoryFirewall;
  readonly provider: MemoryProvider;
  readonly notifier: MemoryNotifier;
  readonly token: string;
  readonly adminToken: string;
  /** Moves the program's clock. */
  readonly advance: (seconds: number) => void;
  readonly post: (body: object) => Promise<{ readonly status: number; readonly body: unknown }>;
  /** Posts it as a signed delivery of this id; default is a new one. */
  readonly postSigned: (
    body: object,
    id?: string,
  ) => Promise<{ readonly status: number; readonly body: unknown }>;
}

export interface AppOptions {
  readonly mode?: "observe" | "approve" | "enforce";
  /** Use the same one to start again on the same data. */
  readonly dataDir?: string;
  readonly notifier?: MemoryNotifier;
  readonly firewall?: MemoryFirewall;
  readonly provider?: MemoryProvider;
  readonly splunk?: SplunkApi;
  /** Default is false. */
  readonly requireGenuine?: boolean;
  /** Default is the usual limits. */
  readonly withoutLimits?: boolean;
}

export function temporaryDir(): string {
  const dir = mkdtempSync(join(tmpdir(), "portcullis-test-"));
  cleanups.push(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  return dir;
}

function withOptions(config: Config, { requireGenuine = false, withoutLimits = false }: AppOptions): Config {
  const { recovery, limits } = config;
  return {
    ...config,
    recovery: { ...recovery, requireGenuine },
    limits: withoutLimits ? unlimited : limits,
  };
}

/** The whole program on a real SQLite file, with edges in memory; stopped after the test. */
export async function runApp(options: AppOptions = {}): Promise<RunningApp> {
  const dataDir = options.dataDir ?? temporaryDir();
  const { config } = await loadConfig({
    env: {
      HOST: "127.0.0.1",
      PORT: "0",
      MODE: options.mode ?? "enforce",
      DATA_DIR: dataDir,
      ALLOW_DOCUMENTATION_ADDRESSES: "true",
      ALLOWLIST: "203.0.113.200",
      VIRUSTOTAL_API_KEY: "not-asked",
      SSH_HOST: "192.0.2.1",
      SSH_USER: "root",
      SSH_PASSWORD: "not-used",
    },
    cwd: dataDir,
    hostname: "test",
    defaults: { policy: defaultPolicy, extract: defaultExtract },
    policyVersion,
  });
  const store = await openStore({ databaseUrl: config.databaseUrl });
  const firewall = options.firewall ?? new MemoryFirewall();
  const provider = options.provider ?? new MemoryProvider();
  const notifier = options.notifier ?? new MemoryNotifier();
  let offsetMs = 0;
  const now = (): Date => new Date(Date.now() + offsetMs);
  const guard = createGuard({
    config,
    store,
    surroundings: {
      interfaces: () => ["192.0.2.77"],
      resolvers: () => [],
      gateways: () => [],
      networks: [],
      hosts: [],
      lookUp: () => Promise.resolve([]),
      reverse: () => Promise.resolve([]),
    },
    now,
    log: silentLog,
  });
  const edges = {
    store,
    providers: [provider],
    lists: [],
    firewalls: [firewall],
    notifiers: [notifier],
    eventNotifiers: [],
    splunk: options.splunk ?? null,
    guard,
    now,
  };
  const identity = { version: "test", hostname: "test", holder: `test-${crypto.randomUUID()}` };
  const app = createApp(withOptions(config, options), edges, identity, silentLog);
  await app.start();
  cleanups.push(() => app.stop());
  const token = config.webhookTokens[0] ?? "";
  return {
    app,
    store,
    firewall,
    provider,
    notifier,
    token,
    adminToken: config.adminToken,
    advance: (seconds) => {
      offsetMs += seconds * 1000;
    },
    async post(body) {
      const answer = await fetch(`${app.url()}/webhooks/splunk/${token}`, {
        method: "POST",
        body: JSON.stringify(body),
      });
      return { status: answer.status, body: await answer.json() };
    },
    async postSigned(body, id = crypto.randomUUID()) {
      const text = JSON.stringify(body);
      const answer = await fetch(`${app.url()}/webhooks/splunk`, {
        method: "POST",
        headers: signText(text, { secret: config.webhookSigningSecrets[0] ?? "", id, at: now() }),
        body: text,
      });
      return { status: answer.status, body: await answer.json() };
    },
  };
}
