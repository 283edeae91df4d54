import { describe, expect, it } from "vitest";
import { readConf, type Stanza } from "../fakes/splunk-app-conf.ts";
import { expandMacros } from "../fakes/splunk-search-names.ts";

const searches = [...readConf("savedsearches.conf")];
const samples = searches.filter(([, stanza]) => stanza.get("action.portcullis_block") === "1");
const failedRuns = "Portcullis - alert action failed or keeps rows";
const ofOurselves = searches.filter(([, stanza]) => stanza.get("action.portcullis_block") === undefined);

describe("the sample searches", () => {
  it("are the six that the guide tells of, and two about Portcullis itself", () => {
    expect(samples).toHaveLength(6);
    expect(ofOurselves).toHaveLength(2);
  });

  it.each(searches)("%s is disabled, described and scheduled", (_, search) => {
    expect(search.get("disabled")).toBe("1");
    expect(search.get("enableSched")).toBe("1");
    expect(search.get("description")).toMatch(/Data: /);
    expect([...search.keys()].filter((key) => key.startsWith("action.email"))).toEqual([]);
    expect(() => expandMacros(value(search, "search"))).not.toThrow();
  });

  it.each(samples)("%s reads every minute once", (_, search) => {
    const period = minutesBetweenRuns(value(search, "cron_schedule"));
    const from = minutesAgo(value(search, "dispatch.earliest_time"));
    const to = minutesAgo(value(search, "dispatch.latest_time"));
    expect(from - to).toBe(period);
    // Late events: whatever is indexed within two minutes is counted.
    expect(to).toBeGreaterThanOrEqual(2);
    // A run that was put off is made up for, or its minutes would never be read.
    expect(search.get("realtime_schedule")).toBe("0");
    expect(search.get("search")).not.toMatch(/earliest=|latest=/);
  });

  it.each(samples)(
    "%s sends all rows of a run at once, and no attacker is lost to throttling",
    (_, search) => {
      expect(search.get("alert.digest_mode")).toBe("1");
      // With "Once" Splunk throttles the whole alert, whatever fields are named.
      expect(search.get("alert.suppress")).toBe("0");
      expect(search.get("counttype")).toBe("number of events");
      expect(search.get("relation")).toBe("greater than");
      expect(search.get("quantity")).toBe("0");
    },
  );

  it.each(samples)("%s has one row per address, with the fields that Portcullis shows", (_, search) => {
    const lines = value(search, "search").split("\n");
    const columns = /^\| table (?<columns>.*)$/.exec(lines.at(-1) ?? "")?.groups?.["columns"]?.split(" ");
    expect(columns).toEqual(
      expect.arrayContaining(["src_ip", "count", "users", "first_seen", "last_seen", "severity"]),
    );
    expect(search.get("action.portcullis_block.param.fields")).toBe("src_ip");
    expect(lines.filter((line) => line.startsWith("| stats")).at(-1)).toMatch(/ BY attacker $/);
    expect(lines.find((line) => line.startsWith("| eval severity="))).toMatch(/"high", "medium"\) $/);
  });

  it.each(samples)("%s says its threshold and its false positives", (_, search) => {
    expect(search.get("description")).toMatch(/\d+.* in (one|5|15) minutes?|within one minute/);
    expect(search.get("description")).toMatch(/False positives: .*allow-list|False positives: .*forged/);
    expect(search.get("description")).toMatch(/data model/);
  });

  it("lets a person confirm what can be somebody else's fault", () => {
    const careful = samples.filter(
      ([, search]) => search.get("action.portcullis_block.param.mode") === "approve",
    );
    expect(careful.map(([name]) => name)).toEqual([
      "Portcullis - request flood",
      "Portcullis - scanner refused by a firewall",
    ]);
  });
});

describe("the search for runs that failed", () => {
  it("also finds those that splunkd ended: their exit code is below 0", () => {
    const text = value(readConf("savedsearches.conf").get(failedRuns), "search");
    expect(text).toMatch(/^`portcullis_action_runs` \n\| where exit_code!=0 \n\| stats /);
  });
});

describe("the search for failed SSH logins", () => {
  const search = value(readConf("savedsearches.conf").get("Portcullis - SSH brute force (Linux)"), "search");
  const pattern = new RegExp(/^\| rex "(?<pattern>.*)" $/m.exec(search)?.groups?.["pattern"] ?? "(?!)");
  const attackerIn = (line: string) => pattern.exec(line)?.groups?.["attacker"];
  const start = "Nov  3 10:00:01 web1 sshd[4711]: ";

  it.each([
    [`${start}Failed password for root from 203.0.113.9 port 40022 ssh2`],
    [`${start}Failed password for invalid user admin from 203.0.113.9 port 40022 ssh2`],
    [`${start}Failed keyboard-interactive/pam for root from 203.0.113.9 port 40022 ssh2`],
    [`${start}message repeated 2 times: [ Failed password for root from 203.0.113.9 port 40022 ssh2]`],
    [
      "2026-11-03T10:00:01.123456+00:00 web1 sshd-session[4711]: Failed password for root from 203.0.113.9 port 40022 ssh2",
    ],
    ["<38>Nov 13 10:00:01 web1 sshd[4711]: Failed password for root from 203.0.113.9 port 40022 ssh2\n"],
  ])("finds the peer in %s", (line) => {
    expect(attackerIn(line)).toBe("203.0.113.9");
  });

  it.each([
    [
      `${start}Failed password for invalid user x from 198.51.100.1 port 22 ssh2 from 203.0.113.9 port 40022 ssh2`,
    ],
    [`${start}Failed password for invalid user  from 198.51.100.1 port 1 from 203.0.113.9 port 40022 ssh2`],
  ])("never takes an address out of the name of an account: %s", (line) => {
    expect(attackerIn(line)).toBe("203.0.113.9");
  });

  it.each([
    [
      `${start}Invalid user sshd[1]: Failed password for root from 198.51.100.1 port 22 ssh2 from 203.0.113.9 port 5`,
    ],
    ["Nov  3 10:00:01 web1 app[1]: name=sshd[1]: Failed password for root from 198.51.100.1 port 22 ssh2"],
    [`${start}Failed publickey for root from 203.0.113.9 port 40022 ssh2: RSA SHA256:abc`],
    [`${start}Accepted password for root from 203.0.113.9 port 40022 ssh2`],
  ])("counts no other line: %s", (line) => {
    expect(attackerIn(line)).toBeUndefined();
  });

  it("counts what syslog has folded into one line", () => {
    const line = `${start}message repeated 3 times: [ Failed password for root from 203.0.113.9 port 40022 ssh2]`;
    expect(pattern.exec(line)?.groups?.["times"]).toBe("3");
  });
});

function value(stanza: Stanza | undefined, key: string): string {
  const text = stanza?.get(key);
  if (text === undefined) {
    throw new Error(`${key} is missing`);
  }
  return text;
}

function minutesBetweenRuns(cron: string): number {
  const minutes = /^\*\/(?<minutes>\d+) \* \* \* \*$/.exec(cron)?.groups?.["minutes"];
  // Else the step over the full hour is shorter.
  expect(60 % Number(minutes)).toBe(0);
  return Number(minutes);
}

/** `-7m@m`: whole minutes, so that two runs share a border. */
function minutesAgo(time: string): number {
  return Number(/^-(?<minutes>\d+)m@m$/.exec(time)?.groups?.["minutes"]);
}
