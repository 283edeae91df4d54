import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type * as z from "zod";
import type { Problems } from "./problems.ts";
import { isSecret, type SecretName, type SettingName } from "./setting-names.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads settings one by one; what is wrong becomes a problem, and the reading goes on. An empty variable is not set. */
export interface SettingReader {
  isSet(name: SettingName): boolean;
  /** Undefined when not set or wrong. */
  read<T>(name: SettingName, shape: z.ZodType<T, string>): T | undefined;
  /** As `read`, from NAME or the file that NAME_FILE names; one line end at the file's end is not part of it. */
  secret<T>(name: SecretName, shape: z.ZodType<T, string>): T | undefined;
  /** The text of the file that the setting names. Undefined when not set or unreadable. */
  file(name: SettingName): string | undefined;
}

export function createSettingReader(env: Environment, cwd: string, problems: Problems): SettingReader {
  const raw = (name: string): string | undefined => {
    const text = env[name];
    return text === undefined || text.trim() === "" ? undefined : text;
  };
  const check = <T>(name: string, text: string, shape: z.ZodType<T, string>): T | undefined => {
    const checked = shape.safeParse(text);
    if (checked.success) {
      return checked.data;
    }
    const hint = text.startsWith("tcp://")
      ? "; Kubernetes sets this variable for a service of that name: use `enableServiceLinks: false`"
      : "";
    for (const issue of checked.error.issues) {
      problems.add(name, issue.message + hint);
    }
    return undefined;
  };
  const file = (name: string): string | undefined => {
    const path = raw(name);
    return path === undefined ? undefined : readText(name, resolve(cwd, path.trim()), problems);
  };

  return {
    isSet: (name) => raw(name) !== undefined || (isSecret(name) && raw(`${name}_FILE`) !== undefined),
    read(name, shape) {
      const text = raw(name);
      return text === undefined ? undefined : check(name, text.trim(), shape);
    },
    secret(name, shape) {
      const fileName = `${name}_FILE`;
      const text = raw(name);
      if (raw(fileName) === undefined) {
        return text === undefined ? undefined : check(name, text, shape);
      }
      if (text !== undefined) {
        problems.add(name, `set only one of ${name} and ${fileName}`);
      }
      const inFile = file(fileName);
      return inFile === undefined ? undefined : check(fileName, withoutLineEnd(inFile), shape);
    },
    file,
  };
}

/** The text of a file; undefined, with a problem that says why, when it can't be read. The path is never shown. */
export function readText(where: string, path: string, problems: Problems): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    problems.add(where, `the file it names can't be read: ${reasonOf(error)}`);
    return undefined;
  }
}

/** Why the operating system refused, in words; without the path, which might be a secret in the wrong variable. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
  return reasons.get(code) ?? code;
}

export function withoutLineEnd(text: string): string {
  return text.replace(/\r?\n$/, "");
}

const reasons: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "no such file or directory"],
  ["EACCES", "permission denied"],
  ["EPERM", "not permitted"],
  ["EISDIR", "it is a directory"],
  ["ENOTDIR", "a part of the path is not a directory"],
  ["EROFS", "the file system is read-only"],
  ["ENOSPC", "no space left"],
  ["ENAMETOOLONG", "the path is too long"],
]);
