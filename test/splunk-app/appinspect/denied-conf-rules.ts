import { eachSetting, eachStanza, problem, type Rule, rule, unless } from "./rule.ts";

/** Files that Splunk Cloud leaves to its own people, with AppInspect's name for each. */
const denied: readonly (readonly [conf: string, rule: string])[] = [
  ["audit", "check_audit_conf_deny_list"],
  ["authentication", "check_stanza_of_authentication_conf"],
  ["bookmarks", "check_bookmarks_conf_deny_list"],
  ["crawl", "check_introspection_of_cloud_filesystem"],
  ["datatypesbnf", "check_datatypesbnf_conf_deny_list"],
  ["default-mode", "check_default_mode_conf_deny_list"],
  ["deployment", "check_deployment_conf_deny_list"],
  ["deploymentclient", "check_deploymentclient_conf_deny_list"],
  ["health", "check_health_conf_deny_list"],
  ["instance.cfg", "check_instance_cfg_conf_deny_list"],
  ["limits", "portcullis_no_limits_conf"],
  ["literals", "check_literals_conf_deny_list"],
  ["messages", "check_messages_conf_deny_list"],
  ["passwords", "check_passwords_conf_deny_list"],
  ["pubsub", "check_pubsub_conf_deny_list"],
  ["serverclass", "check_serverclass_conf_deny_list"],
  ["serverclass.seed.xml", "check_serverclass_seed_xml_conf_deny_list"],
  ["source-classifier", "check_source_classifier_conf_deny_list"],
  ["sourcetypes", "check_sourcetypes_conf_deny_list"],
  ["splunk-launch", "check_splunk_launch_conf_deny_list"],
  ["telemetry", "check_telemetry_conf_deny_list"],
  ["user-seed", "check_user_seed_conf_deny_list"],
  ["wmi", "check_wmi_conf_deny_list"],
  ["workload_pools", "check_workload_pools_conf_deny_list"],
  ["workload_rules", "check_workload_rules_conf_deny_list"],
];

/** Inputs that Splunk Cloud takes from no app. */
const deniedInputs: readonly (readonly [stanza: RegExp, rule: string])[] = [
  [/^fifo:\/\//, "check_for_inputs_fifo_usage"],
  [/^tcp:\/\//, "check_inputs_conf_for_tcp"],
  [/^splunktcp:\/\//, "check_inputs_conf_for_splunk_tcp"],
  [/^fschange:/, "check_inputs_conf_for_fschange"],
  [/^http$/, "check_inputs_conf_for_http_global_usage"],
  [/^http:\/\//, "check_inputs_conf_for_http_inputs"],
  [/^splunktcptoken/, "check_inputs_conf_for_splunktcptoken"],
  [/^udp/, "check_inputs_conf_for_udp"],
  [/^SSL$/, "check_inputs_conf_for_ssl"],
  [/^remote_queue:/, "check_inputs_conf_for_remote_queue_monitor"],
];

const python3 = /^python3(?:\.[79])?$/;

/** Facts 3.3: files, inputs, roles and routes that an app may not bring, and scripts that it names. */
export const deniedConfRules: readonly Rule[] = [
  ...denied.map(([conf, name]) =>
    rule(name, conf === "bookmarks" || conf === "passwords" ? "warning" : "failure", (app) =>
      app.has(`default/${conf}.conf`) ? [problem(`default/${conf}.conf`, "is no app's business")] : [],
    ),
  ),
  ...deniedInputs.map(([stanza, name]) =>
    rule(name, "failure", (app) =>
      eachStanza(app, "inputs", (found) => unless(!stanza.test(found.name), "is an input no app may bring")),
    ),
  ),
  rule("check_inputs_conf_batch_has_required_attributes", "failure", (app) =>
    eachStanza(app, "inputs", ({ name, settings }) =>
      unless(
        !name.startsWith("batch") ||
          settings.some(({ key, value }) => key === "move_policy" && value === "sinkhole"),
        "needs move_policy = sinkhole",
      ),
    ),
  ),
  rule("check_scripted_inputs_cmd_path_pattern", "failure", (app) =>
    eachStanza(app, "inputs", ({ name }) => {
      const script = /^script:\/\/(.*)$/.exec(name)?.[1];
      const path = script?.replace(`$SPLUNK_HOME/etc/apps/${app.folder}/`, "") ?? "";
      return unless(
        script === undefined || (path !== script && /^bin\/[^/]+$/.test(path) && app.has(path)),
        `must be $SPLUNK_HOME/etc/apps/${app.folder}/bin/ and a file that is there`,
      );
    }),
  ),
  rule("check_scripted_inputs_python_version", "failure", (app) =>
    eachStanza(app, "inputs", ({ name, settings }) =>
      unless(
        !/^script:\/\/.*\.py$/.test(name) ||
          settings.some(({ key, value }) => key === "python.version" && python3.test(value)),
        "needs python.version = python3",
      ),
    ),
  ),
  rule("check_authorize_conf_admin_all_objects_privileges", "failure", (app) =>
    eachSetting(app, "authorize", ({ key, value }) => [
      ...unless(
        !/^(?:admin_all_objects|change_authentication)$/.test(key) || value !== "enabled",
        "gives too much away",
      ),
      ...unless(
        key !== "importRoles" || !/(?:^|;)(?:admin|sc_admin|splunk-system-role)(?:;|$)/.test(value),
        "gives all away",
      ),
    ]),
  ),
  rule("check_authorize_conf_for_tokens_auth", "failure", (app) =>
    eachStanza(app, "authorize", ({ name }) => unless(name !== "tokens_auth", "is the administrator's")),
  ),
  rule("check_import_roles_and_grantable_roles_for_builtin_roles", "failure", (app) =>
    eachSetting(app, "authorize", ({ key }, { name }) =>
      unless(
        !/^role_(?:admin|sc_admin|splunk-system-role)$/.test(name) ||
          !/^(?:importRoles|grantableRoles)$/.test(key),
        "changes a role of Splunk's",
      ),
    ),
  ),
  rule("check_web_conf", "failure", (app) => [
    ...eachStanza(app, "web", ({ name }) =>
      unless(/^(?:expose|endpoint):/.test(name), "web.conf takes [expose:…] only"),
    ),
    ...eachSetting(app, "web", ({ key }, { name }) =>
      unless(
        !name.startsWith("expose:") || /^(?:pattern|methods)$/.test(key),
        "is neither pattern nor methods",
      ),
    ),
  ]),
  rule("check_cherrypy_controllers", "warning", (app) =>
    eachStanza(app, "web", ({ name }) =>
      unless(!name.startsWith("endpoint:"), "is of a kind that Splunk gives up"),
    ),
  ),
  rule("check_rest_handler_scripts_exist_for_cloud", "failure", (app) =>
    eachSetting(app, "restmap", ({ key, value }, { name }) =>
      unless(
        !/^(?:script|admin_external):/.test(name) ||
          !/^(?:script|handlerfile)$/.test(key) ||
          app.has(`bin/${value}`),
        `bin/${value} is missing`,
      ),
    ),
  ),
  rule("portcullis_python_required_stands_beside_python_version", "failure", (app) =>
    ["alert_actions", "inputs", "restmap", "transforms"].flatMap((name) =>
      eachStanza(app, name, ({ settings }) =>
        unless(
          !settings.some(({ key }) => key === "python.version") ||
            settings.some(({ key, value }) => key === "python.required" && /^3\.9, ?3\.13$/.test(value)),
          "needs python.required = 3.9, 3.13: Splunk 10.2 and newer read that instead of python.version",
        ),
      ),
    ),
  ),
  rule("check_rest_handler_python_executable_exists", "failure", (app) =>
    eachStanza(app, "restmap", ({ name, settings }) =>
      unless(
        !/^(?:script|admin_external):/.test(name) ||
          settings.some(({ key, value }) => key === "python.version" && python3.test(value)),
        "needs python.version = python3",
      ),
    ),
  ),
];
