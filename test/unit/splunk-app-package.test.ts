import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { listFiles } from "../../.ci/splunk-app/list-files.ts";
import { pack } from "../../.ci/splunk-app/pack.ts";
import { readPackage } from "../splunk-app/appinspect/app-package.ts";

const isGitMissing =
  process.env["PORTCULLIS_REQUIRE_SYSTEM"] !== "1" && spawnSync("git", ["--version"]).error !== undefined;

const root = join(import.meta.dirname, "../..");

const sources: Readonly<Record<string, string>> = {
  "app.manifest": '{"info":{"id":{"version":"1.0.0"}}}\n',
  "bin/action.py": "print(1)\n",
  "bin/inner/one.py": "ONE = 1\n",
  "default/app.conf": "[id]\nversion = 1.0.0\n[launcher]\nversion = 1.0.0\n",
  "README.md": "# App\n",
};

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "portcullis-package-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function write(folder: string, path: string, text: string): void {
  mkdirSync(join(folder, dirname(path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

/** A checkout: the app's files in this order, with these permissions and times. */
function makeApp(paths = Object.keys(sources), mode = 0o644, time = new Date()): string {
  const folder = join(makeFolder(), "splunk-app");
  for (const path of paths) {
    write(folder, path, sources[path] ?? "");
    chmodSync(join(folder, path), mode);
    utimesSync(join(folder, path), time, time);
  }
  return folder;
}

/** A checkout of this project with another app in it; runs the command there. */
function makeProject(version = "1.0.0"): {
  app: string;
  run: (...args: string[]) => { code: number | null; text: string };
} {
  const folder = makeFolder();
  cpSync(join(root, ".ci"), join(folder, ".ci"), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  write(folder, "package.json", JSON.stringify({ type: "module", version }));
  for (const [path, text] of Object.entries(sources)) {
    write(join(folder, "splunk-app"), path, text);
  }
  const run = (...args: string[]) => {
    const command = [".ci/package-splunk-app.ts", ...args];
    const { status, stdout, stderr } = spawnSync(process.execPath, command, {
      cwd: folder,
      encoding: "utf8",
    });
    return { code: status, text: stdout + stderr };
  };
  return { app: join(folder, "splunk-app"), run };
}

describe("the package", () => {
  test("has equal bytes from two checkouts, whatever order, permissions and times of their files, and whenever", async () => {
    const paths = Object.keys(sources);
    const one = makeApp(paths, 0o600, new Date("2001-02-03T04:05:06Z"));
    const other = makeApp(paths.toReversed(), 0o777, new Date("2024-12-31T23:59:59Z"));

    const first = await pack("app", listFiles(one));
    vi.useFakeTimers({ now: new Date("2031-01-01T00:00:00Z"), toFake: ["Date"] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const second = await pack("app", listFiles(other).toReversed());

    expect(Buffer.compare(first, second)).toBe(0);
  });

  test("is one folder, sorted, folders 0755, files 0644", async () => {
    const { entries, isGzip } = await readPackage(
      "app.tgz",
      await pack("app", listFiles(makeApp(Object.keys(sources), 0o777))),
    );

    expect(isGzip).toBe(true);
    expect(entries.map(({ name, mode }) => `${mode.toString(8)} ${name}`)).toEqual([
      "755 app/",
      "644 app/README.md",
      "644 app/app.manifest",
      "755 app/bin/",
      "644 app/bin/action.py",
      "755 app/bin/inner/",
      "644 app/bin/inner/one.py",
      "755 app/default/",
      "644 app/default/app.conf",
    ]);
  });

  test("is a tar that tar itself unpacks to the same files", async () => {
    const folder = makeFolder();
    writeFileSync(join(folder, "app.tgz"), await pack("app", listFiles(makeApp())));

    execFileSync("tar", ["-xzf", "app.tgz"], { cwd: folder });

    const unpacked = Object.keys(sources).map((path) => [
      path,
      readFileSync(join(folder, "app", path), "utf8"),
    ]);
    expect(Object.fromEntries(unpacked)).toEqual(sources);
  });

  test("gives a file of the same length another time when its content differs: Python goes by time and length", async () => {
    const timeOf = async (text: string) => {
      const app = makeApp();
      write(app, "bin/inner/one.py", text);
      const folder = makeFolder();
      writeFileSync(join(folder, "app.tgz"), await pack("app", listFiles(app)));
      return execFileSync("tar", ["-tvzf", "app.tgz", "--full-time", "app/bin/inner/one.py"], {
        cwd: folder,
        encoding: "utf8",
      });
    };

    expect(await timeOf("ONE = 1\n")).toMatch(/^-rw-r--r-- root\/root +8 2020-\d\d-\d\d /);
    expect(await timeOf("ONE = 1\n")).toBe(await timeOf("ONE = 1\n"));
    expect(await timeOf("ONE = 1\n")).not.toBe(await timeOf("ONE = 2\n"));
  });

  test("leaves out what Python cached", () => {
    const app = makeApp();
    write(app, "bin/inner/__pycache__/one.cpython-39.pyc", "x");

    expect(listFiles(app).map(({ path }) => path)).toEqual(Object.keys(sources).sort());
  });

  test.each([
    [".DS_Store", "begins with a dot"],
    ["bin/.one.py.swp", "begins with a dot"],
    ["__MACOSX/a", "macOS"],
    ["bin/one.pyc", "compiled Python"],
    ["bin/one.py~", "left over"],
    ["default/app.conf.orig", "left over"],
    ["local/app.conf", "one installation"],
    ["metadata/local.meta", "one installation"],
    ["users/admin/local/app.conf", "one installation"],
    ["default/my app.conf", "other characters"],
  ])("is refused with %s in it", (path, reason) => {
    const app = makeApp();
    write(app, path, "");

    expect(() => listFiles(app)).toThrow(reason);
    expect(() => listFiles(app)).toThrow(`${path} must not be in the package: `);
  });

  test("is refused with a link in it", () => {
    const app = makeApp();
    symlinkSync("/etc/passwd", join(app, "bin/link.py"));

    expect(() => listFiles(app)).toThrow("bin/link.py must not be in the package: it is no ordinary file");
  });

  test.skipIf(isGitMissing)(
    "is refused with a file that git does not know, also one that git ignores",
    () => {
      const app = makeApp();
      const git = (...args: string[]) => execFileSync("git", args, { cwd: dirname(app) });
      git("init", "-q");
      write(dirname(app), ".gitignore", "*.log\n");
      git("add", ".");
      expect(listFiles(app)).toHaveLength(5);
      write(app, "bin/try.py", "");
      write(app, "bin/try.log", "");

      expect(() => listFiles(app)).toThrow(
        /bin\/try\.log is not known to git.*\n.*bin\/try\.py is not known to git/,
      );
    },
  );

  test.skipIf(isGitMissing || process.getuid?.() !== 0)(
    "is packed from a checkout that another user owns",
    () => {
      const app = makeApp();
      execFileSync("git", ["init", "-q"], { cwd: dirname(app) });
      execFileSync("git", ["add", "."], { cwd: dirname(app) });
      execFileSync("chown", ["-R", "65534:65534", dirname(app)]);

      expect(listFiles(app)).toHaveLength(5);
    },
  );
});

describe("npm run package:splunk-app", () => {
  test("tells path, number of files, size and SHA-256", () => {
    const { app, run } = makeProject();

    const { code, text } = run("--out", "made/here");

    const path = join(dirname(app), "made/here/portcullis-1.0.0.tgz");
    const bytes = readFileSync(path);
    expect(text).toBe(
      `${path}\n  5 files, ${bytes.length} bytes\n  SHA-256 ${createHash("sha256").update(bytes).digest("hex")}\n`,
    );
    expect(code).toBe(0);
  });

  test("refuses versions that differ, and tells all of them", () => {
    const { app, run } = makeProject("1.0.1");
    write(app, "app.manifest", "{}");

    expect(run()).toEqual({
      code: 1,
      text: [
        "The versions must be equal:",
        "  package.json version: 1.0.1",
        "  default/app.conf [id] version: 1.0.0",
        "  default/app.conf [launcher] version: 1.0.0",
        "  app.manifest info.id.version: missing",
        "Nothing was packed.",
        "",
      ].join("\n"),
    });
  });

  test("explains itself, and does not know other options", () => {
    const { run } = makeProject();

    expect(run("--help")).toMatchObject({ code: 0, text: expect.stringContaining("--out DIR") });
    expect(run("--output", "x")).toMatchObject({ code: 1, text: expect.stringContaining("--output") });
  });
});
