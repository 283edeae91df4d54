import { isIPv4, isIPv6 } from "node:net";
import type { App } from "./app-package.ts";
import { eachMatch, lineOf, problem, type Problem, type Rule, rule } from "./rule.ts";
import { type PythonSource, pythonSources } from "./python-source.ts";

type Call = PythonSource["calls"][number];

const httpCalls =
  /^(?:urllib\.request\.(?:urlopen|Request|urlretrieve)|http\.client\.HTTPS?Connection|requests\.\w+|httplib2\.Http|urllib3\.\w+)$/;
const otherPrograms =
  /^(?:os\.(?:system|popen|fork|forkpty|spawn\w*|exec\w*|posix_spawnp?|startfile)|pty\.spawn)$/;
const threads =
  /^(?:subprocess|threading|_thread|multiprocessing|concurrent|asyncio\.subprocess|pty|commands|popen2)(?:\.|$)/;

/** The only file that may leave certificates unchecked: splunkd on this machine shows one that nobody signed. */
const loopbackFile = "bin/portcullis/splunkd.py";

/** Facts 3.7: Python, and what any source may hold. */
export const pythonRules: readonly Rule[] = [
  rule("check_all_python_files_are_well_formed", "warning", (app) =>
    pythonSources(app).flatMap(({ path, error }) =>
      error === null ? [] : [problem(path, error.text, error.line)],
    ),
  ),
  rule("check_for_supported_tls", "failure", (app) => eachCall(app, uncheckedTls)),
  rule("check_for_insecure_http_calls_in_python", "warning", (app) =>
    eachCall(app, ({ name, args, keywords }) => {
      const urls = [args[0], keywords["url"], keywords["fullurl"], keywords["host"]];
      const isOpen = urls.some((url) => typeof url === "string" && !url.startsWith("https"));
      return httpCalls.test(name) && isOpen
        ? `${name} is called with a literal that does not begin with https`
        : undefined;
    }),
  ),
  rule("check_for_sensitive_info_in_url", "warning", (app) =>
    app.texts.flatMap(({ path, text }) =>
      eachMatch(
        path,
        text,
        /\b\w*(?:url|uri|host|server|prox)\w*\s*=\s*f?["']?https?:\/\/[^"'\s]*?(?:key|pass|pwd|token)\w*=[^&"'\s]+/gi,
        () => "a URL with a secret in its query",
      ),
    ),
  ),
  rule("check_hostnames_and_ips", "warning", (app) =>
    app.texts.flatMap(({ path, text }) => addresses(path, text)),
  ),
  rule("check_for_possible_threading", "warning", (app) =>
    pythonSources(app).flatMap(({ path, imports, calls }) => [
      ...imports
        .filter(({ name }) => threads.test(name))
        .map(({ name, line }) => problem(path, `imports ${name}`, line)),
      ...calls
        .filter(({ name }) => otherPrograms.test(name))
        .map(({ name, line }) => problem(path, `calls ${name}`, line)),
    ]),
  ),
  rule("check_for_root_privilege_escalation", "failure", (app) =>
    app.texts
      .filter(({ path }) => path.startsWith("bin/"))
      .flatMap(({ path, text }) =>
        eachMatch(path, text, /\bsudo\b|["'`]su\s+[-\w]|["']su["']/g, (found) => `${found} in a script`),
      ),
  ),
  rule("check_for_python_udp_network_communications", "failure", (app) =>
    pythonSources(app).flatMap(({ path, names }) =>
      names
        .filter(({ name }) => name.endsWith("SOCK_DGRAM"))
        .map(({ line }) => problem(path, "uses UDP", line)),
    ),
  ),
  rule("check_python_sdk_version", "warning", (app) =>
    app.paths
      .filter((path) => path.endsWith("splunklib/__init__.py"))
      .flatMap((path) => {
        const parts =
          /__version_info__\s*=\s*\((\d+),\s*(\d+),\s*(\d+)\)/.exec(app.text(path))?.slice(1).map(Number) ??
          [];
        const [major = 0, minor = 0, patch = 0] = parts;
        const isNew = major * 1e6 + minor * 1e3 + patch >= 2_001_001;
        return isNew ? [] : [problem(path, "Splunk's SDK is older than 2.1.1")];
      }),
  ),
  rule("check_invoking_bundled_node", "failure", (app) =>
    app.texts
      .filter(({ path }) => !path.endsWith(".md"))
      .flatMap(({ path, text }) =>
        eachMatch(
          path,
          text,
          /\bsplunk\s+cmd\s+node\b|SPLUNK_HOME[^\n]{0,20}\/bin\/node\b/g,
          () => "calls Splunk's own Node",
        ),
      ),
  ),
  rule("portcullis_python_is_of_the_standard_library", "failure", foreignImports),
  rule("portcullis_certificates_are_checked", "failure", (app) =>
    pythonSources(app)
      .filter(({ path }) => path !== loopbackFile)
      .flatMap(({ path, text }) =>
        eachMatch(
          path,
          text,
          /\bCERT_NONE\b|_create_unverified_context|check_hostname\s*=\s*False|verify\s*=\s*False/g,
          (found) =>
            `${found}: certificates are left unchecked in ${loopbackFile} alone, for splunkd on this machine`,
        ),
      ),
  ),
  rule("portcullis_python_runs_no_text", "failure", (app) =>
    eachCall(app, ({ name }) =>
      /^(?:eval|exec|compile|__import__|pickle\.loads?|marshal\.loads?|shelve\.open|yaml\.load)$/.test(name)
        ? `${name} could run what came from outside`
        : undefined,
    ),
  ),
  rule("portcullis_python_runs_on_3_7", "failure", (app) =>
    pythonSources(app).flatMap(({ path, newer }) =>
      newer.map(({ name, line }) =>
        problem(path, `${name} needs Python 3.9, and Splunk before 9.3 has 3.7`, line),
      ),
    ),
  ),
  rule("portcullis_no_merge_conflict_is_left", "failure", (app) =>
    app.texts.flatMap(({ path, text }) =>
      eachMatch(path, text, /^(?:<{7}|>{7}|={7})(?: |$)/gm, () => "a conflict of a merge"),
    ),
  ),
];

function eachCall(app: App, check: (call: Call) => string | undefined): Problem[] {
  return pythonSources(app).flatMap(({ path, calls }) =>
    calls.flatMap((call) => {
      const text = check(call);
      return text === undefined ? [] : [problem(path, text, call.line)];
    }),
  );
}

/** Calls that check certificates only when a context (`context=`) says how. */
const needContext = new Set(["urllib.request.urlopen", "http.client.HTTPSConnection"]);

function uncheckedTls({ name, keywords }: Call): string | undefined {
  if (needContext.has(name) && keywords["context"] === undefined) {
    return `${name} without a context`;
  }
  const verify = keywords["verify"];
  if (name.startsWith("requests.") && verify !== undefined && verify !== "True") {
    return `${name} with verify = ${verify ?? "a variable"}`;
  }
  return keywords["disable_ssl_certificate_validation"] === "True"
    ? `${name} without certificates`
    : undefined;
}

/** IP addresses of both families, also those reserved for documentation and this machine's own. */
function addresses(path: string, text: string): Problem[] {
  const candidates = [
    ...text.matchAll(/(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\w|\.\d)/g),
    ...text.matchAll(/(?<![\w:.])(?=[\da-fA-F:]*\d)[\da-fA-F]*:[\da-fA-F:.]*[\da-fA-F:](?![\w:-])/g),
  ];
  return candidates
    .filter(([found]) => isIPv4(found) || isIPv6(found))
    .map((match) => problem(path, `${match[0]} is an IP address`, lineOf(text, match.index)));
}

/** `splunk` is Splunk's own: the base class of REST handlers. */
function foreignImports(app: App): Problem[] {
  return pythonSources(app).flatMap(({ path, imports }) =>
    imports.flatMap(({ name, line }) => {
      const top = name.split(".")[0] ?? "";
      const isOwn = top === "" || app.has(`bin/${top}.py`) || app.has(`bin/${top}/__init__.py`);
      return isOwn || standardLibrary.has(top) || top === "splunk"
        ? []
        : [problem(path, `imports ${name}`, line)];
    }),
  );
}

/** Parts of Python's standard library that 3.9 and 3.13 both have, and that neither start programs nor threads. */
const standardLibrary = new Set(
  `__future__ abc argparse array base64 binascii bisect calendar codecs collections configparser contextlib copy csv dataclasses
  datetime decimal difflib email enum errno fcntl fnmatch functools getpass glob gzip hashlib heapq hmac html http inspect io
  ipaddress itertools json locale logging math msvcrt numbers operator os pathlib platform queue random re secrets select shutil
  signal socket ssl stat statistics string struct sys tempfile textwrap time traceback types typing unicodedata urllib uuid warnings
  weakref xml zipfile zlib`.split(/\s+/),
);
