import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { appDefault, readConf } from "../fakes/splunk-app-conf.ts";

const guide = readFileSync(join(appDefault, "../README.md"), "utf8");

const searches = [...readConf("savedsearches.conf")];
const samples = searches.filter(([, search]) => search.has("action.portcullis_block"));
const ofOurselves = searches.filter(([, search]) => !search.has("action.portcullis_block"));

describe("the guide of the Splunk app", () => {
  it("names only macros and source types that there are", () => {
    const macros = [...readConf("macros.conf").keys()];
    // Names that begin like a macro and are something else.
    const others = ["portcullis_block", "portcullis_operate", "portcullis_operator", "portcullis_view"];
    const named = [...guide.matchAll(/`(portcullis_\w+)`/g)].map(([, name = ""]) => name);
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((name) => !macros.includes(name) && !others.includes(name))).toEqual([]);
    const sourceTypes = [...guide.matchAll(/`(portcullis:\w+)`/g)].map(([, name = ""]) => name);
    expect(new Set(sourceTypes)).toEqual(
      new Set([...readConf("props.conf").keys()].filter((name) => name.startsWith("portcullis:"))),
    );
  });

  it.each(samples)("describes %s with its macro and threshold", (name, search) => {
    const start = `| ${shortName(name)} |`.toLowerCase();
    const row = guide.split("\n").find((line) => line.toLowerCase().startsWith(start));
    const text = search.get("search") ?? "";
    expect(row).toContain(/`(portcullis_\w+)`/.exec(text)?.[1]);
    const threshold = /\n\| where \w+>=(\d+)[^\n]*\n\| eval severity/.exec(text)?.[1];
    expect(row).toMatch(new RegExp(`\\| ${threshold ?? "none"} `));
  });

  it.each(ofOurselves)("names %s", (name) => {
    expect(guide).toContain(`*${shortName(name)}*`);
  });

  it("calls pages and dashboards by the names that Splunk shows", () => {
    const shown = ["portcullis", "portcullis_classic", "portcullis_setup", "portcullis_address"].map((view) =>
      labelOf(view),
    );
    const named = [...guide.matchAll(/\*{2}(?<name>[^*.]+)\*{2}(?= (?:is a Dashboard|shows the same))/g)];
    expect(named.map(({ groups }) => groups?.["name"])).toEqual(shown.slice(0, 2));
    const pages = [...guide.matchAll(/\*(?<name>[^*]+)\* page|page\s+\*(?<other>[^*]+)\*/g)];
    const names = pages.map(({ groups }) => groups?.["name"] ?? groups?.["other"] ?? "");
    expect(names.length).toBeGreaterThan(2);
    expect(names.filter((name) => !shown.includes(name))).toEqual([]);
  });

  it("leads to headings that it has", () => {
    const anchors = [...guide.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w -]/g, "")
        .replaceAll(" ", "-"),
    );
    const links = [...guide.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor = ""]) => anchor);
    expect(links.filter((anchor) => !anchors.includes(anchor))).toEqual([]);
  });
});

function shortName(name: string): string {
  return name.replace(/^Portcullis - /, "");
}

function labelOf(view: string): string | undefined {
  return /<label>([^<]*)<\/label>/.exec(
    readFileSync(join(appDefault, `data/ui/views/${view}.xml`), "utf8"),
  )?.[1];
}
