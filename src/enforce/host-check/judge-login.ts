import { type CheckItem, firstOf, type HostFacts, ok, warning } from "./check-item.ts";

/** Who we are on the host, and whether that is more than need be. */
export function judgeLogin(facts: HostFacts): readonly CheckItem[] {
  const { login, loginMs, inspection } = facts;
  const { user, host, port, password, jump } = login;
  const by = password === null ? "a key" : "a password";
  const through = jump === null ? "" : `, through ${jump.user}@${jump.host}:${jump.port}`;
  return [
    ok(
      "login",
      `${user}@${host}:${port} with ${by}${through}; ready after ${(loginMs / 1000).toFixed(2)} s; the host key is the pinned one`,
    ),
    judgeRights(facts),
    ok(
      "shell",
      `/bin/sh runs the script and its answers come back whole; ${systemOf(facts)}${firstOf(inspection, "uname") === "" ? "" : `, ${firstOf(inspection, "uname")}`}`,
    ),
  ];
}

function judgeRights({ login, inspection }: HostFacts): CheckItem {
  const install = `\`portcullis firewall install ${login.name}\` sets up a login that can run the firewall script and nothing else`;
  switch (login.via) {
    case "helper":
      return ok(
        "rights",
        "the installed helper, of this very version: the login can run it and nothing else",
      );
    case "sudo": {
      const sudo = firstOf(inspection, "sudo");
      return warning(
        "rights",
        `sudo${sudo === "" ? "" : ` (${sudo})`} without a password runs any shell command as root: whoever has this login has the host; ${install}`,
      );
    }
    case "root":
      return warning("rights", `logs in as root: whoever has this login has the host; ${install}`);
  }
  return login.via satisfies never;
}

function systemOf({ inspection }: HostFacts): string {
  const line = inspection.get("os")?.find((line) => line.startsWith("PRETTY_NAME=")) ?? "";
  const name = line.slice(line.indexOf("=") + 1).replace(/^(["'])(.*)\1$/, "$2");
  return name === "" ? "a Linux without /etc/os-release" : name;
}
