import { readFile } from "node:fs/promises";
import type { DemoStage } from "../../test/fakes/demo-stage.ts";
import { type App, createApp, createEdges, type Edges } from "../app.ts";
import { AppError } from "../domain/errors.ts";
import type { IpPrefix } from "../domain/ip-address.ts";
import type { Log, Store } from "../ports.ts";
import { bareAddress } from "./bare-address.ts";
import type { ExitCode, Host } from "./host.ts";
import { readConfig } from "./read-config.ts";

const attacker = "203.0.113.45";

/**
 * Plays the whole loop and tells it as it happens: a real receiver, stand-ins for what is outside, and on Linux as root a
 * real sshd and kernel firewall in a network namespace. Removes what it made, also when it fails or is stopped.
 * @throws {AppError} CONFIG_INVALID when the development dependencies are not installed
 */
export async function demo(host: Host, version: string): Promise<ExitCode> {
  const stage = await setStage();
  const teller = createTeller(host);
  try {
    for (const line of [
      "Portcullis demo: nothing is configured, and everything is removed afterwards.",
      "",
      ...stage.cast,
    ]) {
      host.out(`${line}\n`);
    }
    const config = await readConfig({ ...host, env: stage.env, cwd: stage.dir });
    const identity = { version, hostname: host.hostname, holder: "demo" };
    const edges = await createEdges(config, identity, teller.log);
    const app = createApp(config, tellingEdges(edges, teller), identity, teller.log);
    try {
      await app.start();
      host.out(`receiver    ${app.url()}\n`);
      await play({ host, stage, app, teller, token: config.webhookTokens[0] ?? "" });
    } finally {
      await app.stop();
    }
  } finally {
    await stage.stop();
  }
  host.out("\nEverything the demo made is removed. Now: npm start\n");
  return 0;
}

async function setStage(): Promise<DemoStage> {
  try {
    const { startDemoStage } = await import("../../test/fakes/demo-stage.ts");
    return await startDemoStage();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND") {
      throw new AppError(
        "CONFIG_INVALID",
        'the demo needs a checkout with its development dependencies: run "npm ci" there, then "npm run demo"',
        { retryable: false, cause: error },
      );
    }
    throw error;
  }
}

interface Play {
  readonly host: Host;
  readonly stage: DemoStage;
  readonly app: App;
  readonly teller: Teller;
  readonly token: string;
}

async function play({ host, stage, app, teller, token }: Play): Promise<void> {
  const send = async (title: string, body: string): Promise<void> => {
    host.out(`\n${title}\n`);
    teller.restart();
    const answer = await fetch(`${app.url()}/webhooks/splunk/${token}`, {
      method: "POST",
      body,
      headers: { "Content-Type": "application/json" },
    });
    teller.tell(`answer ${answer.status} ${await answer.text()}`);
  };

  await tellPackets(host, stage, "Before:");
  const fixture = await readFile(
    new URL("../../test/fixtures/splunk/scheduled.json", import.meta.url),
    "utf8",
  );
  await send(`Splunk fires the search "SSH brute force": 57 events from ${attacker}`, fixture);
  await teller.until((line) => line.startsWith("verified"));
  await tellPackets(host, stage, "After: ");
  await send("The same delivery again, as after a crash", fixture);
  for (const { title, address, isBlocked } of stage.others) {
    await send(title, sampleAlert(address));
    await teller.until((line) => line.startsWith("decision") && line.includes(address));
    if (isBlocked === true) {
      await teller.until((line) => line.startsWith("verified") && line.includes(address));
    }
  }
  for (const address of [attacker, stage.heldAddress]) {
    const mail = await stage.mailAbout(address);
    host.out(
      `\nMail to ${mail.to}\nSubject: ${mail.subject}\n\n${mail.text.trim().replaceAll(/^/gm, "  | ")}\n`,
    );
  }
}

async function tellPackets(host: Host, stage: DemoStage, when: string): Promise<void> {
  if (stage.packetPasses === null) {
    return;
  }
  const results: boolean[] = [];
  for (let n = 0; n < 5; n += 1) {
    results.push(await stage.packetPasses(attacker));
  }
  const passed = results.filter(Boolean).length;
  host.out(
    `\n${when} 5 packets from ${attacker} to the firewall host: ${passed} answered, ${5 - passed} dropped\n`,
  );
}

function sampleAlert(address: string): string {
  return JSON.stringify({
    sid: crypto.randomUUID(),
    search_name: "Demo",
    app: "search",
    owner: "admin",
    results_link: null,
    result: { src_ip: address, count: "3" },
  });
}

interface Teller {
  /** Times count from now. */
  restart(): void;
  readonly tell: (line: string) => void;
  /** Waits for a line that was told since the last restart, or will be. @throws after 20 s */
  until(isIt: (line: string) => boolean): Promise<void>;
  readonly log: Log;
}

const untilMs = 20_000;

function createTeller({ out, stopSignal }: Host): Teller {
  let startedAt = performance.now();
  let lines: string[] = [];
  let onLine = (): void => undefined;
  const tell = (line: string): void => {
    lines.push(line);
    out(`  ${(performance.now() - startedAt).toFixed(1).padStart(7)} ms  ${line}\n`);
    onLine();
  };
  const warn = (fields: object, message: string): void => {
    tell(`${message} ${JSON.stringify(fields)}`);
  };
  return {
    restart() {
      startedAt = performance.now();
      lines = [];
    },
    tell,
    until: (isIt) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          reject(new Error("the demo got stuck; the lines above show where"));
        }, untilMs);
        const look = (): void => {
          if (lines.some(isIt) || stopSignal.aborted) {
            clearTimeout(timer);
            resolve();
          }
        };
        onLine = look;
        stopSignal.addEventListener("abort", look);
        look();
      }),
    log: { debug: () => undefined, info: () => undefined, warn, error: warn },
  };
}

/** The same edges, telling what passes through the store. */
function tellingEdges(edges: Edges, { tell }: Teller): Edges {
  const { store } = edges;
  const prefixes = new Set<IpPrefix>();
  const telling: Pick<Store, "recordSightings" | "finishLookUps" | "recordDecision" | "recordEnforcements"> =
    {
      async recordSightings(alertId, sightings, now) {
        await store.recordSightings(alertId, sightings, now);
        tell(
          `alert on disk; it names ${sightings.map(({ ip, count }) => `${ip} (${count} events)`).join(", ")}`,
        );
      },
      async finishLookUps(done) {
        await store.finishLookUps(done);
        for (const finding of done.findings) {
          const said =
            finding.status === "known"
              ? Object.entries(finding.evidence.numbers)
                  .map(([name, value]) => `${name} ${value}`)
                  .join(", ")
              : finding.reason;
          tell(`${finding.provider} about ${finding.ip}: ${said}`);
        }
      },
      async recordDecision(record) {
        prefixes.add(record.prefix);
        const decision = await store.recordDecision(record);
        tell(`decision: ${decision.action} ${decision.ip}: ${decision.reasons.join("; ")}`);
        return decision;
      },
      async recordEnforcements(firewall, results, now) {
        await store.recordEnforcements(firewall, results, now);
        const reports = await Promise.all([...prefixes].map((prefix) => store.blocksOn(prefix, now)));
        const networks = new Map(reports.flat().map(({ block }) => [block.id, bareAddress(block.prefix)]));
        for (const { blockId, state, error } of results) {
          const how = error ?? "read back from it, with the drop rule in place";
          tell(`${state} on firewall ${firewall}: ${networks.get(blockId) ?? "a block"} ${how}`);
        }
      },
    };
  return { ...edges, store: { ...store, ...telling } };
}
