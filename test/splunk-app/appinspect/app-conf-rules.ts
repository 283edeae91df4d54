import type { App } from "./app-package.ts";
import { settingIn, valueIn } from "./conf.ts";
import { manifestOf } from "./manifest.ts";
import { eachSetting, problem, type Problem, type Rule, rule, unless } from "./rule.ts";
import { splunkConfs } from "./splunk-confs.ts";

const file = "default/app.conf";
const isTrue = (value: string | undefined) => /^(?:1|t|true|y|yes|enabled)$/i.test(value ?? "");

/** Facts 3.2: app.conf. */
export const appConfRules: readonly Rule[] = [
  rule("check_for_valid_package_id", "failure", packageId),
  rule("check_that_app_name_config_is_valid", "failure", ({ folder }) =>
    unless(!/^\d/.test(folder), `the folder ${folder} begins with a digit`).map((text) => problem("", text)),
  ),
  rule("check_that_setup_has_not_been_performed", "failure", (app) =>
    onSetting(app, "install", "is_configured", (value) =>
      unless(!isTrue(value), "must not be true in a package"),
    ),
  ),
  rule("check_no_install_source_checksum", "failure", (app) =>
    onSetting(app, "install", "install_source_checksum", () => ["is Splunk's to set"]),
  ),
  rule("check_no_install_source_local_checksum", "failure", (app) =>
    onSetting(app, "install", "install_source_local_checksum", () => ["is Splunk's to set"]),
  ),
  rule("check_for_valid_ui_label", "failure", (app) => {
    const label = valueIn(app.conf("app"), "ui", "label") ?? "";
    const isShown = isTrue(valueIn(app.conf("app"), "ui", "is_visible") ?? "true");
    const isWell = (label === "" && !isShown) || (label.length >= 5 && label.length <= 80);
    return unless(isWell, `[ui] label has ${label.length} characters, not 5 to 80`).map((text) =>
      problem(file, text),
    );
  }),
  rule("check_for_trigger_stanza", "failure", (app) =>
    eachSetting(app, "app", ({ key }, { name }) =>
      unless(
        name !== "triggers" || !splunkConfs.has(key.replace(/^reload\./, "")),
        "Splunk itself knows how to load its own files",
      ),
    ),
  ),
  rule("check_reload_trigger_for_all_custom_confs", "failure", (app) =>
    customConfs(app).flatMap((name) =>
      unless(
        settingIn(app.conf("app"), "triggers", `reload.${name}`) !== undefined,
        `[triggers] has no reload.${name} for default/${name}.conf`,
      ).map((text) => problem(file, text)),
    ),
  ),
  rule("check_custom_conf_replication", "warning", (app) =>
    customConfs(app).flatMap((name) =>
      unless(
        isTrue(valueIn(app.conf("server"), "shclustering", `conf_replication_include.${name}`)),
        `[shclustering] has no conf_replication_include.${name}: members of a cluster would differ`,
      ).map((text) => problem("default/server.conf", text)),
    ),
  ),
  rule("check_for_updates_disabled", "warning", (app) =>
    unless(
      /^(?:0|false)$/i.test(valueIn(app.conf("app"), "package", "check_for_updates") ?? ""),
      "[package] check_for_updates must be false: Splunkbase has no app of ours, so an answer would be of somebody else's",
    ).map((text) => problem(file, text)),
  ),
  rule("portcullis_build_is_made_of_the_version", "failure", buildOfVersion),
  rule("portcullis_app_conf_describes_the_app", "failure", describesTheApp),
];

function onSetting(
  app: App,
  stanza: string,
  key: string,
  check: (value: string) => readonly string[],
): Problem[] {
  const setting = settingIn(app.conf("app"), stanza, key);
  return setting === undefined
    ? []
    : check(setting.value).map((text) => problem(file, `[${stanza}] ${key} ${text}`, setting.line));
}

function packageId(app: App): Problem[] {
  const ids: readonly (readonly [string, string | undefined])[] = [
    ["[package] id", valueIn(app.conf("app"), "package", "id")],
    ["[id] name", valueIn(app.conf("app"), "id", "name")],
    ["app.manifest info.id.name", manifestOf(app)?.info.id.name],
  ];
  const different = ids.filter(([, id]) => id !== app.folder);
  return [
    ...different.map(([place, id]) =>
      problem(file, `${place} is ${id ?? "missing"}, the folder is ${app.folder}`),
    ),
    ...unless(
      /^(?!\d)[\w.-]+$/.test(app.folder) &&
        !/\.(?:tar|tgz|tar\.gz|spl)?$/.test(app.folder) &&
        !/^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i.test(app.folder),
      `${app.folder} can't be the name of an app`,
    ).map((text) => problem(file, text)),
  ];
}

function customConfs(app: App): string[] {
  return app.confs
    .map(({ path }) => path.slice("default/".length, -".conf".length))
    .filter((name) => !splunkConfs.has(name));
}

/** Browsers keep the app's scripts until the build changes: with a forgotten one, old pages would meet new handlers after an update. */
function buildOfVersion(app: App): Problem[] {
  const conf = app.conf("app");
  const [major = 0, minor = 0, patch = 0] = (valueIn(conf, "id", "version") ?? "")
    .split(".")
    .map(Number.parseFloat);
  const build = String(major * 1_000_000 + minor * 1000 + patch);
  return unless(
    valueIn(conf, "install", "build") === build,
    `[install] build must be ${build}: major * 1,000,000 + minor * 1,000 + patch of the version`,
  ).map((text) => problem(file, text));
}

function describesTheApp(app: App): Problem[] {
  const conf = app.conf("app");
  const description = valueIn(conf, "launcher", "description") ?? "";
  return [
    ...unless(
      description !== "" && description.length <= 200,
      "[launcher] description needs 1 to 200 characters",
    ),
    ...unless((valueIn(conf, "launcher", "author") ?? "") !== "", "[launcher] author is missing"),
    ...unless(
      !/^splunk (?:app )?for/i.test(valueIn(conf, "ui", "label") ?? ""),
      'the label must not begin "Splunk for"',
    ),
    ...unless(
      description === manifestOf(app)?.info.description,
      "[launcher] description and app.manifest differ",
    ),
  ].map((text) => problem(file, text));
}
