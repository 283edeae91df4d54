import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Client } from "pg";

/** A real PostgreSQL server of its own for the tests. */
export interface PostgresServer {
  /** A new empty database. */
  createDatabase(): Promise<string>;
  /** Ends the server process as an administrator would; the databases stay. */
  stop(): Promise<void>;
  /** Starts it again on the same port. */
  start(): Promise<void>;
  /** Stops it and removes everything. */
  remove(): Promise<void>;
}

const debianRoot = "/usr/lib/postgresql";

/** The directory with `initdb` and `postgres` of the newest installed version, or `undefined`. */
export function findPostgres(): string | undefined {
  const versions = existsSync(debianRoot) ? readdirSync(debianRoot) : [];
  return versions
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(debianRoot, version, "bin"))
    .find((bin) => existsSync(join(bin, "initdb")));
}

/** Makes a server in a temporary directory and starts it; it listens on 127.0.0.1 alone. */
export async function startPostgres(bin: string): Promise<PostgresServer> {
  const directory = mkdtempSync(join(tmpdir(), "portcullis-pg-"));
  const user = unprivilegedUser();
  const port = await freePort();
  const data = join(directory, "data");
  const options = { ...user, cwd: directory, env: { LC_ALL: "C", PATH: process.env["PATH"] } };
  let server: ChildProcess | undefined;
  let databases = 0;

  const removeNow = (): void => {
    server?.kill("SIGKILL");
    rmSync(directory, { recursive: true, force: true });
  };
  process.on("exit", removeNow);

  const start = async (): Promise<void> => {
    const settings = [
      "listen_addresses=127.0.0.1",
      `unix_socket_directories=${directory}`,
      "fsync=off",
      "max_connections=200",
    ];
    const args = ["-D", data, "-p", String(port), ...settings.flatMap((setting) => ["-c", setting])];
    server = spawn(join(bin, "postgres"), args, { ...options, stdio: ["ignore", "ignore", "pipe"] });
    await untilReady(server);
  };

  const stop = async (): Promise<void> => {
    const running = server;
    server = undefined;
    if (running !== undefined && running.exitCode === null) {
      const ended = once(running, "exit");
      running.kill("SIGINT");
      await ended;
    }
  };

  const url = (database: string): string => `postgres://postgres:not-checked@127.0.0.1:${port}/${database}`;

  try {
    if (user !== undefined) {
      chownSync(directory, user.uid, user.gid);
    }
    const initdb = ["-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync"];
    await promisify(execFile)(join(bin, "initdb"), initdb, options);
    await start();
  } catch (error) {
    removeNow();
    throw error;
  }

  return {
    stop,
    start,
    async createDatabase() {
      databases += 1;
      await createDatabase(url("postgres"), `test_${databases}`);
      return url(`test_${databases}`);
    },
    async remove() {
      await stop();
      removeNow();
      process.off("exit", removeNow);
    },
  };
}

/** A server that somebody else runs, by the URL of a database in which databases may be made. */
export function borrowPostgres(adminUrl: string): PostgresServer {
  const databases: string[] = [];
  const refuse = (): Promise<void> => Promise.reject(new Error("a borrowed server can't be stopped"));
  return {
    stop: refuse,
    start: refuse,
    async createDatabase() {
      const name = `portcullis_test_${process.pid}_${databases.length}_${Date.now()}`;
      await createDatabase(adminUrl, name);
      databases.push(name);
      return Object.assign(new URL(adminUrl), { pathname: `/${name}` }).href;
    },
    async remove() {
      for (const name of databases) {
        await query(adminUrl, `drop database if exists ${name} with (force)`);
      }
    },
  };
}

async function createDatabase(adminUrl: string, name: string): Promise<void> {
  await query(adminUrl, `create database ${name}`);
}

async function query(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** PostgreSQL refuses to run as root: its package brings a user for it. */
function unprivilegedUser(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) {
    return undefined;
  }
  const entry = /^postgres:[^:]*:(\d+):(\d+):/m.exec(readFileSync("/etc/passwd", "utf8"));
  if (entry === null) {
    throw new Error("PostgreSQL does not run as root, and there is no user postgres");
  }
  return { uid: Number(entry[1]), gid: Number(entry[2]) };
}

async function untilReady(server: ChildProcess): Promise<void> {
  let said = "";
  await new Promise<void>((resolve, reject) => {
    server.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (said.includes("ready to accept connections")) {
        said = "";
        resolve();
      }
    });
    server.once("error", reject);
    server.once("exit", (code) => {
      reject(new Error(`postgres ended with ${code}: ${said}`));
    });
  });
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}
