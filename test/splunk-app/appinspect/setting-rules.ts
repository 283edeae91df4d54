import type { App } from "./app-package.ts";
import { splunkSettings } from "./splunk-settings.ts";
import { eachMatch, eachSetting, problem, type Problem, type Rule, rule, unless } from "./rule.ts";
import { parseSpec, type SpecSetting } from "./spec.ts";

const action = "portcullis_block";

/** Every setting is known to Splunk or declared by the app, and the app's own agree everywhere. */
export const settingRules: readonly Rule[] = [
  rule("portcullis_settings_are_known", "failure", (app) =>
    app.confs.flatMap(({ path }) => {
      const name = path.slice("default/".length, -".conf".length);
      const own = specOf(app, name);
      return eachSetting(app, name, ({ key }, { name: stanza }) =>
        unless(
          own.some(
            (declared) => declared.key === key && (declared.stanza === "" || declared.stanza === stanza),
          ) || splunkSettings(name, stanza).some((pattern) => pattern.test(key)),
          "is in no .spec file: Splunk would call it invalid",
        ),
      );
    }),
  ),
  rule("portcullis_spec_explains_each_setting", "failure", (app) =>
    specs(app).flatMap(({ path, settings }) =>
      settings.flatMap(({ key, type, isExplained, line }) =>
        unless(
          isExplained && /^[<[].+[>\]]$/.test(type),
          `${key} needs a type (<…> or [a|b]) and a line of explanation below`,
        ).map((text) => problem(path, text, line)),
      ),
    ),
  ),
  rule("portcullis_spec_declares_what_is_used", "failure", unusedDeclarations),
  rule("portcullis_form_sets_declared_parameters", "failure", (app) =>
    formInputs(app).flatMap(({ file, text: key, line }) =>
      unless(
        specOf(app, "savedsearches").some((declared) => declared.key === key),
        `${key} is in no .spec file`,
      ).map((text) => problem(file, text, line)),
    ),
  ),
  rule("portcullis_form_offers_each_parameter", "failure", (app) => {
    const offered = new Set(formInputs(app).map(({ text }) => text));
    return specOf(app, "savedsearches")
      .filter(({ key }) => key.startsWith(`action.${action}.param.`) && !offered.has(key))
      .map(({ key, line }) =>
        problem("README/savedsearches.conf.spec", `the form does not offer ${key}`, line),
      );
  }),
  rule("portcullis_checks_are_of_declared_parameters", "failure", (app) =>
    eachSetting(app, "restmap", ({ key, value }, { name }) => {
      const used = [key, ...[...value.matchAll(/'(action\.[^']*)'/g)].map(([, name = ""]) => name)];
      const known = [...specOf(app, "savedsearches"), ...specOf(app, "alert_actions")].flatMap(({ key }) => [
        key,
        `action.${action}.${key}`,
      ]);
      return name === "validation:savedsearch"
        ? used.filter((name) => !known.includes(name)).map((name) => `${name} is no parameter of the action`)
        : [];
    }),
  ),
  rule("portcullis_sets_no_secret", "failure", (app) =>
    app.texts
      .flatMap(({ path, text }) =>
        eachMatch(
          path,
          text,
          /\bwhsec_[A-Za-z0-9+/]{16,}|-----BEGIN [A-Z ]*PRIVATE KEY|^\s*(?:password|token|secret|api_key)\s*=\s*(?!["'<\s])\S+\s*$/gm,
          () => "looks like a secret",
        ),
      )
      .filter(({ file }) => !file.endsWith(".py")),
  ),
];

function specs(app: App) {
  return app.paths
    .filter((path) => /^README\/.*\.conf\.spec$/.test(path))
    .map((path) => ({ path, settings: parseSpec(app.text(path)) }));
}

function specOf(app: App, conf: string): readonly SpecSetting[] {
  return specs(app).find(({ path }) => path === `README/${conf}.conf.spec`)?.settings ?? [];
}

/** Parameters that the spec of alert_actions.conf declares and the file does not set, so that nobody knows their default. */
function unusedDeclarations(app: App): Problem[] {
  const stanzas = app.conf("alert_actions")?.stanzas ?? [];
  return specOf(app, "alert_actions")
    .filter(
      ({ stanza, key }) =>
        !stanzas.some(({ name, settings }) => name === stanza && settings.some((set) => set.key === key)),
    )
    .map(({ stanza, key, line }) =>
      problem(
        "README/alert_actions.conf.spec",
        `[${stanza}] ${key} is not in default/alert_actions.conf`,
        line,
      ),
    );
}

function formInputs(app: App): Problem[] {
  const path = `default/data/ui/alerts/${action}.html`;
  return app.has(path)
    ? eachMatch(path, app.text(path), /(?<=\sname=")action\.[^"]+(?=")/g, (name) => name)
    : [];
}
