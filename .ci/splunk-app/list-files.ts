import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** One file of the app. */
export interface AppFile {
  /** Path below the app's folder, with `/`: `default/app.conf`. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Why the app can't be packed, one sentence per mistake. */
export class PackingError extends Error {
  override readonly name = "PackingError";
  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
  }
}

/** Made by Python beside its sources whenever a test runs; in no package, and nobody's mistake. */
const isMadeByPython = (path: string) => /(?:^|\/)__pycache__(?:\/|$)/.test(path);

const unwanted: readonly (readonly [RegExp, string])[] = [
  [/(?:^|\/)\./, "its name begins with a dot"],
  [/(?:^|\/)__MACOSX(?:\/|$)/, "it was made by macOS"],
  [/\.py[co]$/, "it is compiled Python"],
  [/(?:~|\.(?:swp|swo|orig|rej|bak|tmp))$|(?:^|\/)#[^/]*#$/, "it was left over by an editor or a merge"],
  [/^(?:local|users)\/|^metadata\/local\.meta$/, "it belongs to one installation of Splunk"],
  [/[^\w./+-]/, "its name has other characters than letters, digits and . _ + -"],
];

/**
 * Every file below `folder`, sorted by path (by code units, whatever the locale), without what Python caches.
 * @throws {PackingError} with every file that must not be in a package: names above, links, and what git does not know.
 */
export function listFiles(folder: string): readonly AppFile[] {
  const paths = walk(folder, "").filter((path) => !isMadeByPython(path));
  const problems = [...paths.flatMap((path) => problemsOf(folder, path)), ...strangers(folder)];
  if (problems.length > 0) {
    throw new PackingError(problems);
  }
  return paths.sort().map((path) => ({ path, bytes: readFileSync(join(folder, path)) }));
}

function walk(folder: string, below: string): string[] {
  return readdirSync(join(folder, below), { withFileTypes: true }).flatMap((entry) => {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    return entry.isDirectory() ? walk(folder, path) : [path];
  });
}

function problemsOf(folder: string, path: string): string[] {
  const isFile = lstatSync(join(folder, path)).isFile();
  const reasons = unwanted.flatMap(([pattern, reason]) => (pattern.test(path) ? [reason] : []));
  return [...(isFile ? [] : ["it is no ordinary file"]), ...reasons].map(
    (reason) => `${path} must not be in the package: ${reason}. Remove it.`,
  );
}

/** What somebody left in a checkout. In an unpacked archive of the source nobody can tell. */
function strangers(folder: string): string[] {
  if (!existsSync(join(folder, "../.git"))) {
    return [];
  }
  // Also in a checkout that another user owns: who packs it runs its scripts already.
  const asked = ["-c", "safe.directory=*", "ls-files", "--others", "-z"];
  const git = spawnSync("git", asked, { cwd: folder, encoding: "utf8" });
  if (git.status !== 0) {
    const why = git.error?.message ?? git.stderr.trim();
    return [
      `git could not say which files belong to the app (${why}). Install git, or pack from an archive.`,
    ];
  }
  return git.stdout
    .split("\0")
    .filter((path) => path !== "" && !isMadeByPython(path))
    .map((path) => `${path} is not known to git: add it (git add), or remove it.`);
}
