import type { App } from "./app-package.ts";
import { eachMatch, problem, type Problem, type Rule, rule, unless } from "./rule.ts";
import { everyElement, parseXml, type XmlElement } from "./xml.ts";

const isView = (path: string) => /^default\/data\/ui\/views\/[^/]+\.xml$/.test(path);

/** Views of the app that are XML, with their root element. */
export function viewsOf(app: App): { readonly path: string; readonly root: XmlElement }[] {
  return app.paths.filter(isView).flatMap((path) => {
    const parsed = parseXml(app.text(path));
    return "root" in parsed ? [{ path, root: parsed.root }] : [];
  });
}

/** Allowed below `default/data/ui`. */
const allowedUi =
  /^default\/data\/ui\/(?:(?:views|panels|nav)\/[^/]+\.xml|alerts\/[^/]+\.(?:html|xml)|.*(?:\/readme|\.md|\.txt))$/i;

/** Modules of Splunk Web that are none of an app's business. */
const splunkWebModules =
  /^(?:api|app|collections|contrib|controllers|helpers|mixins|models|module|routers|shim|splunk|uri|util|views)[/.]/;

/** Facts 3.6: views, forms, JavaScript. */
export const uiRules: readonly Rule[] = [
  rule("check_simplexml_standards_version", "failure", (app) =>
    viewsOf(app).flatMap(({ path, root }) =>
      unless(
        !/^(?:dashboard|form)$/.test(root.name) || /^(?:1\.1|2)$/.test(root.attributes["version"] ?? ""),
        `<${root.name}> needs version="1.1", or "2" for Dashboard Studio`,
      ).map((text) => problem(path, text, root.line)),
    ),
  ),
  rule("check_that_all_xml_files_are_well_formed", "failure", (app) =>
    app.paths
      .filter((path) => /\.(?:xml|svg)$/.test(path))
      .flatMap((path) => {
        const parsed = parseXml(app.text(path));
        return "mistake" in parsed ? [problem(path, parsed.mistake, parsed.line)] : [];
      }),
  ),
  rule("check_default_data_ui_file_allow_list", "failure", (app) =>
    app.paths
      .filter((path) => path.startsWith("default/data/ui/") && !path.startsWith("default/data/ui/html/"))
      .filter((path) => !allowedUi.test(path))
      .map((path) => problem(path, "is no view, menu or form")),
  ),
  rule("check_html_dashboards", "failure", (app) =>
    app.paths
      .filter((path) => path.startsWith("default/data/ui/html/"))
      .map((path) => problem(path, "Splunk gave up HTML dashboards")),
  ),
  rule("check_hotlinking_splunk_web_libraries", "failure", (app) =>
    scripts(app).flatMap(({ path, text }) =>
      [...text.matchAll(/\b(?:require|define|from|import)\b[\s(]*\[?((?:\s*["'][^"']+["']\s*,?)+)/g)].flatMap(
        (match) =>
          [...(match[1] ?? "").matchAll(/["']([^"']+)["']/g)]
            .filter(([, module = ""]) => splunkWebModules.test(module))
            .flatMap(([, module = ""]) =>
              eachMatch(path, text, literally(module), () => `${module} is Splunk Web's own`),
            ),
      ),
    ),
  ),
  rule("check_for_existence_of_python_code_block_in_mako_template", "warning", (app) =>
    app.texts
      .filter(({ path }) => path.endsWith(".html"))
      .flatMap(({ path, text }) =>
        eachMatch(path, text, /<%[!\s]|<%(?:def|include|inherit)\b/g, () => "is a Mako template"),
      ),
  ),
  rule("portcullis_no_telemetry_in_javascript", "failure", (app) =>
    scripts(app).flatMap(({ path, text }) =>
      eachMatch(
        path,
        text,
        /splunk_instrumentation|swa\.js|telemetry/gi,
        (found) => `${found}: nothing here reports home`,
      ),
    ),
  ),
  rule("portcullis_pages_load_nothing_from_elsewhere", "failure", (app) =>
    [...scripts(app), ...app.texts.filter(({ path }) => /\.(?:html|xml|css)$/.test(path))].flatMap(
      ({ path, text }) =>
        eachMatch(
          path,
          text,
          /(?:\bsrc\s*=\s*["']|@import\s+["']|url\(\s*["']?)(?:https?:)?\/\//gi,
          (found) => `${found} loads from elsewhere`,
        ),
    ),
  ),
  rule("portcullis_pages_make_no_html_of_text", "failure", (app) =>
    scripts(app).flatMap(({ path, text }) =>
      eachMatch(
        path,
        text,
        /\.(?:innerHTML|outerHTML)\s*\+?=|\binsertAdjacentHTML\b|\bdocument\.write\b|\.html\(\s*[^)\s]|\beval\s*\(|\bnew Function\b/g,
        (found) => `${found}: text from outside must not become markup or code`,
      ),
    ),
  ),
  rule("portcullis_forms_are_well_formed", "failure", (app) =>
    app.paths
      .filter((path) => /^default\/data\/ui\/alerts\/.*\.html$/.test(path))
      .flatMap((path) => {
        const parsed = parseXml(`<form-root>${app.text(path)}</form-root>`);
        return "mistake" in parsed ? [problem(path, parsed.mistake, parsed.line)] : [];
      }),
  ),
  rule("portcullis_forms_hold_no_scripts", "failure", (app) =>
    app.texts
      .filter(({ path }) => /^default\/data\/ui\/alerts\/.*\.html$/.test(path))
      .flatMap(({ path, text }) =>
        eachMatch(
          path,
          text,
          /<script\b|\son\w+\s*=|javascript:/gi,
          (found) => `${found}: no script runs here`,
        ),
      ),
  ),
  rule("portcullis_views_have_a_label", "failure", (app) =>
    viewsOf(app).flatMap(({ path, root }) =>
      unless(
        root.children.some(({ name, text }) => name === "label" && text.trim() !== ""),
        "has no <label>: menus would show the file's name",
      ).map((text) => problem(path, text, root.line)),
    ),
  ),
  rule("portcullis_views_and_menus_are_what_their_folder_says", "failure", rootNames),
];

function scripts(app: App): App["texts"] {
  return app.texts.filter(({ path }) => path.endsWith(".js"));
}

const literally = (text: string) => new RegExp(text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"), "g");

function rootNames(app: App): Problem[] {
  const expected: readonly (readonly [RegExp, RegExp])[] = [
    [/^default\/data\/ui\/views\//, /^(?:dashboard|form|view)$/],
    [/^default\/data\/ui\/nav\//, /^nav$/],
  ];
  return app.paths
    .filter((path) => path.endsWith(".xml"))
    .flatMap((path) => {
      const parsed = parseXml(app.text(path));
      const wanted = expected.find(([folder]) => folder.test(path))?.[1];
      return wanted === undefined || "mistake" in parsed || wanted.test(parsed.root.name)
        ? []
        : [problem(path, `<${parsed.root.name}> is none of ${wanted.source}`, parsed.root.line)];
    });
}

/** Every element of every view, with its file. */
export function viewElements(app: App): { readonly path: string; readonly element: XmlElement }[] {
  return viewsOf(app).flatMap(({ path, root }) => everyElement(root).map((element) => ({ path, element })));
}
