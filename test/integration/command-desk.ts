import { eventually } from "../fakes/eventually.ts";
import { startApi } from "./api-desk.ts";
import { type AppOptions, temporaryDir } from "./run-app.ts";
import { runCommand } from "./run-command.ts";

/** The whole program, and the command line beside it, used by alice. */
export async function startCommands(options: AppOptions = {}) {
  const dataDir = temporaryDir();
  const desk = await startApi({ dataDir, ...options });
  const url = desk.app.url();
  const never = new AbortController().signal;
  const command = (...args: readonly string[]) =>
    runCommand([...args, "--url", url], { DATA_DIR: dataDir, USER: "alice" });
  return {
    ...desk,
    dataDir,
    command,
    /** With this on standard input. */
    piped: (stdin: string, ...args: readonly string[]) =>
      runCommand([...args, "--url", url], { DATA_DIR: dataDir, USER: "alice" }, never, stdin),
    /** As somebody who has only a token. */
    commandAs: (token: string, ...args: readonly string[]) =>
      runCommand([...args, "--url", url], { DATA_DIR: temporaryDir(), PORTCULLIS_TOKEN: token, USER: "bob" }),
    /** Until the command says it. */
    until: (what: RegExp, ...args: readonly string[]) =>
      eventually(String(what), async () => {
        const result = await command(...args);
        return what.test(result.out) ? result : undefined;
      }),
  };
}

/** A table with `|` between its cells, line by line. */
export function cells(out: string): readonly string[] {
  return out
    .trimEnd()
    .split("\n")
    .map((line) => line.replaceAll(/ {2,}/g, "|"));
}

export const time = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC`;
