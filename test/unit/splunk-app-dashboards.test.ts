import { describe, expect, it } from "vitest";
import { readConf } from "../fakes/splunk-app-conf.ts";
import { expandMacros, fieldsUsed, kindsRead } from "../fakes/splunk-search-names.ts";
import { classicPanels, readStudio, studioPanels, viewText } from "../fakes/splunk-app-views.ts";
import { everyEventHas, toldFields } from "../fakes/told-fields.ts";

const studio = readStudio();
const panels = studioPanels(studio);
const ofEvents = [...panels].filter(([, { search }]) => kindsRead(expandMacros(search)).length > 0);

describe("the dashboards", () => {
  it("show the same, in Dashboard Studio and for older versions", () => {
    expect(Object.fromEntries(classicPanels())).toEqual(Object.fromEntries(panels));
  });

  it.each([...panels])("%s says what it counts, and what it means when nothing is shown", (_, panel) => {
    expect(panel.title.length).toBeGreaterThan(10);
    expect(panel.meaning).toMatch(/Nothing shown: |No results: |Palest: |0 also when /);
  });

  it("cover the whole grid once", () => {
    const { structure, globalInputs } = studio.layout;
    expect(structure.map(({ item }) => item).toSorted()).toEqual(
      Object.keys(studio.visualizations).toSorted(),
    );
    expect(globalInputs).toEqual(Object.keys(studio.inputs));
    const rows = Map.groupBy(structure, ({ position }) => position.y);
    let y = 0;
    for (const [start, row] of rows) {
      expect(start).toBe(y);
      let x = 0;
      for (const { position } of row) {
        expect(position.x).toBe(x);
        expect(position.h).toBe(row[0]?.position.h);
        x += position.w;
      }
      expect(x).toBe(1200);
      y += row[0]?.position.h ?? 0;
    }
  });

  it("have data sources with names that the editor takes, all of them used", () => {
    const sources = Object.entries(studio.dataSources);
    for (const [, { name }] of sources) {
      expect(name).toMatch(/^[A-Za-z0-9 ._-]+$/);
    }
    const used = JSON.stringify([
      studio.visualizations,
      studio.inputs,
      sources.map(([, { options }]) => options.extend),
    ]);
    const text = viewText("portcullis");
    const unused = sources.filter(
      ([id]) => !used.includes(`"${id}"`) && !text.includes(`"primary": "${id}"`),
    );
    expect(unused).toEqual([]);
  });

  it("put what people chose into searches in quotes only", () => {
    for (const view of ["portcullis", "portcullis_classic"]) {
      const tokens = [...viewText(view).matchAll(/\$([a-z_.]+)(\|\w)?\$/g)];
      expect(tokens.length).toBeGreaterThan(10);
      for (const [whole, name = "", filter] of tokens) {
        const isTime = name.startsWith("time.");
        const isRow = name.startsWith("row.src_ip");
        expect(isTime ? whole : filter).toBe(isTime ? `$${name}$` : isRow ? "|u" : "|s");
      }
    }
  });

  it("lead from an address to everything known about it", () => {
    for (const view of ["portcullis", "portcullis_classic"]) {
      expect(viewText(view)).toContain("/app/portcullis/portcullis_address?ip=$row.src_ip");
    }
  });

  it("filter by search and mode what has both", () => {
    const filtered = [...panels].filter(([, { search }]) => search.includes("$search_name|s$"));
    expect(filtered.map(([name]) => name).toSorted()).toEqual(
      ["addresses", "by_search", "changes_over_time", "countries", "decisions_over_time", "map"]
        .concat("networks", "verified")
        .toSorted(),
    );
    for (const [, { search }] of filtered) {
      expect(search).toContain("| search search_name=$search_name|s$ mode=$mode|s$");
    }
  });
});

describe("searches over Portcullis's events", () => {
  it.each(ofEvents)("%s uses only fields that the events have", (_, { search }) => {
    const expanded = expandMacros(search);
    const kinds = kindsRead(expanded);
    expect(kinds).toHaveLength(1);
    expect(strangers(expanded, kinds)).toEqual([]);
  });

  it("are told apart from what no event has", () => {
    const search =
      "`portcullis_decisions` | search verdict=block | eval x=reazon | stats max(scor) AS y BY srcip | where y>1";
    expect(strangers(expandMacros(search), ["decision"])).toEqual(["verdict", "reazon", "scor", "srcip"]);
  });

  it.each(ofEvents)("%s counts an event once, however often it came", (_, { search }) => {
    expect(expandMacros(search)).toMatch(
      /\| dedup (event_id|firewall|provider window|alarm_id)\b|\| head 1 /,
    );
  });

  it("take the newest event for what is now, not the newest value of each field", () => {
    for (const name of ["portcullis_firewalls", "portcullis_quotas", "portcullis_open_alarms"]) {
      expect(readConf("macros.conf").get(name)?.get("definition")).toMatch(/\| dedup [a-z_ ]+ sortby -_time/);
    }
    expect([...panels.values()].filter(({ search }) => /latest\(/.test(search))).toEqual([]);
  });
});

describe("the macros", () => {
  const macros = [...readConf("macros.conf")];

  it.each(macros)("%s holds nothing that is not defined", (name) => {
    expect(() => expandMacros(`\`${name}\``)).not.toThrow();
  });

  it("are all used", () => {
    const places = [
      viewText("portcullis"),
      ...macros.map(([, stanza]) => stanza.get("definition") ?? ""),
      ...[...readConf("savedsearches.conf").values()].map((stanza) => stanza.get("search") ?? ""),
    ].join("\n");
    expect(macros.map(([name]) => name).filter((name) => !places.includes(`\`${name}\``))).toEqual([
      // Offered to people: the guide's trouble-shooting uses it.
      "portcullis_action_results",
    ]);
  });
});

describe("the log of the alert action", () => {
  const thread = "11-03-2026 10:00:01.123 +0000 INFO  sendmodalert [4711 AlertNotifierWorker-0] - ";
  const input =
    '11-03-2026 10:00:01.123 +0000 INFO  ExecProcessor [4711 ExecProcessor] - message from "python3 ';

  it.each([
    [
      `${thread}action=portcullis_block - Alert action script completed in duration=812 ms with exit code=2`,
      "2",
    ],
    [
      `${thread}action=portcullis_block - Alert action script completed in duration=12 ms with exit code=-1`,
      "-1",
    ],
    [
      `${thread}action=portcullis_block STDERR -  accepted rows=2 addresses=1 search="with exit codes"`,
      undefined,
    ],
  ])("tells how a run ended: %s", (line, code) => {
    expect(found("portcullis_action_runs", line)?.["exit_code"]).toBe(code);
  });

  it.each([
    [
      `${thread}action=portcullis_block STDERR -  accepted rows=50000 addresses=48211 deliveries=10 sid=1`,
      "50000",
    ],
    [`${input}/opt/portcullis_resend.py" INFO accepted rows=7 addresses=7 deliveries=1 sid=1`, "7"],
    [
      `${thread}action=portcullis_block STDERR -  not accepted, kept and sent again: busy accepted_rows=5`,
      undefined,
    ],
  ])("tells how many rows were accepted: %s", (line, rows) => {
    expect(found("portcullis_accepted", line)?.["rows"]).toBe(rows);
  });

  it.each([
    ["accepted", 0],
    ["started wrongly", 1],
    ["kept in the spool, sent again by itself", 2],
    ["kept in the spool, needs a person", 3],
    ["lost or refused", 4],
    ["a bug of the app", 5],
  ])("has a word for each exit code: %s", (outcome, code) => {
    expect(definitionOf("portcullis_action_runs")).toContain(`exit_code==${code}, "${outcome}"`);
  });
});

describe("what data models are told", () => {
  const props = readConf("props.conf");

  it.each(["decision", "block"])("fields of a %s are made of fields that it has", (kind) => {
    const stanza = props.get(`portcullis:${kind}`) ?? new Map<string, string>();
    const sources = [...stanza].flatMap(([key, value]) => {
      if (key.startsWith("FIELDALIAS-")) {
        return [/^(\w+) AS \w+$/.exec(value)?.[1] ?? value];
      }
      return key.startsWith("EVAL-") ? [...fieldsUsed(`x | where ${value}`)] : [];
    });
    expect(sources.length).toBeGreaterThan(5);
    expect(sources.filter((name) => !known([kind]).has(name))).toEqual([]);
  });

  it("every kind of event is read as JSON when it is searched, and only then", () => {
    for (const kind of Object.keys(toldFields)) {
      const stanza = props.get(`portcullis:${kind}`);
      expect(stanza?.get("KV_MODE")).toBe("json");
      expect(stanza?.has("INDEXED_EXTRACTIONS")).toBe(false);
    }
  });

  it("a verdict is an alert, a rule on a firewall a change, and nothing is traffic", () => {
    const tags = [...readConf("tags.conf")].map(([name, stanza]) => [name, [...stanza.keys()]]);
    expect(Object.fromEntries(tags)).toEqual({
      "eventtype=portcullis_verdict": ["alert"],
      "eventtype=portcullis_change": ["change", "network"],
    });
    for (const [, stanza] of readConf("eventtypes.conf")) {
      const search = stanza.get("search") ?? "";
      expect(strangers(search, kindsRead(search))).toEqual([]);
    }
  });

  it.each([
    ["verified", "created", "success"],
    ["applied", "created", "failure"],
    ["failed", "created", "failure"],
    ["refused", "created", "failure"],
    ["withdrawn", "deleted", "success"],
    ["lifted", "deleted", "success"],
    ["expired", "deleted", "success"],
  ])("%s is told as %s, %s", (change, action, status) => {
    const stanza = props.get("portcullis:block");
    expect(caseOf(stanza?.get("EVAL-action"), change)).toBe(action);
    expect(caseOf(stanza?.get("EVAL-status"), change)).toBe(status);
  });
});

function known(kinds: readonly string[]): ReadonlySet<string> {
  const own = Object.entries(toldFields).flatMap(([kind, names]) => (kinds.includes(kind) ? names : []));
  return new Set<string>([...everyEventHas, ...own]);
}

function strangers(search: string, kinds: readonly string[]): readonly string[] {
  const names = known(kinds);
  return [...fieldsUsed(search)].filter((name) => !names.has(name));
}

/** The value of `case(change=="a" OR change=="b", "x", isnotnull(firewall), "y")` for a change on a firewall. */
function caseOf(text: string | undefined, change: string): string | undefined {
  const [, first = "", then, otherwise] =
    /^case\((.*), "(\w+)", isnotnull\(firewall\), "(\w+)"\)$/.exec(text ?? "") ?? [];
  return first.includes(`change=="${change}"`) ? then : otherwise;
}

function definitionOf(macro: string): string {
  return readConf("macros.conf").get(macro)?.get("definition") ?? "";
}

/** What the expression of a macro finds in a line. */
function found(macro: string, line: string): Record<string, string> | undefined {
  const pattern = /\| rex "([^"]+)"/.exec(definitionOf(macro))?.[1];
  return pattern === undefined ? undefined : new RegExp(pattern).exec(line)?.groups;
}
