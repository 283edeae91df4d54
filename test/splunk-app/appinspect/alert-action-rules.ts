import type { App } from "./app-package.ts";
import type { Stanza } from "./conf.ts";
import { pngSize } from "./png.ts";
import { eachSetting, eachStanza, problem, type Problem, type Rule, rule, unless } from "./rule.ts";

/** `webhook` is not among them: AppInspect knows it not as built in. */
const builtIn = new Set([
  "email",
  "rss",
  "lookup",
  "summary_index",
  "summary_metric_index",
  "populate_lookup",
]);

/** Facts 3.4: the alert action. */
export const alertActionRules: readonly Rule[] = [
  rule("check_alert_actions_exe_exist", "failure", (app) =>
    eachAction(app, ({ name, settings }) => {
      const script = value(settings, "alert.execute.cmd") ?? `${name}.py`;
      const version = value(settings, "python.version") ?? "";
      return [
        ...unless(app.has(`bin/${script}`), `bin/${script} is missing`),
        ...unless(
          !script.endsWith(".py") || /^python3(?:\.[79])?$/.test(version),
          "needs python.version = python3",
        ),
      ];
    }),
  ),
  rule("check_for_payload_format", "failure", (app) =>
    eachSetting(app, "alert_actions", ({ key, value }) =>
      unless(key !== "payload_format" || /^(?:xml|json)$/.test(value), `${value} is neither xml nor json`),
    ),
  ),
  rule("check_for_explicit_exe_args", "failure", (app) =>
    eachSetting(app, "alert_actions", ({ key, value }) =>
      unless(!key.startsWith("alert.execute.cmd.arg"), `${value} is not allowed outside private apps`),
    ),
  ),
  rule("check_alert_actions_conf_for_alert_execute_cmd_properties", "failure", (app) =>
    eachSetting(app, "alert_actions", ({ key, value }) =>
      unless(key !== "alert.execute.cmd" || !value.endsWith(".path"), "may not lead out of the app"),
    ),
  ),
  rule("check_js_custom_alert_actions", "failure", (app) =>
    eachAction(app, ({ name, settings }) =>
      unless(
        !(value(settings, "alert.execute.cmd") ?? "").endsWith(".js") && !app.has(`bin/${name}.js`),
        "is JavaScript, which Splunk gave up",
      ),
    ),
  ),
  rule("check_alert_actions_conf_python_required", "failure", (app) =>
    eachAction(app, ({ settings }) => {
      const versions = (value(settings, "python.required") ?? "").split(",").map((version) => version.trim());
      return unless(
        versions.every((version) => version === "3.9" || version === "3.13"),
        "python.required must be 3.9, 3.13, or both",
      );
    }),
  ),
  rule("check_alert_icon_exists_for_custom_alerts", "failure", (app) =>
    eachAction(app, ({ settings }) => {
      const icon = value(settings, "icon_path") ?? "";
      const size = pngSize(app.bytes(`appserver/static/${icon}`) ?? new Uint8Array());
      return unless(
        size !== undefined && size.width === 48 && size.height === 48,
        `icon_path: appserver/static/${icon} must be a PNG of 48×48`,
      );
    }),
  ),
  rule("check_workflow_html_exists_for_custom_alert", "failure", (app) =>
    eachAction(app, ({ name }) =>
      unless(
        app.has(`default/data/ui/alerts/${name}.html`),
        `default/data/ui/alerts/${name}.html is missing`,
      ),
    ),
  ),
  rule("portcullis_alert_action_shows_itself", "failure", (app) =>
    eachAction(app, ({ name, settings }) => [
      ...unless(/^[\w-]+$/.test(name), "is no name for an alert action"),
      ...unless(value(settings, "is_custom") === "1", "is_custom must be 1"),
      ...["label", "description"].flatMap((key) =>
        unless((value(settings, key) ?? "") !== "", `${key} is missing`),
      ),
    ]),
  ),
  rule("portcullis_adaptive_response_is_described", "failure", adaptiveResponse),
];

const value = (settings: Stanza["settings"], key: string) =>
  settings.find((setting) => setting.key === key)?.value;

function eachAction(app: App, check: (stanza: Stanza) => readonly string[]): Problem[] {
  return eachStanza(app, "alert_actions", (stanza) => (builtIn.has(stanza.name) ? [] : check(stanza)));
}

/** Facts 2.7: `param._cam`. */
function adaptiveResponse(app: App): Problem[] {
  return eachAction(app, ({ settings }) => {
    let cam: unknown;
    try {
      cam = JSON.parse(value(settings, "param._cam") ?? "");
    } catch (error) {
      return [`param._cam: ${String(error)}`];
    }
    const entries = new Map(Object.entries(typeof cam === "object" && cam !== null ? cam : {}));
    const missing = ["category", "task", "subject", "technology"].filter(
      (key) => !Array.isArray(entries.get(key)),
    );
    return missing.map((key) => `param._cam: ${key} must be a list`);
  });
}

/**
 * A `drilldown_uri` of an adaptive response that leads nowhere. It is `app/view`: a view by its name alone is sought in the app of
 * Enterprise Security, from where the link is opened.
 */
export function missingDrilldowns(app: App): Problem[] {
  return (app.conf("alert_actions")?.stanzas ?? []).flatMap(({ settings }) =>
    settings.flatMap(({ key, value, line }) => {
      const uri = key === "param._cam" ? /"drilldown_uri"\s*:\s*"([^"]*)"/.exec(value)?.[1] : undefined;
      const [folder, view = ""] = (uri ?? "").replace(/\?.*$/, "").split("/");
      return uri === undefined || (folder === app.folder && app.has(`default/data/ui/views/${view}.xml`))
        ? []
        : [problem("default/alert_actions.conf", `drilldown_uri: ${uri} is no view of this app`, line)];
    }),
  );
}
