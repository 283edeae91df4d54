import { Readable } from "node:stream";
import { run } from "../../src/cli/program.ts";

type Environment = Readonly<Record<string, string>>;

/** One command of the command line, in this process. */
export async function runCommand(
  args: readonly string[],
  env: Environment,
  stopSignal: AbortSignal = new AbortController().signal,
  stdin = "",
) {
  const { result, out, err } = startCommand(args, env, stopSignal, stdin);
  const { exitCode } = await result;
  return { exitCode, out: out(), err: err() };
}

/** As `runCommand`, for one that goes on: what it has said can be looked at meanwhile. */
export function startCommand(args: readonly string[], env: Environment, stopSignal: AbortSignal, stdin = "") {
  let out = "";
  let err = "";
  const running = run(args, {
    env,
    cwd: env["DATA_DIR"] ?? "/nonexistent",
    hostname: "soc1",
    pid: 1,
    isRoot: false,
    nodePath: "node",
    stopSignal,
    stdin: Readable.from(stdin === "" ? [] : [Buffer.from(stdin)]),
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    onCrash: () => undefined,
  });
  return { result: running.then((exitCode) => ({ exitCode })), out: () => out, err: () => err };
}
