import type { Draft } from "./sample-app.ts";
import { pngOf } from "./sample-app.ts";

/** For each rule, what breaks it and (as far as possible) nothing else. */
export type Breaks = Readonly<Record<string, (draft: Draft) => void>>;

const appConf = "default/app.conf";
const meta = "metadata/default.meta";

export const packageBreaks: Breaks = {
  check_that_splunk_app_package_valid_compressed_file: (draft) => {
    draft.isGzip = false;
  },
  check_package_compression: (draft) => {
    draft.fileName = "sample-1.2.3.zip";
  },
  check_that_splunk_app_package_name_does_not_start_with_period: (draft) => {
    draft.fileName = ".sample-1.2.3.tgz";
  },
  portcullis_package_is_no_larger_than_splunkbase_takes: (draft) => {
    draft.size = 3_000_000_000;
  },
  check_that_splunk_app_package_extracts_to_visible_directory: (draft) => draft.rename((name) => `.${name}`),
  check_that_splunk_app_package_does_not_contain_files_outside_of_app: (draft) =>
    draft.member({ name: "other/file" }),
  check_that_extracted_splunk_app_does_not_contain_prohibited_directories_or_files: (draft) =>
    draft.rename((name) => `./${name}`),
  check_that_extracted_splunk_app_contains_default_app_conf_file: (draft) => draft.remove(appConf),
  check_that_extracted_splunk_app_does_not_contains_only_app_conf_file: (draft) => {
    for (const { name, type } of draft.package.entries) {
      if (type === "file" && name !== `sample/${appConf}`) {
        draft.remove(name.slice("sample/".length));
      }
    }
  },
  check_version_is_valid_semver: (draft) =>
    draft.edit(appConf, /version = 1.2.3(?=\ndesc)/, "version = 1.2.4"),
  check_that_extracted_splunk_app_does_not_contain_invalid_directories: (draft) =>
    draft.member({ name: "sample/bin/", type: "directory", mode: 0o655 }),
  check_that_extracted_splunk_app_does_not_contain_files_with_invalid_permissions: (draft) =>
    draft.member({ name: "sample/LICENSE", mode: 0o664 }),
  check_for_bin_files: (draft) => draft.member({ name: "sample/LICENSE", mode: 0o744 }),
  check_symlink_outside_app: (draft) =>
    draft.member({ name: "sample/bin/link", type: "symlink", linkName: "../../other/bin" }),
  check_for_compiled_python: (draft) => draft.write("bin/shared/__pycache__/x.cpython-39.pyc", "x"),
  portcullis_package_is_named_after_app_and_version: (draft) => {
    draft.fileName = "sample.tgz";
  },
  portcullis_licence_and_guide_are_there: (draft) => draft.remove("LICENSE"),

  check_for_valid_package_id: (draft) => draft.edit(appConf, "[id]\nname = sample", "[id]\nname = other"),
  check_that_app_name_config_is_valid: (draft) => draft.rename((name) => `1${name}`),
  check_that_setup_has_not_been_performed: (draft) =>
    draft.edit(appConf, "is_configured = false", "is_configured = true"),
  check_no_install_source_checksum: (draft) =>
    draft.edit(appConf, "build = 1", "build = 1\ninstall_source_checksum = a"),
  check_no_install_source_local_checksum: (draft) =>
    draft.edit(appConf, "build = 1", "build = 1\ninstall_source_local_checksum = a"),
  check_for_valid_ui_label: (draft) => draft.edit(appConf, "label = Sample", "label = Four"),
  check_for_trigger_stanza: (draft) => draft.append(appConf, "[triggers]\nreload.savedsearches = simple\n"),
  check_reload_trigger_for_all_custom_confs: (draft) => draft.write("default/sample_own.conf", "[a]\n"),
  check_custom_conf_replication: (draft) => draft.write("default/sample_own.conf", "[a]\n"),
  check_for_updates_disabled: (draft) => draft.edit(appConf, "check_for_updates = false\n", ""),
  portcullis_build_is_made_of_the_version: (draft) =>
    draft.edit(appConf, "build = 1002003", "build = 1002002"),
  portcullis_app_conf_describes_the_app: (draft) => draft.edit(appConf, "author = Somebody\n", ""),

  check_that_local_does_not_exist: (draft) => draft.write("local/app.conf", ""),
  check_for_local_meta: (draft) => draft.write("metadata/local.meta", ""),
  check_that_local_passwords_conf_does_not_exist: (draft) => draft.write("local/passwords.conf", ""),
  check_that_users_does_not_exist: (draft) => draft.write("users/admin/local/app.conf", ""),
  check_filenames_for_spaces: (draft) => draft.write("default/data/ui/views/my view.xml", "<view/>"),
  check_setup_xml: (draft) => draft.write("default/setup.xml", "<setup/>"),
  check_lookups_allow_list: (draft) => draft.write("lookups/ports.txt", ""),
  check_static_directory_file_allow_list: (draft) => draft.write("static/icons/appIcon.png", pngOf(36, 36)),
  check_metadata_allow_list: (draft) => draft.write("metadata/other.meta", ""),
  check_that_app_contains_any_windows_specific_components: (draft) => draft.write("bin/run.bat", ""),
  portcullis_default_meta_exists: (draft) => draft.remove(meta),
  check_config_file_parsing: (draft) => draft.append("default/props.conf", "KV_MODE = none\n"),
  check_no_default_stanzas: (draft) => draft.edit("default/props.conf", /^/, "KV_MODE = json\n"),
  check_meta_default_write_access: (draft) =>
    draft.edit(meta, "write : [ admin, sc_admin ]", "write : [ * ]"),
  check_kos_are_accessible: (draft) => draft.edit(meta, "write : [ admin, sc_admin ]", "write : [ admin ]"),
  portcullis_default_meta_is_well_formed: (draft) => draft.append(meta, "[views]\nexports = system\n"),
  portcullis_alert_action_is_seen_in_every_app: (draft) =>
    draft.edit(meta, "[alerts]\nexport = system\n", ""),
  check_collections_conf: (draft) => draft.write("default/collections.conf", "[a]\n"),
  check_collections_conf_for_specified_name_field_type: (draft) =>
    draft.write("default/collections.conf", "[a]\nfield.b = text\n"),
  check_for_outdated_ssl_tls: (draft) => draft.append("default/props.conf", "sslVersions = tls1.0\n"),
  portcullis_no_webhook_stanza: (draft) =>
    draft.append("default/alert_actions.conf", "[webhook]\nmaxtime = 1m\n"),
  check_that_no_configurations_of_default_source_type_in_props_conf: (draft) =>
    draft.append("default/props.conf", "[syslog]\nKV_MODE = json\n"),
  check_transforms_conf_for_external_cmd: (draft) =>
    draft.append("default/transforms.conf", "[ask]\nexternal_cmd = ask.py a b\n"),

  check_app_icon_is_png: (draft) => draft.remove("static/appIcon.png"),
  check_app_icon_dimensions: (draft) => draft.write("static/appIcon.png", pngOf(37, 36)),
  check_app_icon_2x_is_png: (draft) => draft.write("static/appIcon_2x.png", "GIF89a"),
  check_app_icon_2x_dimensions: (draft) => draft.write("static/appIcon_2x.png", pngOf(72, 73)),
  check_app_icon_alt_is_png: (draft) => draft.write("static/appIconAlt.png", "GIF89a"),
  check_app_icon_alt_dimensions: (draft) => draft.write("static/appIconAlt.png", pngOf(37, 36)),
  check_app_icon_alt_2x_is_png: (draft) => draft.write("static/appIconAlt_2x.png", "GIF89a"),
  check_app_icon_alt_2x_dimensions: (draft) => draft.write("static/appIconAlt_2x.png", pngOf(73, 72)),
  check_app_logo_is_png: (draft) => draft.write("static/appLogo.png", "GIF89a"),
  check_app_logo_dimensions: (draft) => draft.write("static/appLogo.png", pngOf(161, 40)),
  check_app_logo_2x_is_png: (draft) => draft.write("static/appLogo_2x.png", "GIF89a"),
  check_app_logo_2x_dimensions: (draft) => draft.write("static/appLogo_2x.png", pngOf(320, 81)),

  portcullis_manifest_follows_its_schema: (draft) => draft.edit("app.manifest", '"2.0.0"', '"1.0.0"'),
  portcullis_manifest_names_files_that_exist: (draft) =>
    draft.edit("app.manifest", '"text":"LICENSE"', '"text":"COPYING"'),
};
