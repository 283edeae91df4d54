import { describe, expect, test } from "vitest";
import { writeAudit } from "../../src/audit/write-audit.ts";
import { audited, auditedInput, bareHost, findingsOf, told } from "./audit-desk.ts";

const usual = ["-i lo -j ACCEPT", "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"];

/** Rules of an input chain of nft on a host without iptables. */
function auditedNft(policy: string, rules: readonly string[], more: readonly string[] = []) {
  return audited({
    ...bareHost,
    iptables: [],
    ruleset: [
      "table inet filter {",
      ...more,
      " chain input {",
      `  type filter hook input priority 0; policy ${policy};`,
      ...rules.map((rule) => `  ${rule}`),
      " }",
      "}",
    ],
  });
}

describe("open ports", () => {
  const open = (rules: readonly string[], policy = "DROP") =>
    findingsOf(auditedInput(policy, rules), "management-port-open").map(
      ({ severity, where }) => `${severity} ${where}`,
    );

  test.each([
    ["from a network", ["-s 198.51.100.0/24 -p tcp --dport 22 -j ACCEPT"]],
    [
      "from all but a network, dropped before",
      ["! -s 198.51.100.0/24 -p tcp --dport 22 -j DROP", "-p tcp --dport 22 -j ACCEPT"],
    ],
    ["by an inner interface", ["-i eth1 -p tcp --dport 22 -j ACCEPT"]],
    ["only when established", ["-p tcp --dport 22 -m state --state ESTABLISHED -j ACCEPT"]],
    ["for a set of sources", ["-p tcp --dport 22 -m set --match-set admins src -j ACCEPT"]],
    ["after knocking", ["-p tcp --dport 22 -m recent --rcheck --seconds 30 --name knock -j ACCEPT"]],
    ["by IPsec", ["-p tcp --dport 22 -m policy --dir in --pol ipsec -j ACCEPT"]],
    ["not first packets", ["-p tcp --dport 22 ! --syn -j ACCEPT"]],
    ["hidden behind a drop", ["-p tcp -m multiport --dports 20:25 -j DROP", "-p tcp --dport 22 -j ACCEPT"]],
    ["to another host's address", ["-d 203.0.113.5/32 -p tcp --dport 22 -j ACCEPT"]],
    ["when nobody can say", ["-p tcp --dport 22 -m string --string x --algo bm -j ACCEPT"]],
    ["by a module that is not known", ["-p tcp --dport 22 -m frobnicate --level 3 -j ACCEPT"]],
  ])("not to everybody: %s", (_, rules) => {
    expect(open(rules)).toEqual([]);
  });

  test.each([
    ["plainly", ["-p tcp --dport 22 -j ACCEPT"], "medium ip filter/INPUT rule 1"],
    ["in a range", ["-p tcp -m multiport --dports 20:22 -j ACCEPT"], "medium ip filter/INPUT rule 1"],
    [
      "from the whole world",
      ["-s 0.0.0.0/0 -i eth+ -p tcp --dport 22 -j ACCEPT"],
      "medium ip filter/INPUT rule 1",
    ],
    [
      "but for one",
      ["-s 192.0.2.1/32 -p tcp --dport 22 -j DROP", "-p tcp --dport 22 -j ACCEPT"],
      "medium ip filter/INPUT rule 2",
    ],
    [
      "from all outside a blocklist",
      ["-p tcp --dport 22 -m set ! --match-set bad src -j ACCEPT"],
      "medium ip filter/INPUT rule 1",
    ],
    [
      "at a rate",
      [
        "-p tcp --dport 22 -m recent --update --seconds 60 --hitcount 4 -j DROP",
        "-p tcp --dport 22 -j ACCEPT",
      ],
      "low ip filter/INPUT rule 2",
    ],
    [
      "at a rate that a drop keeps",
      [
        "-p tcp --dport 22 -m hashlimit --hashlimit-above 5/min --hashlimit-name a -j DROP",
        "-p tcp --dport 22 -j ACCEPT",
      ],
      "low ip filter/INPUT rule 2",
    ],
    ["with nothing behind", ["-p tcp --dport 23 -j ACCEPT"], "low ip filter/INPUT rule 1"],
  ])("to everybody: %s", (_, rules, expected) => {
    expect(open(rules)).toEqual([expected]);
  });

  test("a wide range is one finding", () => {
    const found = (rule: string) =>
      findingsOf(auditedInput("DROP", [rule]), "wide-port-range").map(({ severity }) => severity);

    expect(found("-p tcp -m multiport --dports 1:1024 -j ACCEPT")).toEqual(["medium"]);
    expect(found("-p udp --dport 60000:61000 -j ACCEPT")).toEqual(["low"]);
    expect(found("-s 192.0.2.0/24 -p udp --dport 60000:61000 -j ACCEPT")).toEqual([]);
    expect(found("-p tcp -m multiport --dports 22,80:90 -j ACCEPT")).toEqual([]);
  });

  test("a chain that returns goes on behind its jump", () => {
    const saved = [
      "*filter",
      ":INPUT DROP [0:0]",
      ":SSH - [0:0]",
      "-A INPUT -p tcp --dport 22 -j SSH",
      "-A INPUT -p tcp --dport 22 -j ACCEPT",
      "-A SSH -s 192.0.2.0/24 -j DROP",
      "-A SSH -j RETURN",
      "COMMIT",
    ];

    expect(told(audited({ ...bareHost, "iptables-save4": saved }))).toContain(
      "medium management-port-open ip filter/INPUT rule 2",
    );
  });

  test("a chain that was gone to returns to nobody", () => {
    const saved = (word: string) => [
      "*filter",
      ":INPUT DROP [0:0]",
      ":SSH - [0:0]",
      `-A INPUT -p tcp ${word} SSH`,
      "-A INPUT -p tcp --dport 22 -j ACCEPT",
      "-A SSH -s 192.0.2.0/24 -j DROP",
      "COMMIT",
    ];
    const found = (word: string) =>
      findingsOf(audited({ ...bareHost, "iptables-save4": saved(word) }), "management-port-open").length;

    expect([found("-j"), found("-g")]).toEqual([1, 0]);
  });

  test("both tables must let it through: nft drops what legacy accepts", () => {
    const report = auditedInput("DROP", usual, {
      "legacy-save4": ["*filter", ":INPUT ACCEPT [0:0]", "-A INPUT -p tcp --dport 22 -j ACCEPT", "COMMIT"],
    });

    expect(findingsOf(report, "management-port-open")).toEqual([]);
    expect(findingsOf(report, "mixed-tables")).toHaveLength(1);
  });

  test("nft: named sets of ports, and sets of sources", () => {
    const sets = [
      " set admin {",
      "  type ipv4_addr",
      "  elements = { 10.0.0.1,",
      "    10.0.0.2 }",
      " }",
      " set ports {",
      "  type inet_service",
      "  elements = { 22, 80 }",
      " }",
    ];

    expect(told(auditedNft("drop", ["ip saddr @admin tcp dport @ports accept"], sets)).join()).not.toContain(
      "management-port-open",
    );
    expect(told(auditedNft("drop", ["tcp dport @ports accept"], sets)).join()).toContain(
      "medium management-port-open inet filter/input rule 1",
    );
  });
});

describe("what passes by default", () => {
  test.each([
    ["a policy", "DROP", usual, []],
    ["a last rule", "ACCEPT", [...usual, "-j REJECT"], []],
    ["a last rule for the interface of the world", "ACCEPT", [...usual, "-i eth0 -j DROP"], []],
    ["a policy to accept", "ACCEPT", usual, ["high default-accept-input ip filter/INPUT policy"]],
    ["a rule for all", "DROP", ["-j ACCEPT"], ["high accept-any ip filter/INPUT rule 1"]],
    ["a rule for all TCP", "DROP", ["-p tcp -j ACCEPT"], ["high accept-any ip filter/INPUT rule 1"]],
    [
      "a last rule for TCP only",
      "ACCEPT",
      ["-p tcp -j DROP"],
      ["high default-accept-input ip filter/INPUT policy"],
    ],
    ["a rule that nobody can judge", "DROP", ["-m frobnicate -j ACCEPT"], []],
    ["a queue", "DROP", ["-j NFQUEUE --queue-num 1"], []],
  ])("%s", (_, policy, rules, expected) => {
    const found = told(auditedInput(policy, rules)).filter((line) => /accept-any|default-accept/.test(line));

    expect(found).toEqual(expected);
  });

  test("a chain for another table is not taken for the one that filters", () => {
    const raw = [
      "*raw",
      ":PREROUTING ACCEPT [0:0]",
      ":PORTCULLIS - [0:0]",
      "-A PREROUTING -j PORTCULLIS",
      "COMMIT",
    ];
    const [finding] = findingsOf(audited({ ...bareHost, "iptables-save4": raw }), "default-accept-input");

    expect(finding?.where).toBe("ip: no table");
    expect(finding?.fix).toBe(
      [
        "iptables -w 5 -A INPUT -i lo -j ACCEPT",
        "iptables -w 5 -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
        "iptables -w 5 -A INPUT -p tcp --dport 22 -j ACCEPT",
        "iptables -w 5 -P INPUT DROP",
      ].join(" && \\\n"),
    );
  });

  test("the login's own port is opened, when something listens there", () => {
    const listen = ["tcp LISTEN 0 128 0.0.0.0:2222 0.0.0.0:*"];
    const report = audited({ ...bareHost, listen }, { sshPort: 2222 });

    expect(findingsOf(report, "default-accept-input")[0]?.fix).toContain("--dport 2222 -j ACCEPT");
  });
});

describe("the rest", () => {
  test("what is not understood is counted, once for both families", () => {
    const [note] = auditedNft("drop", ["frobnicate 3 accept", "tcp dport 22 frobnicate 4 drop"]).notes;

    expect(note).toBe("2 nft rules were not understood and not judged.");
    expect(auditedInput("DROP", ["-m frobnicate --level 3 -j ACCEPT"]).notes[0]).toBe(
      "1 iptables rule was not understood and not judged.",
    );
  });

  test("a flow table takes connections past the rules", () => {
    expect(told(auditedNft("drop", ["flow add @f"])).join()).toContain("medium flow-table");
  });

  test("Portcullis's own table of nft, and a jump that comes first", () => {
    const table = [
      "table inet portcullis {",
      " chain prerouting {",
      "  type filter hook prerouting priority -300; policy accept;",
      "  ip saddr @b4 drop",
      " }",
      "}",
    ];
    const raw = (...rules: readonly string[]) => [
      "*raw",
      ":PREROUTING ACCEPT [0:0]",
      ":PORTCULLIS - [0:0]",
      ...rules,
      "-A PREROUTING -j PORTCULLIS",
      "COMMIT",
    ];
    const ours = (texts: Readonly<Record<string, readonly string[]>>) =>
      told(audited({ ...bareHost, ...texts })).filter((line) => line.includes("portcullis"));

    expect(ours({ ruleset: table })).toEqual([]);
    expect(ours({ "iptables-save4": raw() })).toEqual([]);
    expect(ours({ "iptables-save4": raw("-A PREROUTING -p udp -j LOG") })).toEqual([]);
    expect(ours({ "iptables-save4": raw("-A PREROUTING -s 10.0.0.0/8 -j DROP") })).toEqual([
      "low portcullis-not-first ip raw/PREROUTING rule 1",
    ]);
    expect(ours({})).toEqual(["high portcullis-missing ip raw/PREROUTING"]);
  });

  test("a management service of another host, led on to for everybody", () => {
    const nat = (rule: string) => ["*nat", ":PREROUTING ACCEPT [0:0]", `-A PREROUTING ${rule}`, "COMMIT"];
    const found = (rule: string) =>
      findingsOf(auditedInput("DROP", usual, { "iptables-save4": nat(rule) }), "management-port-forwarded")
        .length;

    expect(found("-i eth0 -p tcp --dport 13389 -j DNAT --to-destination 10.0.0.5:3389")).toBe(1);
    expect(found("-s 192.0.2.0/24 -p tcp --dport 13389 -j DNAT --to-destination 10.0.0.5:3389")).toBe(0);
    expect(found("-i eth0 -p tcp --dport 443 -j DNAT --to-destination 10.0.0.5:8443")).toBe(0);
    expect(found("-i eth0 -p tcp --dport 2200 -j REDIRECT --to-ports 22")).toBe(1);
  });

  test("nothing from the host reaches the terminal as it is, nor runs in a shell", () => {
    const evil = `-p tcp --dport 23 -m comment --comment "\u001b]0;x\u0007 \u202e $(reboot) \`id\` '; id #" -j ACCEPT`;
    const report = auditedInput("DROP", [evil]);
    const text = writeAudit("edge-1", report);

    expect(text).toContain("Telnet");
    // oxlint-disable-next-line no-control-regex -- control characters are what this is about
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(JSON.stringify(report)).not.toContain("\u202e");
    expect(findingsOf(report, "management-port-open")[0]?.fix).toContain(`'\\''; id #`);
  });

  test("a report without anything is a report", () => {
    expect(told(audited({}, { isEnforcing: false }))).toEqual([
      "medium default-accept-input ip: no table",
      "info portcullis-missing ip raw/PREROUTING",
    ]);
  });
});
