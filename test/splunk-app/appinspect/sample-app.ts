import { crc32, deflateSync } from "node:zlib";
import type { AppPackage, Entry } from "./app-package.ts";

/** A package that can be changed: to see a rule object, one thing is broken. */
export class Draft {
  fileName = "sample-1.2.3.tgz";
  size = 20_000;
  isGzip = true;
  readonly #entries = new Map<string, Entry>();

  constructor() {
    for (const [path, content] of Object.entries({ ...sampleTexts, ...samplePictures })) {
      this.write(path, content);
    }
  }

  /** Writes a file, and the folders above it that are not there yet. */
  write(path: string, content: string | Uint8Array): void {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    const parts = `sample/${path}`.split("/").slice(0, -1);
    for (const index of parts.keys()) {
      this.member({ name: `${parts.slice(0, index + 1).join("/")}/`, type: "directory", mode: 0o755 });
    }
    this.member({ name: `sample/${path}`, bytes });
  }

  /** Replaces a text that must be there. */
  edit(path: string, from: string | RegExp, to: string): void {
    const before = new TextDecoder("utf-8", { ignoreBOM: true }).decode(
      this.#entries.get(`sample/${path}`)?.bytes,
    );
    const after = before.replace(from, to);
    if (after === before) {
      throw new Error(`${path} holds no ${String(from)}`);
    }
    this.write(path, after);
  }

  append(path: string, text: string): void {
    this.edit(path, /$/, text);
  }

  remove(path: string): void {
    if (!this.#entries.delete(`sample/${path}`)) {
      throw new Error(`there is no ${path}`);
    }
  }

  /** Adds or replaces a member of the tar, as it is. */
  member(entry: Partial<Entry> & Pick<Entry, "name">): void {
    this.#entries.set(entry.name, {
      type: "file",
      mode: 0o644,
      linkName: "",
      bytes: new Uint8Array(),
      ...entry,
    });
  }

  rename(change: (name: string) => string): void {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    for (const entry of entries) {
      this.member({ ...entry, name: change(entry.name) });
    }
  }

  get package(): AppPackage {
    const { fileName, size, isGzip } = this;
    return { fileName, size, isGzip, entries: [...this.#entries.values()] };
  }
}

/** A PNG of one colour. Source: PNG specification. */
export function pngOf(width: number, height: number): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 6, 0, 0, 0], 8);
  const pixels = deflateSync(Buffer.alloc((width * 4 + 1) * height));
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", pixels),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

const samplePictures: Readonly<Record<string, Uint8Array>> = {
  "static/appIcon.png": pngOf(36, 36),
  "static/appIcon_2x.png": pngOf(72, 72),
  "static/appIconAlt.png": pngOf(36, 36),
  "static/appIconAlt_2x.png": pngOf(72, 72),
  "static/appLogo.png": pngOf(160, 40),
  "static/appLogo_2x.png": pngOf(320, 80),
  "appserver/static/block.png": pngOf(48, 48),
};

const studio = {
  title: "Overview",
  dataSources: {
    ds_all: {
      type: "ds.search",
      options: { query: "`sample_index` eventtype=sample_change earliest=$time.earliest$" },
    },
    ds_top: { type: "ds.chain", options: { extend: "ds_all", query: "| top src" } },
  },
  visualizations: { viz_top: { type: "splunk.table", dataSources: { primary: "ds_top" } } },
  inputs: { input_time: { type: "input.timerange", options: { token: "time", defaultValue: "-24h,now" } } },
  layout: {
    type: "grid",
    globalInputs: ["input_time"],
    structure: [{ item: "viz_top", type: "block", position: { x: 0, y: 0, w: 1200, h: 300 } }],
  },
};

/** A small app that has one of everything that the rules look at, and nothing wrong. */
const sampleTexts: Readonly<Record<string, string>> = {
  LICENSE: "MIT\n",
  "README.md": "# Sample\n",
  "app.manifest": JSON.stringify({
    schemaVersion: "2.0.0",
    info: {
      title: "Sample",
      id: { group: null, name: "sample", version: "1.2.3" },
      author: [{ name: "Somebody", email: null, company: null }],
      releaseDate: null,
      description: "Sends rows.",
      classification: {
        intendedAudience: "Security",
        categories: ["Security"],
        developmentStatus: "Production/Stable",
      },
      commonInformationModels: null,
      license: { name: "MIT", text: "LICENSE", uri: null },
      privacyPolicy: { name: null, text: null, uri: null },
      releaseNotes: { name: "README", text: "README.md", uri: null },
    },
    dependencies: null,
    tasks: null,
    inputGroups: null,
    incompatibleApps: null,
    platformRequirements: { splunk: { Enterprise: ">=8.2" } },
    supportedDeployments: ["_standalone"],
    targetWorkloads: ["_search_heads"],
  }),
  "default/app.conf": `[install]
is_configured = false
build = 1002003
[package]
id = sample
check_for_updates = false
[id]
name = sample
version = 1.2.3
[launcher]
author = Somebody
version = 1.2.3
description = Sends rows.
[ui]
is_visible = true
label = Sample
setup_view = setup
`,
  "default/alert_actions.conf": `[portcullis_block]
is_custom = 1
label = Check
description = Sends rows
icon_path = block.png
payload_format = json
python.version = python3
python.required = 3.9, 3.13
param.url =
param.fields =
param._cam = {\\
  "category": ["Device Control"], "task": ["block"],\\
  "subject": ["network.firewall"], "technology": [],\\
  "drilldown_uri": "sample/overview" }
`,
  "README/alert_actions.conf.spec": `[portcullis_block]
python.required = <comma-separated list>
* Versions.
param.url = <url>
* Where.
param.fields = <list>
* Which.
param._cam = <json>
* What.
`,
  "README/savedsearches.conf.spec": `action.portcullis_block = [0|1]
* On.
action.portcullis_block.param.fields = <list>
* Which.
`,
  "default/restmap.conf": `[validation:savedsearch]
action.portcullis_block.param.fields = validate(match('action.portcullis_block.param.fields', "^\\w*$"), "Names only")
[script:sample]
match = /sample
script = rest.py
scripttype = persist
handler = rest.Handler
python.version = python3
python.required = 3.9, 3.13
capability = sample_operate
`,
  "default/web.conf": "[expose:sample]\npattern = sample\nmethods = POST\n",
  "default/authorize.conf": "[capability::sample_operate]\n[role_power]\nsample_operate = enabled\n",
  "default/inputs.conf": `[script://$SPLUNK_HOME/etc/apps/sample/bin/resend.py]
interval = 60
passAuth = splunk-system-user
python.version = python3
python.required = 3.9, 3.13
`,
  "default/savedsearches.conf": `[Failed logins]
description = Many failed logins
search = \`sample_index\` eventtype=sample_change | lookup ports port | stats count by src
disabled = 1
enableSched = 1
cron_schedule = */5 * * * *
dispatch.earliest_time = -5m@m
dispatch.latest_time = @m
action.portcullis_block = 1
action.portcullis_block.param.fields = src
`,
  "default/macros.conf": `[sample_index]
definition = index=sample
[sample_of(1)]
args = name
definition = name="$name$"
`,
  "default/eventtypes.conf": "[sample_change]\nsearch = `sample_index` kind=block\n",
  "default/tags.conf": "[eventtype=sample_change]\nchange = enabled\n",
  "default/props.conf":
    "[sample:block]\nKV_MODE = json\nEVAL-dest = firewall\nREPORT-rows = sample_rows\nLOOKUP-port = ports port\n",
  "default/transforms.conf": "[sample_rows]\nREGEX = (a)\nFORMAT = x::$1\n[ports]\nfilename = ports.csv\n",
  "lookups/ports.csv": "port,name\n22,ssh\n",
  "default/workflow_actions.conf":
    "[look_up]\ntype = link\nlabel = Look up $src$\nfields = src\nlink.uri = /app/sample/overview\nlink.method = get\n",
  "default/data/ui/nav/default.xml":
    '<nav><view name="overview" default="true"/><view name="search"/></nav>\n',
  "default/data/ui/alerts/portcullis_block.html":
    '<form class="form-horizontal"><input type="text" name="action.portcullis_block.param.fields"/></form>\n',
  "default/data/ui/views/setup.xml":
    '<dashboard version="1.1" script="setup.js"><label>Set up</label><row><html/></row></dashboard>\n',
  "default/data/ui/views/classic.xml": `<form version="1.1"><label>Classic</label>
<fieldset><input type="text" token="name"/></fieldset>
<search id="rows"><query>\`sample_index\` \`sample_of("$name|s$")\`</query></search>
<row><panel><table><search base="rows"><query>| top src</query></search></table></panel></row></form>
`,
  "default/data/ui/views/overview.xml": `<dashboard version="2"><label>Overview</label><definition><![CDATA[${JSON.stringify(studio)}]]></definition></dashboard>\n`,
  "appserver/static/setup.js": 'require(["splunkjs/mvc", "jquery"], (mvc) => { document.title = "x"; });\n',
  "metadata/default.meta": `[]
access = read : [ * ], write : [ admin, sc_admin ]
[alert_actions]
export = system
[alerts]
export = system
[restmap]
export = system
`,
  "bin/portcullis_block.py": `"""The action."""
import ssl
import sys
from urllib.request import urlopen

from shared import url_of


def main() -> int:
    return urlopen(url_of(sys.argv), context=ssl.create_default_context()).status
`,
  "bin/shared/__init__.py": "def url_of(argv):\n    return argv[0]\n",
  "bin/resend.py": "import sys\n",
  "bin/rest.py":
    "from splunk.persistconn.application import PersistentServerConnectionApplication\n\n\nclass Handler(PersistentServerConnectionApplication):\n    pass\n",
};
