import type { Policy } from "../domain/policy.ts";
import type { Config } from "./config.ts";
import { PolicySection } from "./policy-schema.ts";
import type { Problems } from "./problems.ts";
import { readPolicy, type UnversionedPolicy } from "./read-policy.ts";
import type { SettingsFile } from "./settings-file.ts";
import type { Path } from "./settings-text.ts";
import { warnOfRules } from "./warn-of-rules.ts";

/** Reads the policies of one file. */
export interface PolicyReader {
  /** @param path where the section stands in the file */
  read(section: PolicySection, path: Path, base: UnversionedPolicy): Policy;
}

export interface PolicyReaderOptions {
  readonly file: Pick<SettingsFile, "where">;
  readonly versionOf: (policy: UnversionedPolicy) => string;
  /** Names of the providers and lists that can be asked. */
  readonly configured: ReadonlySet<string>;
  readonly problems: Problems;
  readonly warn: (line: string) => void;
}

export function createPolicyReader(options: PolicyReaderOptions): PolicyReader {
  const { file, versionOf, configured, problems, warn } = options;
  return {
    read(section, path, base) {
      const whereIn = (within: Path): string => file.where([...path, ...within]);
      warnOfRules(section, { base, configured, warn: (within, what) => warn(`${whereIn(within)}: ${what}`) });
      const refuse = (within: Path, what: string): void => {
        problems.add(whereIn(within), what);
      };
      return readPolicy(section, { base, versionOf, refuse });
    },
  };
}

/** The live policy and its shadow; what the shadow does not name is as in the live one. */
export function readPolicies(
  file: SettingsFile,
  reader: PolicyReader,
  { defaults, warn }: { readonly defaults: UnversionedPolicy; readonly warn: (line: string) => void },
): Pick<Config, "policy" | "shadow"> {
  const policy = reader.read(file.section("policy", PolicySection) ?? {}, ["policy"], defaults);
  const section = file.section("shadow", PolicySection);
  if (section === undefined) {
    return { policy, shadow: null };
  }
  const shadow = reader.read(section, ["shadow"], policy);
  if (shadow.version === policy.version) {
    warn(`${file.where(["shadow"])}: is the same as policy, so it will never decide otherwise`);
  }
  return { policy, shadow };
}
