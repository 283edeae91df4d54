import type { Breaks } from "./breaks-package.ts";

const inputs = "default/inputs.conf";
const authorize = "default/authorize.conf";
const restmap = "default/restmap.conf";
const actions = "default/alert_actions.conf";
const searches = "default/savedsearches.conf";
const spec = "README/savedsearches.conf.spec";

/** Files that no app may bring: an empty one is enough. */
const denied: Readonly<Record<string, string>> = {
  check_audit_conf_deny_list: "audit",
  check_stanza_of_authentication_conf: "authentication",
  check_bookmarks_conf_deny_list: "bookmarks",
  check_introspection_of_cloud_filesystem: "crawl",
  check_datatypesbnf_conf_deny_list: "datatypesbnf",
  check_default_mode_conf_deny_list: "default-mode",
  check_deployment_conf_deny_list: "deployment",
  check_deploymentclient_conf_deny_list: "deploymentclient",
  check_health_conf_deny_list: "health",
  check_instance_cfg_conf_deny_list: "instance.cfg",
  portcullis_no_limits_conf: "limits",
  check_literals_conf_deny_list: "literals",
  check_messages_conf_deny_list: "messages",
  check_passwords_conf_deny_list: "passwords",
  check_pubsub_conf_deny_list: "pubsub",
  check_serverclass_conf_deny_list: "serverclass",
  check_serverclass_seed_xml_conf_deny_list: "serverclass.seed.xml",
  check_source_classifier_conf_deny_list: "source-classifier",
  check_sourcetypes_conf_deny_list: "sourcetypes",
  check_splunk_launch_conf_deny_list: "splunk-launch",
  check_telemetry_conf_deny_list: "telemetry",
  check_user_seed_conf_deny_list: "user-seed",
  check_wmi_conf_deny_list: "wmi",
  check_workload_pools_conf_deny_list: "workload_pools",
  check_workload_rules_conf_deny_list: "workload_rules",
};

/** Inputs that no app may bring. */
const deniedInputs: Readonly<Record<string, string>> = {
  check_for_inputs_fifo_usage: "fifo://a",
  check_inputs_conf_for_tcp: "tcp://514",
  check_inputs_conf_for_splunk_tcp: "splunktcp://9997",
  check_inputs_conf_for_fschange: "fschange:/etc",
  check_inputs_conf_for_http_global_usage: "http",
  check_inputs_conf_for_http_inputs: "http://token",
  check_inputs_conf_for_splunktcptoken: "splunktcptoken://a",
  check_inputs_conf_for_udp: "udp://514",
  check_inputs_conf_for_ssl: "SSL",
  check_inputs_conf_for_remote_queue_monitor: "remote_queue:a",
};

const deniedBreaks: Breaks = Object.fromEntries([
  ...Object.entries(denied).map(([rule, conf]): [string, Breaks[string]] => [
    rule,
    (draft) => draft.write(`default/${conf}.conf`, ""),
  ]),
  ...Object.entries(deniedInputs).map(([rule, stanza]): [string, Breaks[string]] => [
    rule,
    (draft) => draft.append(inputs, `[${stanza}]\n`),
  ]),
]);

export const confBreaks: Breaks = {
  ...deniedBreaks,
  check_inputs_conf_batch_has_required_attributes: (draft) => draft.append(inputs, "[batch:///tmp/a]\n"),
  check_scripted_inputs_cmd_path_pattern: (draft) => draft.edit(inputs, "$SPLUNK_HOME/etc/apps/sample", "."),
  check_scripted_inputs_python_version: (draft) => draft.edit(inputs, "python.version = python3\n", ""),
  check_authorize_conf_admin_all_objects_privileges: (draft) =>
    draft.append(authorize, "importRoles = user;admin\n"),
  check_authorize_conf_for_tokens_auth: (draft) => draft.append(authorize, "[tokens_auth]\n"),
  check_import_roles_and_grantable_roles_for_builtin_roles: (draft) =>
    draft.append(authorize, "[role_sc_admin]\ngrantableRoles = user\n"),
  check_web_conf: (draft) => draft.append("default/web.conf", "[settings]\nhttpport = 80\n"),
  check_cherrypy_controllers: (draft) => draft.append("default/web.conf", "[endpoint:a]\n"),
  check_rest_handler_scripts_exist_for_cloud: (draft) =>
    draft.edit(restmap, "script = rest.py", "script = other.py"),
  portcullis_python_required_stands_beside_python_version: (draft) =>
    draft.edit(inputs, "python.required = 3.9, 3.13\n", ""),
  check_rest_handler_python_executable_exists: (draft) =>
    draft.edit(restmap, "python.version = python3\n", ""),

  check_alert_actions_exe_exist: (draft) => draft.remove("bin/portcullis_block.py"),
  check_for_payload_format: (draft) => draft.edit(actions, "payload_format = json", "payload_format = yaml"),
  check_for_explicit_exe_args: (draft) =>
    draft.edit(actions, "is_custom", "alert.execute.cmd.arg.1 = a/b\nis_custom"),
  check_alert_actions_conf_for_alert_execute_cmd_properties: (draft) =>
    draft.edit(actions, "is_custom", "alert.execute.cmd = python.path\nis_custom"),
  check_js_custom_alert_actions: (draft) => draft.write("bin/portcullis_block.js", ""),
  check_alert_actions_conf_python_required: (draft) => draft.edit(actions, "3.9, 3.13", "python3"),
  check_alert_icon_exists_for_custom_alerts: (draft) => draft.edit(actions, "block.png", "other.png"),
  check_workflow_html_exists_for_custom_alert: (draft) =>
    draft.remove("default/data/ui/alerts/portcullis_block.html"),
  portcullis_alert_action_shows_itself: (draft) => draft.edit(actions, "is_custom = 1", "is_custom = 0"),
  portcullis_adaptive_response_is_described: (draft) =>
    draft.edit(actions, '"task": ["block"]', '"task": "block"'),

  check_saved_search_specifies_a_search: (draft) => draft.edit(searches, /search = .*/, "search ="),
  check_for_emails_in_saved_search: (draft) =>
    draft.append(searches, "action.email.to = someone@example.com\n"),
  check_for_real_time_saved_searches_for_cloud: (draft) => draft.edit(searches, "= -5m@m", "= rt-5m"),
  check_for_gratuitous_cron_scheduling: (draft) => draft.edit(searches, "*/5 * * * *", "*/4 * * * *"),
  check_for_sched_saved_searches_earliest_time: (draft) =>
    draft.edit(searches, /dispatch.earliest_time.*\n/, ""),
  check_for_sched_saved_searches_latest_time: (draft) => draft.edit(searches, /dispatch.latest_time.*\n/, ""),
  check_for_empty_saved_search_description: (draft) =>
    draft.edit(searches, /description = .*/, "description ="),
  check_saved_search_conf_for_action_script_filename: (draft) =>
    draft.append(searches, "action.script.filename = a.sh\n"),
  check_savedsearches_conf_for_action_populate_lookup: (draft) =>
    draft.append(searches, "action.populate_lookup.dest = a\n"),
  portcullis_samples_are_disabled: (draft) => draft.edit(searches, "disabled = 1\n", ""),
  portcullis_samples_run_on_a_schedule: (draft) => draft.edit(searches, "enableSched = 1\n", ""),
  portcullis_samples_only_use_the_alert_action: (draft) => draft.append(searches, "action.webhook = 1\n"),

  portcullis_setup_view_exists: (draft) =>
    draft.edit("default/app.conf", "setup_view = setup", "setup_view = other"),
  portcullis_drilldown_view_exists: (draft) =>
    draft.edit(actions, '"drilldown_uri": "sample/overview"', '"drilldown_uri": "overview"'),
  portcullis_menu_leads_to_views_that_exist: (draft) =>
    draft.edit("default/data/ui/nav/default.xml", '<view name="search"/>', '<view name="other"/>'),
  portcullis_macros_are_defined: (draft) =>
    draft.edit("default/macros.conf", "[sample_of(1)]", "[sample_of(2)]"),
  portcullis_macros_say_their_arguments: (draft) => draft.edit("default/macros.conf", "args = name\n", ""),
  portcullis_event_types_exist: (draft) => draft.edit(searches, "eventtype=sample_change", "eventtype=other"),
  portcullis_event_types_have_a_search: (draft) => draft.append("default/eventtypes.conf", "[empty]\n"),
  portcullis_tags_are_of_event_types: (draft) =>
    draft.append("default/tags.conf", "[eventtype=other]\na = enabled\n"),
  portcullis_lookups_exist: (draft) => draft.remove("lookups/ports.csv"),
  portcullis_field_transforms_exist: (draft) =>
    draft.edit("default/props.conf", "= sample_rows", "= other_rows"),
  portcullis_static_files_exist: (draft) => draft.remove("appserver/static/setup.js"),
  portcullis_links_lead_to_views_that_exist: (draft) =>
    draft.edit("default/workflow_actions.conf", "/app/sample/overview", "/app/sample/other"),
  portcullis_modules_of_pages_exist: (draft) =>
    draft.append("appserver/static/setup.js", 'require(["../app/sample/other"]);\n'),
  portcullis_exposed_routes_are_handled: (draft) =>
    draft.edit("default/web.conf", "pattern = sample", "pattern = other"),
  portcullis_rest_handlers_exist: (draft) => draft.edit(restmap, "rest.Handler", "rest.Other"),
  portcullis_capabilities_are_declared: (draft) =>
    draft.edit(authorize, "[capability::sample_operate]\n", ""),

  portcullis_settings_are_known: (draft) => draft.append("default/props.conf", "KV_MOOD = json\n"),
  portcullis_spec_explains_each_setting: (draft) => draft.edit(spec, "* Which.\n", ""),
  portcullis_spec_declares_what_is_used: (draft) => draft.edit(actions, "param.url =\n", ""),
  portcullis_form_sets_declared_parameters: (draft) =>
    draft.edit("default/data/ui/alerts/portcullis_block.html", "param.fields", "param.field"),
  portcullis_form_offers_each_parameter: (draft) =>
    draft.append(spec, "action.portcullis_block.param.note = <string>\n* Why.\n"),
  portcullis_checks_are_of_declared_parameters: (draft) =>
    draft.edit(restmap, "('action.portcullis_block.param.fields'", "('action.portcullis_block.param.other'"),
  portcullis_sets_no_secret: (draft) => draft.append("README.md", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"),
};
