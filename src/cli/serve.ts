import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { pino } from "pino";
import { createApp, createEdges, type App } from "../app.ts";
import type { Config } from "../config/config.ts";
import { messageOf } from "../domain/errors.ts";
import { firstScreen } from "./first-screen.ts";
import type { ExitCode, Host } from "./host.ts";
import { readConfig } from "./read-config.ts";

/**
 * Runs the receiver until SIGTERM or SIGINT. The first screen goes to standard output, the log (JSON lines) to standard error.
 * @throws {AppError} CONFIG_INVALID, STORE_IN_USE, STORE_UNAVAILABLE
 */
export async function serve(host: Host, version: string): Promise<ExitCode> {
  const config = await readConfig(host, { tellWarnings: true });
  const log = createLog(config);
  host.onCrash((error) => {
    log.fatal(
      { error: error.message, stack: error.stack },
      "Portcullis ends by a bug; every block stays, nothing accepted is lost",
    );
  });
  const holder = `${host.hostname}:${host.pid}:${randomBytes(4).toString("hex")}`;
  const identity = { version, hostname: host.hostname, holder };
  const app = createApp(config, await createEdges(config, identity, log), identity, log);
  try {
    await app.start();
    host.out(firstScreen(config, { version, hostname: host.hostname, url: app.url() }));
    if (!host.stopSignal.aborted) {
      await once(host.stopSignal, "abort");
    }
    log.info({}, "stopping: answers what has begun; blocks stay on the firewalls");
  } finally {
    await stop(app, log);
  }
  log.info({}, "stopped");
  return 0;
}

function createLog(config: Config) {
  return pino(
    {
      level: config.logLevel,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.destination({ fd: 2, sync: true }),
  );
}

async function stop(app: App, log: ReturnType<typeof createLog>): Promise<void> {
  try {
    await app.stop();
  } catch (error) {
    log.error(
      { error: messageOf(error) },
      "could not stop cleanly; what was accepted is on disk and is taken up at the next start",
    );
  }
}
