import type { Breaks } from "./breaks-package.ts";

const action = "bin/portcullis_block.py";
const overview = "default/data/ui/views/overview.xml";
const classic = "default/data/ui/views/classic.xml";
const form = "default/data/ui/alerts/portcullis_block.html";
const script = "appserver/static/setup.js";

/** Views, forms, scripts and Python. */
export const sourceBreaks: Breaks = {
  check_simplexml_standards_version: (draft) => draft.edit(classic, ' version="1.1"', ""),
  check_that_all_xml_files_are_well_formed: (draft) => draft.edit(classic, "</table>", ""),
  check_default_data_ui_file_allow_list: (draft) => draft.write("default/data/ui/views/a.json", "{}"),
  check_html_dashboards: (draft) => draft.write("default/data/ui/html/a.html", "<p/>"),
  check_hotlinking_splunk_web_libraries: (draft) =>
    draft.edit(script, '"splunkjs/mvc"', '"views/shared/Modal"'),
  check_for_existence_of_python_code_block_in_mako_template: (draft) =>
    draft.append(form, "<%! import os %>"),
  portcullis_no_telemetry_in_javascript: (draft) => draft.append(script, "const a = 'telemetry';"),
  portcullis_pages_load_nothing_from_elsewhere: (draft) =>
    draft.append(form, '<img src="https://cdn.example.com/a.png"/>'),
  portcullis_pages_make_no_html_of_text: (draft) => draft.append(script, "document.body.innerHTML = name;"),
  portcullis_forms_are_well_formed: (draft) => draft.append(form, "<p>"),
  portcullis_forms_hold_no_scripts: (draft) => draft.append(form, '<p onclick="a()"/>'),
  portcullis_views_have_a_label: (draft) => draft.edit(classic, "<label>Classic</label>", ""),
  portcullis_views_and_menus_are_what_their_folder_says: (draft) =>
    draft.write("default/data/ui/nav/default.xml", "<menu/>"),

  portcullis_studio_definition_parses: (draft) => draft.edit(overview, '"type":"grid",', '"type":"grid",,'),
  portcullis_studio_sources_exist: (draft) =>
    draft.edit(overview, '"primary":"ds_top"', '"primary":"ds_other"'),
  portcullis_studio_sources_are_used: (draft) =>
    draft.edit(overview, '"primary":"ds_top"', '"primary":"ds_all"'),
  portcullis_studio_layout_is_complete: (draft) =>
    draft.edit(overview, '"item":"viz_top"', '"item":"viz_other"'),
  portcullis_dashboard_tokens_are_defined: (draft) => draft.edit(classic, "$name|s$", "$nam|s$"),
  portcullis_base_searches_exist: (draft) => draft.edit(classic, '<search id="rows">', "<search>"),
  portcullis_simple_dashboards_show_something: (draft) =>
    draft.edit(classic, '<search base="rows"><query>| top src</query></search>', ""),

  check_all_python_files_are_well_formed: (draft) =>
    draft.append(action, "if (number := 1) > 0:\n    pass\n"),
  check_for_supported_tls: (draft) => draft.edit(action, ", context=ssl.create_default_context()", ""),
  check_for_insecure_http_calls_in_python: (draft) =>
    draft.edit(action, "urlopen(url_of(sys.argv)", 'urlopen("http://portcullis.example.com/"'),
  check_for_sensitive_info_in_url: (draft) =>
    draft.append("README.md", "url = https://example.com/?token=abc\n"),
  check_hostnames_and_ips: (draft) => draft.append("README.md", "For example 203.0.113.9.\n"),
  check_for_possible_threading: (draft) => draft.append(action, "import os\nos.system('ls')\n"),
  check_for_root_privilege_escalation: (draft) => draft.append(action, 'COMMAND = "sudo ls"\n'),
  check_for_python_udp_network_communications: (draft) =>
    draft.append(action, "import socket\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"),
  check_python_sdk_version: (draft) =>
    draft.write("bin/splunklib/__init__.py", "__version_info__ = (1, 6, 5)\n"),
  check_invoking_bundled_node: (draft) => draft.write("bin/run.sh", "splunk cmd node a\n"),
  portcullis_python_is_of_the_standard_library: (draft) => draft.append(action, "import requests\n"),
  portcullis_certificates_are_checked: (draft) =>
    draft.append(action, "CONTEXT.verify_mode = ssl.CERT_NONE\n"),
  portcullis_python_runs_no_text: (draft) => draft.append(action, "eval(sys.argv[1])\n"),
  portcullis_python_runs_on_3_7: (draft) => draft.append(action, "Pairs = dict[str, str]\n"),
  portcullis_no_merge_conflict_is_left: (draft) => draft.append("README.md", "<<<<<<< ours\n"),
};
