import { Readable } from "node:stream";
import { run } from "../../src/cli/program.ts";

/** One command of the command line, in this process. */
export async function runCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  stopSignal: AbortSignal = new AbortController().signal,
  stdin = "",
) {
  let out = "";
  let err = "";
  const exitCode = await run(args, {
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
  return { exitCode, out, err };
}
