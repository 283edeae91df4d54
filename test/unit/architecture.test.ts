import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { settings } from "../../src/config/setting-names.ts";

const root = join(import.meta.dirname, "../..");
const src = join(root, "src");
const stages = ["ingest", "extract", "enrich", "decide", "enforce", "notify", "record", "operate"];

interface SourceFile {
  readonly name: string;
  readonly text: string;
  /** Paths below `src/` of what it imports from this project. */
  readonly imports: readonly string[];
}

const files: readonly SourceFile[] = readdirSync(src, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => {
    const text = readFileSync(join(src, name), "utf8");
    const imports = [...text.matchAll(/(?:from|import)\s*\(?"(\.[^"]+)"/g)].map((match) =>
      relative(src, resolve(dirname(join(src, name)), match[1] ?? "")),
    );
    return { name, text, imports };
  });

const inFolder = (folder: string) => files.filter(({ name }) => name.startsWith(`${folder}/`));

describe("layout", () => {
  test.each(stages)(
    "stage %s imports only itself, domain/, ports.ts and what several stages share",
    (stage) => {
      const allowed = (path: string) =>
        path.startsWith(`${stage}/`) ||
        path.startsWith("domain/") ||
        path === "ports.ts" ||
        path === "problem.ts" ||
        path === "group-commit.ts" ||
        path === "checked-agent.ts" ||
        path.startsWith("config/config.ts");

      const wrong = inFolder(stage).flatMap(({ name, imports }) =>
        imports.filter((path) => !allowed(path)).map((path) => `${name} → ${path}`),
      );

      expect(wrong).toEqual([]);
      expect(inFolder(stage).length).toBeGreaterThan(0);
    },
  );

  test("audit/ imports only itself and domain/", () => {
    const isAllowed = (path: string) => path.startsWith("audit/") || path.startsWith("domain/");
    const wrong = inFolder("audit").flatMap(({ name, imports }) =>
      imports.filter((path) => !isAllowed(path)).map((path) => `${name} → ${path}`),
    );

    expect(wrong).toEqual([]);
    expect(inFolder("audit").length).toBeGreaterThan(0);
  });

  test("domain/ imports only itself", () => {
    const wrong = inFolder("domain").flatMap(({ name, imports }) =>
      imports.filter((path) => !path.startsWith("domain/")).map((path) => `${name} → ${path}`),
    );

    expect(wrong).toEqual([]);
  });

  test("only app.ts, cli/ and create-*.ts name concrete adapters", () => {
    const adapters = [
      "enforce/iptables-ssh/create-iptables-ssh-firewall.ts",
      "enrich/virustotal/create-virustotal.ts",
      "enrich/abuseipdb/create-abuseipdb.ts",
      "enrich/abuseipdb/create-blacklist.ts",
      "enrich/cdn-lists/create-cdn-list.ts",
      "enrich/greynoise/create-greynoise.ts",
      "enrich/spamhaus-drop/create-spamhaus-drop.ts",
      "ingest/splunk-api/create-splunk-api.ts",
      "notify/email.ts",
      "notify/hec/create-hec-notifier.ts",
      "record/open-store.ts",
    ];
    const users = files
      .filter(({ imports }) => imports.some((path) => adapters.includes(path)))
      .map(({ name }) => name);

    expect(users.filter((name) => !name.startsWith("cli/"))).toEqual(["app.ts"]);
  });

  test("text from outside is cleaned by one function", () => {
    const makers = files.filter(({ text }) => /^export function cleanText\b/m.test(text));

    expect(makers.map(({ name }) => name)).toEqual(["domain/clean-text.ts"]);
  });

  test("only record/ holds SQL and database drivers", () => {
    const users = files.filter(
      ({ name, text }) => !name.startsWith("record/") && /from "(?:kysely|pg|node:sqlite)/.test(text),
    );

    expect(users.map(({ name }) => name)).toEqual([]);
  });

  test("only main.ts touches process, and nobody writes to the console", () => {
    const users = files.filter(({ text }) =>
      /(?<![\w.-])process\.(?!env\[")|\bconsole\./.test(
        text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*|`[^`]*`|"[^"\n]*"/g, ""),
      ),
    );

    expect(users.map(({ name }) => name)).toEqual(["main.ts"]);
  });

  test("the top level holds what the design names", () => {
    const allowed = new Set([
      "package.json",
      "package-lock.json",
      "tsconfig.json",
      "src",
      "test",
      "splunk-app",
      "Dockerfile",
      "README.md",
      "ARCHITECTURE.md",
      "CHANGELOG.md",
      "LICENSE",
      "compose.yaml",
      "node_modules",
      "data",
      "dist",
      "coverage",
    ]);
    const others = readdirSync(root).filter((name) => !name.startsWith(".") && !allowed.has(name));

    expect(others).toEqual([]);
  });
});

describe("documents", () => {
  const readme = readFileSync(join(root, "README.md"), "utf8");

  test("the README names every command", () => {
    const programs = inFolder("cli").map(({ text }) => text);
    const commands = [...programs.join("\n").matchAll(/(?:\.command|\badd)\("([a-z-]+)"/g)].map(
      (match) => match[1] ?? "",
    );

    expect(commands.length).toBeGreaterThan(8);
    // A command of a command stands behind its name, or behind a `\\|`.
    const isNamed = (command: string) => new RegExp(`(?:\`|\\| ?|\`[a-z]+ )${command}\\b`).test(readme);
    expect(commands.filter((command) => !isNamed(command))).toEqual([]);
  });

  test("the README names every setting that has an effect", () => {
    const names = Object.entries(settings).flatMap(([name, kind]) => ("unused" in kind ? [] : [name]));

    expect(names.length).toBeGreaterThan(30);
    expect(names.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
  });

  test("the README names every error code of HTTP", () => {
    const problem = readFileSync(join(src, "problem.ts"), "utf8");
    const codes = [...problem.matchAll(/^ {2}([A-Z_]+): \{ status/gm)].map((match) => match[1] ?? "");

    expect(codes.length).toBeGreaterThan(8);
    expect(codes.filter((code) => !readme.includes(code))).toEqual([]);
  });

  test("every npm script that the README names exists", () => {
    const file: { readonly scripts: object } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const scripts = Object.keys(file.scripts);
    const named = [
      ...readme.matchAll(/npm (?:run (?:-s )?)?(start|test|[a-z]+(?::[a-z]+)?)(?= --|`|\n| &&)/g),
    ].map((match) => match[1] ?? "");

    expect(named.filter((name) => !scripts.includes(name) && !["ci"].includes(name))).toEqual([]);
  });
});
