import { readFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import type * as z from "zod";
import { type SectionName, sectionNames } from "./file-schema.ts";
import type { Problems } from "./problems.ts";
import { reasonOf } from "./setting-reader.ts";
import { readSettingsText, type SettingsItem, type SettingsText } from "./settings-text.ts";

/** `portcullis.yaml`. */
export interface SettingsFile extends Pick<SettingsText, "where"> {
  /** Relative paths in the file start here. */
  readonly directory: string;
  /** Undefined when absent or wrong. */
  section<T>(name: SectionName, shape: z.ZodType<T>): T | undefined;
  /** The right ones of a list, each with its index and its place. */
  items<T>(name: SectionName, shape: z.ZodType<T>): readonly SettingsItem<T>[];
}

const mostBytes = 1024 * 1024;

/** What a file that is no mapping should have been. */
const expectedSections = `expected the sections ${sectionNames.join(", ")}`;

/** @param named the file that CONFIG_FILE names, which must exist; undefined: `portcullis.yaml`, which may be absent */
export function readSettingsFile(named: string | undefined, cwd: string, problems: Problems): SettingsFile {
  const path = resolve(cwd, named ?? "portcullis.yaml");
  const text = readIfThere(path, named !== undefined, problems) ?? "";
  const settings = readSettingsText(text, { name: basename(path), expected: expectedSections, problems });
  settings.expectKeys(sectionNames);
  return { directory: dirname(path), ...settings };
}

function readIfThere(path: string, mustExist: boolean, problems: Problems): string | undefined {
  try {
    const bytes = readFileSync(path);
    if (bytes.length <= mostBytes) {
      return bytes.toString("utf8");
    }
    problems.add(basename(path), "expected at most 1 MiB");
  } catch (error) {
    const reason = reasonOf(error);
    if (mustExist) {
      problems.add("CONFIG_FILE", `the file it names can't be read: ${reason}`);
    } else if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) {
      problems.add(basename(path), `can't be read: ${reason}`);
    }
  }
  return undefined;
}
