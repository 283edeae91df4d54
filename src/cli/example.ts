import type { Command } from "commander";

/** Ends the help of a command with an example. @param line without `portcullis` */
export function example(command: Command, line: string): Command {
  return command.addHelpText("after", `\nExample:\n  portcullis ${line}`);
}
