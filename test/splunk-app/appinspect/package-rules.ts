import { posix } from "node:path";
import type { App, Entry } from "./app-package.ts";
import { valueIn } from "./conf.ts";
import { type Problem, problem, type Rule, rule } from "./rule.ts";

/** Facts 3.1: the archive. */
export const packageRules: readonly Rule[] = [
  rule(
    "check_that_splunk_app_package_valid_compressed_file",
    "failure",
    ({ package: { isGzip, fileName } }) =>
      isGzip ? [] : [problem("", `${fileName} is not compressed with gzip`)],
  ),
  rule("check_package_compression", "failure", ({ package: { fileName } }) =>
    /\.(?:tgz|tar\.gz|spl)$/.test(fileName)
      ? []
      : [problem("", `${fileName} ends neither in .tgz, .tar.gz nor .spl`)],
  ),
  rule(
    "check_that_splunk_app_package_name_does_not_start_with_period",
    "failure",
    ({ package: { fileName } }) =>
      fileName.startsWith(".") ? [problem("", `${fileName} begins with a dot`)] : [],
  ),
  rule("portcullis_package_is_no_larger_than_splunkbase_takes", "failure", ({ package: { size } }) =>
    size <= 2048 * 1024 * 1024 ? [] : [problem("", `${size} bytes are more than 2048 MB`)],
  ),
  rule("check_that_splunk_app_package_extracts_to_visible_directory", "failure", ({ folder }) =>
    folder.startsWith(".") ? [problem("", `the top folder ${folder} is hidden`)] : [],
  ),
  rule("check_that_splunk_app_package_does_not_contain_files_outside_of_app", "failure", (app) =>
    eachEntry(app, ({ name }) =>
      name.replace(/^\.\//, "").startsWith(`${app.folder}/`) && !name.split("/").includes("..")
        ? undefined
        : "is outside the one top folder",
    ),
  ),
  rule("check_that_extracted_splunk_app_does_not_contain_prohibited_directories_or_files", "failure", (app) =>
    eachEntry(app, ({ name }) =>
      name.split("/").some((part) => part.startsWith(".") || part === "__MACOSX")
        ? "is hidden, or made by macOS"
        : undefined,
    ),
  ),
  rule("check_that_extracted_splunk_app_contains_default_app_conf_file", "failure", (app) =>
    app.has("default/app.conf") ? [] : [problem("default/app.conf", "is missing")],
  ),
  rule("check_that_extracted_splunk_app_does_not_contains_only_app_conf_file", "failure", (app) =>
    app.paths.length > 1 ? [] : [problem("default/app.conf", "is all there is")],
  ),
  rule("check_version_is_valid_semver", "failure", versions),
  rule("check_that_extracted_splunk_app_does_not_contain_invalid_directories", "failure", (app) =>
    eachEntry(app, ({ type, mode }) =>
      type === "directory" && (mode & 0o700) !== 0o700
        ? `has mode ${mode.toString(8)}, needs u+rwx`
        : undefined,
    ),
  ),
  rule("check_that_extracted_splunk_app_does_not_contain_files_with_invalid_permissions", "failure", (app) =>
    eachEntry(app, ({ type, mode }) =>
      type !== "directory" && (mode & 0o622) !== 0o600
        ? `has mode ${mode.toString(8)}, needs u+rw and no writing by others`
        : undefined,
    ),
  ),
  rule("check_for_bin_files", "failure", (app) =>
    eachEntry(app, ({ name, type, mode }) =>
      type !== "directory" && (mode & 0o111) !== 0 && !/^[^/]+\/(?:bin|linux_x86_64\/bin)\//.test(name)
        ? "may be executed, outside bin/"
        : undefined,
    ),
  ),
  rule("check_symlink_outside_app", "failure", (app) =>
    eachEntry(app, ({ name, type, linkName }) =>
      (type === "symlink" || type === "link") &&
      !posix.join(posix.dirname(name), linkName).startsWith(`${app.folder}/`)
        ? `leads to ${linkName}`
        : undefined,
    ),
  ),
  rule("check_for_compiled_python", "failure", (app) =>
    eachEntry(app, ({ name }) => (/\.py[co]$|\/__pycache__\//.test(name) ? "is compiled Python" : undefined)),
  ),
  rule("portcullis_package_is_named_after_app_and_version", "failure", (app) => {
    const name = `${app.folder}-${valueIn(app.conf("app"), "id", "version")}.tgz`;
    return app.package.fileName === name ? [] : [problem("", `${app.package.fileName} should be ${name}`)];
  }),
  rule("portcullis_licence_and_guide_are_there", "failure", (app) =>
    ["LICENSE", "README.md"].filter((path) => !app.has(path)).map((path) => problem(path, "is missing")),
  ),
];

function eachEntry(app: App, check: (entry: Entry) => string | undefined): Problem[] {
  return app.package.entries.flatMap((entry) => {
    const text = check(entry);
    return text === undefined ? [] : [problem(entry.name, text)];
  });
}

/** Source: semver.org 2.0.0. */
const semver =
  /^(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){2}(?:-[\dA-Za-z-]+(?:\.[\dA-Za-z-]+)*)?(?:\+[\dA-Za-z.-]+)?$/;

function versions(app: App): Problem[] {
  const conf = app.conf("app");
  const found = [
    ["default/app.conf", valueIn(conf, "id", "version")],
    ["default/app.conf", valueIn(conf, "launcher", "version")],
    [
      "app.manifest",
      /"version"\s*:\s*"([^"]*)"/.exec(app.has("app.manifest") ? app.text("app.manifest") : "")?.[1],
    ],
  ] as const;
  return found.flatMap(([file, version]) => {
    if (version === undefined || !semver.test(version)) {
      return [problem(file, `version ${version ?? "missing"} is not like 1.2.3`)];
    }
    return version === found[0][1] ? [] : [problem(file, `version ${version} differs from ${found[0][1]}`)];
  });
}
