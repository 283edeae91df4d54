import type { Command } from "commander";
import { example } from "./example.ts";

const urlText = "the receiver, when it is not the one configured here: http://host:8080";

/** Adds what every command takes that asks the receiver and prints its answer. @param line the example, without `portcullis` */
export function asking(command: Command, line: string): Command {
  return askingForFile(command.option("--json", "print it as JSON"), line);
}

/** As `asking`, for a command that prints no JSON. */
export function askingForFile(command: Command, line: string): Command {
  return example(command.option("--url <url>", urlText), line);
}
