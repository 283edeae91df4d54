#!/usr/bin/env node
const needed = 24;
if (Number(process.versions.node.split(".")[0]) < needed) {
  process.stderr.write(
    `Portcullis needs Node.js ${needed} or newer; this is ${process.version}. Install it from https://nodejs.org, or on Linux x64 run "npm ci" and start with "npm start": it brings its own.\n`,
  );
  process.exit(1);
}

const { hostname } = await import("node:os");
const { run } = await import("./cli/program.ts");

const stopRequest = new AbortController();
for (const name of ["SIGTERM", "SIGINT"] as const) {
  process.on(name, () => {
    if (stopRequest.signal.aborted) {
      process.exit(1);
    }
    stopRequest.abort();
  });
}
// A reader that went away (`portcullis status | head`) is no fault of ours.
process.stdout.on("error", () => undefined);

process.exitCode = await run(process.argv.slice(2), {
  env: process.env,
  cwd: process.cwd(),
  hostname: hostname(),
  pid: process.pid,
  isRoot: process.getuid?.() === 0,
  nodePath: process.execPath,
  stopSignal: stopRequest.signal,
  stdin: process.stdin,
  out: (text) => {
    process.stdout.write(text);
  },
  err: (text) => {
    process.stderr.write(text);
  },
  isErrTerminal: process.stderr.isTTY,
  onCrash: (listener) => {
    process.on("uncaughtException", (error) => {
      listener(error);
      process.exit(1);
    });
  },
});
