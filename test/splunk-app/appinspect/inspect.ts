import { alertActionRules } from "./alert-action-rules.ts";
import { appConfRules } from "./app-conf-rules.ts";
import { type AppPackage, openApp } from "./app-package.ts";
import { dashboardRules } from "./dashboard-rules.ts";
import { deniedConfRules } from "./denied-conf-rules.ts";
import { iconRules } from "./icon-rules.ts";
import { manifestRules } from "./manifest.ts";
import { packageRules } from "./package-rules.ts";
import { pythonRules } from "./python-rules.ts";
import { referenceRules } from "./reference-rules.ts";
import type { Rule } from "./rule.ts";
import { savedSearchRules } from "./saved-search-rules.ts";
import { settingRules } from "./setting-rules.ts";
import { structureRules } from "./structure-rules.ts";
import { uiRules } from "./ui-rules.ts";

/** Everything that is asked of the package, in the order of the facts. */
export const rules: readonly Rule[] = [
  ...packageRules,
  ...appConfRules,
  ...structureRules,
  ...deniedConfRules,
  ...iconRules,
  ...alertActionRules,
  ...savedSearchRules,
  ...uiRules,
  ...dashboardRules,
  ...pythonRules,
  ...manifestRules,
  ...referenceRules,
  ...settingRules,
];

/** What is wrong with a package, one line each: rule, place, and what. */
export function inspect(appPackage: AppPackage): readonly string[] {
  const app = openApp(appPackage);
  return rules.flatMap(({ name, severity, check }) =>
    check(app).map(
      ({ file, line, text }) =>
        `${severity} ${name}: ${file}${line > 0 ? `:${line}` : ""}${file === "" ? "" : " "}${text}`,
    ),
  );
}
