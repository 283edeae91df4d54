import { missingDrilldowns } from "./alert-action-rules.ts";
import type { App } from "./app-package.ts";
import { settingIn } from "./conf.ts";
import {
  eachMatch,
  eachSetting,
  eachStanza,
  problem,
  type Problem,
  type Rule,
  rule,
  unless,
} from "./rule.ts";
import { searchesOf } from "./searches.ts";
import { viewElements } from "./ui-rules.ts";
import { everyElement, parseXml } from "./xml.ts";

const hasView = (app: App, name: string) => app.has(`default/data/ui/views/${name}.xml`);

/** Lookups that Splunk brings. */
const splunkLookups = new Set([
  "geo_attr_countries",
  "geo_attr_us_states",
  "geo_countries",
  "geo_us_states",
  "dnslookup",
]);

/** Views that Splunk brings to every app. */
const splunkViews = new Set(["search", "reports", "alerts", "dashboards", "datasets"]);

/** Everything that a file names is there. */
export const referenceRules: readonly Rule[] = [
  rule("portcullis_setup_view_exists", "failure", (app) => {
    const setting = settingIn(app.conf("app"), "ui", "setup_view");
    return setting === undefined || hasView(app, setting.value)
      ? []
      : [problem("default/app.conf", `[ui] setup_view: there is no view ${setting.value}`, setting.line)];
  }),
  rule("portcullis_drilldown_view_exists", "failure", missingDrilldowns),
  rule("portcullis_menu_leads_to_views_that_exist", "failure", menu),
  rule("portcullis_macros_are_defined", "failure", macros),
  rule("portcullis_macros_say_their_arguments", "failure", (app) =>
    eachStanza(app, "macros", ({ name, settings }) => {
      const count = Number(/\((\d+)\)$/.exec(name)?.[1] ?? 0);
      const names = settings
        .find(({ key }) => key === "args")
        ?.value.split(",")
        .filter((part) => part.trim() !== "");
      return [
        ...unless((names?.length ?? 0) === count, `args must name ${count} arguments`),
        ...unless(
          settings.some(({ key, value }) => key === "definition" && value !== ""),
          "has no definition",
        ),
      ];
    }),
  ),
  rule("portcullis_event_types_exist", "failure", eventTypes),
  rule("portcullis_event_types_have_a_search", "failure", (app) =>
    eachStanza(app, "eventtypes", ({ settings }) =>
      unless(
        settings.some(({ key, value }) => key === "search" && value !== ""),
        "has no search",
      ),
    ),
  ),
  rule("portcullis_tags_are_of_event_types", "failure", (app) => [
    ...eachStanza(app, "tags", ({ name }) => {
      const eventType = /^eventtype=(.+)$/.exec(name)?.[1];
      return unless(
        eventType !== undefined &&
          app.conf("eventtypes")?.stanzas.some(({ name }) => name === eventType) === true,
        "is no event type of the app",
      );
    }),
    ...eachSetting(app, "tags", ({ value }) =>
      unless(/^(?:enabled|disabled)$/.test(value), "must be enabled or disabled"),
    ),
  ]),
  rule("portcullis_lookups_exist", "failure", lookups),
  rule("portcullis_field_transforms_exist", "failure", (app) =>
    eachSetting(app, "props", ({ key, value }) =>
      /^(?:REPORT|TRANSFORMS)-/.test(key)
        ? value
            .split(",")
            .map((name) => name.trim())
            .filter((name) => !app.conf("transforms")?.stanzas.some((stanza) => stanza.name === name))
            .map((name) => `there is no [${name}] in transforms.conf`)
        : [],
    ),
  ),
  rule("portcullis_static_files_exist", "failure", staticFiles),
  rule("portcullis_links_lead_to_views_that_exist", "failure", (app) =>
    app.texts
      .filter(({ path }) => /^(?:default|appserver)\//.test(path))
      .flatMap(({ path, text }) =>
        eachMatch(
          path,
          text,
          new RegExp(`(?<!\\.\\.)/app/${app.folder}/(\\w+)`, "g"),
          (found) => found.split("/").at(-1) ?? "",
        ).filter(({ text }) => !hasView(app, text) && !splunkViews.has(text)),
      )
      .map(({ file, text, line }) => problem(file, `there is no view ${text}`, line)),
  ),
  rule("portcullis_modules_of_pages_exist", "failure", (app) =>
    app.texts
      .filter(({ path }) => /^appserver\/static\/.*\.js$/.test(path))
      .flatMap(({ path, text }) =>
        eachMatch(
          path,
          text,
          new RegExp(`"\\.\\./app/${app.folder}/[^"]*"`, "g"),
          (found) => `appserver/static/${found.slice(`"../app/${app.folder}/`.length, -1)}.js`,
        ).filter(({ text }) => !app.has(text)),
      )
      .map(({ file, text, line }) => problem(file, `there is no ${text}`, line)),
  ),
  rule("portcullis_exposed_routes_are_handled", "failure", exposedRoutes),
  rule("portcullis_rest_handlers_exist", "failure", (app) =>
    eachSetting(app, "restmap", ({ key, value }) => {
      const [module = "", name = ""] = value.split(".");
      return unless(
        key !== "handler" || new RegExp(`^class ${name}\\b`, "m").test(app.text(`bin/${module}.py`)),
        `there is no class ${name} in bin/${module}.py`,
      );
    }),
  ),
  rule("portcullis_capabilities_are_declared", "failure", (app) =>
    [
      ...eachSetting(app, "restmap", ({ key, value }) =>
        key.startsWith("capability") ? (value.match(/\w+/g) ?? []) : [],
      ),
      ...eachSetting(app, "authorize", ({ key, value }, { name }) =>
        name.startsWith("role_") && value === "enabled" && key.startsWith(app.folder) ? [key] : [],
      ),
    ].flatMap(({ file, line, text }) => {
      const name = text.split(": ").at(-1) ?? "";
      const isDeclared =
        app.conf("authorize")?.stanzas.some((stanza) => stanza.name === `capability::${name}`) === true;
      return isDeclared || !name.startsWith(app.folder)
        ? []
        : [problem(file, `capability ${name} is not declared`, line)];
    }),
  ),
];

function menu(app: App): Problem[] {
  const path = "default/data/ui/nav/default.xml";
  if (!app.has(path)) {
    return [];
  }
  const parsed = parseXml(app.text(path));
  return ("root" in parsed ? everyElement(parsed.root) : [])
    .filter(({ name }) => name === "view")
    .flatMap(({ attributes, line }) => {
      const name = attributes["name"] ?? "";
      return unless(hasView(app, name) || splunkViews.has(name), `there is no view ${name}`).map((text) =>
        problem(path, text, line),
      );
    });
}

function macros(app: App): Problem[] {
  const defined = new Set(app.conf("macros")?.stanzas.map(({ name }) => name));
  return searchesOf(app).flatMap(({ file, line, text }) =>
    [...text.matchAll(/`([\w-]+)(?:\(([^`]*)\))?`/g)].flatMap(([, name = "", args]) => {
      const stanza = args === undefined || args.trim() === "" ? name : `${name}(${args.split(",").length})`;
      return defined.has(stanza) ? [] : [problem(file, `there is no macro ${stanza}`, line)];
    }),
  );
}

function eventTypes(app: App): Problem[] {
  const defined = new Set(app.conf("eventtypes")?.stanzas.map(({ name }) => name));
  return searchesOf(app).flatMap(({ file, line, text }) =>
    [...text.matchAll(/\beventtype\s*=\s*"?([\w-]+)/g)].flatMap(([, name = ""]) =>
      defined.has(name) ? [] : [problem(file, `there is no event type ${name}`, line)],
    ),
  );
}

function lookups(app: App): Problem[] {
  const defined = new Set(app.conf("transforms")?.stanzas.map(({ name }) => name));
  const named = [
    ...searchesOf(app).flatMap(({ file, line, text }) =>
      [...text.matchAll(/\b(?:input|output)?lookup\s+(?:\w+=\S+\s+)*([\w.-]+)/g)].map(([, name = ""]) => ({
        file,
        line,
        name,
      })),
    ),
    ...eachSetting(app, "props", ({ key, value }) =>
      key.startsWith("LOOKUP-") ? [value.split(/\s/)[0] ?? ""] : [],
    ).map(({ file, line, text }) => ({ file, line, name: text.split(": ").at(-1) ?? "" })),
    ...eachSetting(app, "transforms", ({ key, value }) => (key === "filename" ? [value] : [])).map(
      ({ file, line, text }) => ({
        file,
        line,
        name: text.split(": ").at(-1) ?? "",
      }),
    ),
  ];
  return named
    .filter(({ name }) => !defined.has(name) && !splunkLookups.has(name) && !app.has(`lookups/${name}`))
    .map(({ file, line, name }) => problem(file, `there is no lookup ${name}`, line));
}

function staticFiles(app: App): Problem[] {
  const named = viewElements(app).flatMap(({ path, element: { name, attributes, line } }) =>
    /^(?:dashboard|form)$/.test(name)
      ? ["script", "stylesheet"].flatMap((key) =>
          (attributes[key] ?? "")
            .split(",")
            .map((file) => file.trim())
            .filter((file) => file !== "")
            .map((file) => ({ path, line, file })),
        )
      : [],
  );
  const linked = app.texts.flatMap(({ path, text }) =>
    eachMatch(path, text, new RegExp(`/static/app/${app.folder}/([\\w./-]+)`, "g"), (found) => found).map(
      (match) => ({
        path,
        line: match.line,
        file: match.text.slice(`/static/app/${app.folder}/`.length),
      }),
    ),
  );
  return [...named, ...linked]
    .filter(({ file }) => !app.has(`appserver/static/${file}`))
    .map(({ path, line, file }) => problem(path, `there is no appserver/static/${file}`, line));
}

/** Splunk Web passes on what `[expose:…]` names, to a `match` of restmap.conf. `*` stands for one part of a path, `**` for the rest. */
function exposedRoutes(app: App): Problem[] {
  const routes = (app.conf("restmap")?.stanzas ?? []).flatMap(({ settings }) =>
    settings.flatMap(({ key, value }) => (key === "match" ? [value.replace(/^\//, "")] : [])),
  );
  return eachSetting(app, "web", ({ key, value }) => {
    const pattern = new RegExp(`^${value.replaceAll(/\*+/g, (stars) => (stars === "*" ? "[^/]+" : ".+"))}$`);
    const isHandled = routes.some((route) => pattern.test(route) || value.startsWith(`${route}/`));
    return unless(key !== "pattern" || isHandled, `no match in restmap.conf handles ${value}`);
  });
}
