import type { Command } from "commander";
import { example } from "./example.ts";
import { firewallCheck } from "./firewall-check.ts";
import { firewallInstall, type InstallOptions } from "./firewall-install.ts";
import { firewallProbe } from "./firewall-probe.ts";
import { firewallRemove, type RemoveOptions } from "./firewall-remove.ts";
import { firewallTrust } from "./firewall-trust.ts";
import type { ExitCode, Host } from "./host.ts";

/**
 * Fills `portcullis firewall …`: what a person does with one firewall host.
 * @param finish gets the exit code
 */
export function addFirewallCommands(group: Command, host: Host, finish: (exitCode: ExitCode) => void): void {
  const command = (name: string, description: string): Command =>
    example(group.command(name), `firewall ${name} edge-1`)
      .description(description)
      .argument("<name>", "its name in the settings");

  command("trust", "show the host key that it offers, and pin it when you say that it is the right one")
    .option("--yes", "pin it without asking")
    .action(async (name: string, options: { readonly yes?: true }) => {
      finish(await firewallTrust(host, name, options));
    });
  command("check", "say in plain words what works there and what stands in the way; changes nothing")
    .option("--json", "print it as JSON")
    .action(async (name: string, options: { readonly json?: true }) => {
      finish(await firewallCheck(host, name, options));
    });
  command("probe", "block an address that belongs to nobody for seconds, and see its packets dropped")
    .option("--json", "print it as JSON")
    .action(async (name: string, options: { readonly json?: true }) => {
      finish(await firewallProbe(host, name, options));
    });
  withAdminLogin(command("install", "install the helper: a login that can run our script and nothing else"))
    .option("--user <user>", "whom the login of the helper belongs to")
    .action(async (name: string, options: InstallOptions) => {
      finish(await firewallInstall(host, name, options));
    });
  withAdminLogin(command("remove", "take everything of ours out of its kernel, and nothing else"))
    .option("--force", "also while a running Portcullis would put it back")
    .option("--helper", "remove the installed helper with its login too")
    .option("--user <user>", "whom the login of the helper belongs to")
    .action(async (name: string, options: RemoveOptions) => {
      finish(await firewallRemove(host, name, options));
    });
}

function withAdminLogin(command: Command): Command {
  return command
    .option(
      "--login-user <user>",
      "log in as this user, who is root or may use sudo, instead of the configured one",
    )
    .option("--login-key <file>", "with this private key")
    .option("--login-password-file <file>", "with the password in this file");
}
