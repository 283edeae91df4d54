import type { App } from "./app-package.ts";
import { parseConf } from "./conf.ts";
import { eachSetting, eachStanza, problem, type Problem, type Rule, rule, unless } from "./rule.ts";

/** Facts 3.3: folders, and what every .conf file has to keep to. */
export const structureRules: readonly Rule[] = [
  noPath("check_that_local_does_not_exist", /^local\//, "settings belong into default/"),
  noPath("check_for_local_meta", /^metadata\/local\.meta$/, "permissions belong into default.meta"),
  noPath(
    "check_that_local_passwords_conf_does_not_exist",
    /^(?:local|users\/.*)\/passwords\.conf$/,
    "holds secrets",
  ),
  noPath("check_that_users_does_not_exist", /^users\//, "settings of users are theirs"),
  noPath("check_filenames_for_spaces", /^default\/.* .*\.(?:conf|xml)$/, "Splunk reads no names with blanks"),
  noPath("check_setup_xml", /^default\/setup\.xml$/, "use a setup view"),
  noPath(
    "check_lookups_allow_list",
    /^lookups\/(?!.*\.(?:csv|csv\.default|csv\.gz|csv\.tgz|kmz)$)/,
    "no kind of lookup",
  ),
  noPath(
    "check_static_directory_file_allow_list",
    /^static\/(?:.*\/|(?!.*\.(?:md|png|txt)$))/,
    "static/ takes png, txt, md",
  ),
  noPath("check_metadata_allow_list", /^metadata\/(?!default\.meta$)/, "metadata/ takes default.meta only"),
  noPath(
    "check_that_app_contains_any_windows_specific_components",
    /\.(?:bat|cmd|exe|dll|ps1|psm1|vbs)$/,
    "works on Windows only",
    "warning",
  ),
  rule("portcullis_default_meta_exists", "failure", (app) =>
    app.has("metadata/default.meta") ? [] : [problem("metadata/default.meta", "is missing")],
  ),
  rule("check_config_file_parsing", "failure", (app) =>
    app.confs.flatMap(({ path, mistakes }) => mistakes.map(({ line, text }) => problem(path, text, line))),
  ),
  rule("check_no_default_stanzas", "failure", (app) =>
    app.confs.flatMap(({ path, stanzas }) =>
      stanzas
        .filter(
          ({ name, settings }) =>
            ["default", "general", "global", "stash"].includes(name) && settings.length > 0,
        )
        .map(({ name, line }) => problem(path, `[${name}] is for all apps`, line)),
    ),
  ),
  rule("check_meta_default_write_access", "failure", writeAccess),
  rule("check_kos_are_accessible", "warning", (app) =>
    metaSettings(app).flatMap(({ value, line }) =>
      unless(!/\badmin\b/.test(value) || /\bsc_admin\b/.test(value), "names admin without sc_admin").map(
        (text) => problem("metadata/default.meta", text, line),
      ),
    ),
  ),
  rule("portcullis_default_meta_is_well_formed", "failure", metaMistakes),
  rule("portcullis_alert_action_is_seen_in_every_app", "failure", (app) =>
    ["alert_actions", "alerts", "restmap"].flatMap((name) => {
      const stanza = metaOf(app).stanzas.find((stanza) => stanza.name === name);
      const isExported =
        stanza?.settings.some(({ key, value }) => key === "export" && value === "system") === true;
      return isExported
        ? []
        : [problem("metadata/default.meta", `[${name}] is not exported to all apps`, stanza?.line)];
    }),
  ),
  rule("check_collections_conf", "warning", (app) =>
    app.conf("collections") === undefined ? [] : [problem("default/collections.conf", "is not needed")],
  ),
  rule("check_collections_conf_for_specified_name_field_type", "failure", (app) =>
    eachSetting(app, "collections", ({ key, value }) =>
      unless(
        !key.startsWith("field.") || /^(?:number|bool|string|time)$/.test(value),
        `${value} is no type of a field`,
      ),
    ),
  ),
  rule("check_for_outdated_ssl_tls", "failure", (app) =>
    app.confs.flatMap(({ path, stanzas }) =>
      stanzas.flatMap(({ settings }) =>
        settings
          .filter(({ key }) => /sslVersions/i.test(key))
          .map(({ key, line }) => problem(path, `${key} is the administrator's to choose`, line)),
      ),
    ),
  ),
  rule("portcullis_no_webhook_stanza", "failure", (app) =>
    [...app.confs.map(({ path }) => path), ...app.paths.filter((path) => path.endsWith(".spec"))].flatMap(
      (path) =>
        parseConf(path, app.text(path))
          .stanzas.filter(({ name }) => name === "webhook")
          .map(({ line }) => problem(path, "[webhook] makes Splunk look for webhook.py in this app", line)),
    ),
  ),
  rule("check_that_no_configurations_of_default_source_type_in_props_conf", "warning", (app) =>
    eachStanza(app, "props", ({ name }) =>
      unless(
        !builtInSourceTypes.has(name) && (!/^(?:source|host)::/.test(name) || name.includes(app.folder)),
        "changes what is others'",
      ),
    ),
  ),
  rule("check_transforms_conf_for_external_cmd", "failure", (app) =>
    eachSetting(app, "transforms", ({ key, value }, { settings }) => {
      const script = value.split(/\s/)[0] ?? "";
      return unless(
        key !== "external_cmd" ||
          (app.has(`bin/${script}`) &&
            settings.some(
              ({ key, value }) => key === "python.version" && /^python3(?:\.[79])?$/.test(value),
            )),
        `${script} must be in bin/ and its python.version python3`,
      );
    }),
  ),
];

/** Source types that Splunk ships and that an app like this one is most likely to touch. Source: system/default/props.conf (names only). */
const builtInSourceTypes = new Set(
  `access_combined access_combined_wcookie access_common apache_error cisco:asa cisco_syslog csv iis _json json_no_timestamp
  linux_audit linux_messages_syslog linux_secure log4j psv syslog splunkd splunkd_access stash WinEventLog XmlWinEventLog
  WinEventLog:Security`.split(/\s+/),
);

function noPath(name: string, pattern: RegExp, why: string, severity: Rule["severity"] = "failure"): Rule {
  return rule(name, severity, (app) =>
    app.paths.filter((path) => pattern.test(path)).map((path) => problem(path, `must not be there: ${why}`)),
  );
}

function metaOf(app: App) {
  return parseConf(
    "metadata/default.meta",
    app.has("metadata/default.meta") ? app.text("metadata/default.meta") : "",
  );
}

function metaSettings(app: App) {
  return metaOf(app).stanzas.flatMap(({ settings }) => settings.filter(({ key }) => key === "access"));
}

function writeAccess(app: App): Problem[] {
  const stanza = metaOf(app).stanzas.find(({ name }) => name === "" || name === "default");
  const access = stanza?.settings.find(({ key }) => key === "access")?.value ?? "";
  const writers = /write\s*:\s*\[([^\]]*)\]/.exec(access)?.[1];
  const isWell =
    /read\s*:\s*\[[^\]]*\]/.test(access) &&
    writers !== undefined &&
    !/\*/.test(writers) &&
    writers.trim() !== "";
  return isWell
    ? []
    : [problem("metadata/default.meta", "[] must say who reads and who writes, and not everybody writes")];
}

function metaMistakes(app: App): Problem[] {
  const conf = metaOf(app);
  const known = conf.stanzas.flatMap(({ name, settings }) =>
    settings.flatMap(({ key, value, line }) =>
      unless(
        (key === "export" && /^(?:system|none)$/.test(value)) ||
          (key === "access" && /^read : \[ [^\]]+ \], write : \[ [^\]]+ \]$/.test(value)),
        `[${name}] ${key} = ${value}`,
      ).map((text) => problem(conf.path, text, line)),
    ),
  );
  return [...conf.mistakes.map(({ line, text }) => problem(conf.path, text, line)), ...known];
}
