import type { Command } from "commander";
import { alarms } from "./alarms.ts";
import type { AskOptions } from "./ask-options.ts";
import { asking } from "./asking.ts";
import type { ExitCode, Host } from "./host.ts";
import { pause } from "./pause.ts";
import { providers } from "./providers.ts";
import { resume, type ResumeOptions } from "./resume.ts";
import { status } from "./status.ts";

type Finish = (exitCode: ExitCode) => void;

/** Commands about how the receiver is, and whether it makes new blocks. @param finish gets the exit code */
export function addControlCommands(program: Command, host: Host, finish: Finish): void {
  const look = (command: Command, work: (host: Host, options: AskOptions) => Promise<ExitCode>): void => {
    asking(command, command.name()).action(async (options: AskOptions) => {
      finish(await work(host, options));
    });
  };
  look(
    program.command("status").description("how the receiver is doing; exit code 1 when something is wrong"),
    status,
  );
  look(
    program
      .command("alarms")
      .description("the alarms that are open; exit code 1 when there is one (status tells everything)"),
    alarms,
  );
  look(
    program
      .command("providers")
      .description("who knows addresses, what is left of each budget, and the lists kept there"),
    providers,
  );
  const pauseCommand = program
    .command("pause")
    .description("no new blocks until resume; what would be blocked waits for a person")
    .requiredOption("--reason <text>", "why, for the record");
  asking(pauseCommand, 'pause --reason "maintenance of the VPN"').action(
    async (options: AskOptions & { readonly reason: string }) => {
      finish(await pause(host, options));
    },
  );
  const resumeCommand = program
    .command("resume")
    .description("new blocks again, also after too many; what was held only for that is blocked")
    .option("--reason <text>", "why, for the record")
    .option("--keep-holds", "what was held meanwhile waits on for a person");
  asking(resumeCommand, "resume --keep-holds").action(async (options: ResumeOptions) => {
    finish(await resume(host, options));
  });
}
