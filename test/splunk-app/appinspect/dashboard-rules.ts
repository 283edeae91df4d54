import { z } from "zod";
import type { App } from "./app-package.ts";
import { problem, type Problem, type Rule, rule } from "./rule.ts";
import { viewsOf } from "./ui-rules.ts";
import { everyElement, type XmlElement } from "./xml.ts";

/** What a Dashboard Studio definition must have; more is allowed. Source: Splunk "Dashboard definition", read in 9.x. */
const Definition = z.looseObject({
  title: z.string().optional(),
  dataSources: z.record(
    z.string(),
    z.looseObject({ type: z.string(), options: z.looseObject({}).optional() }),
  ),
  visualizations: z.record(
    z.string(),
    z.looseObject({ type: z.string(), dataSources: z.record(z.string(), z.string()).optional() }),
  ),
  inputs: z
    .record(z.string(), z.looseObject({ type: z.string(), options: z.looseObject({}).optional() }))
    .optional(),
  defaults: z.looseObject({}).optional(),
  layout: z.looseObject({}),
});
type Definition = z.infer<typeof Definition>;

/** Anything in a layout that places something: `structure` lists items, `globalInputs` names inputs. */
const Item = z.looseObject({ item: z.string() });

interface Studio {
  readonly path: string;
  readonly line: number;
  readonly definition: Definition;
}

/** Dashboards: those of Dashboard Studio, and the tokens of both kinds. */
export const dashboardRules: readonly Rule[] = [
  rule("portcullis_studio_definition_parses", "failure", (app) =>
    studioElements(app).flatMap(({ path, element }) => {
      const definition = element.children.find(({ name }) => name === "definition");
      const parsed = definition === undefined ? "no <definition>" : parseDefinition(definition.text);
      return typeof parsed === "string" ? [problem(path, parsed, definition?.line ?? element.line)] : [];
    }),
  ),
  rule("portcullis_studio_sources_exist", "failure", (app) => studios(app).flatMap(wrongSources)),
  rule("portcullis_studio_sources_are_used", "failure", (app) => studios(app).flatMap(unusedSources)),
  rule("portcullis_studio_layout_is_complete", "failure", (app) => studios(app).flatMap(wrongLayout)),
  rule("portcullis_dashboard_tokens_are_defined", "failure", (app) => [
    ...studios(app).flatMap((studio) => {
      const defined = new Set(inputTokens(studio.definition));
      const text = JSON.stringify(studio.definition);
      return undefinedTokens(text, defined).map((token) =>
        problem(studio.path, `$${token}$ is set by no input`, studio.line),
      );
    }),
    ...simpleViews(app).flatMap(({ path, root }) => simpleTokens(path, root)),
  ]),
  rule("portcullis_base_searches_exist", "failure", (app) =>
    simpleViews(app).flatMap(({ path, root }) => {
      const searches = everyElement(root).filter(({ name }) => name === "search");
      const ids = new Set(searches.map(({ attributes }) => attributes["id"]));
      return searches
        .filter(({ attributes }) => attributes["base"] !== undefined && !ids.has(attributes["base"]))
        .map(({ attributes, line }) => problem(path, `there is no search ${attributes["base"]}`, line));
    }),
  ),
  rule("portcullis_simple_dashboards_show_something", "failure", (app) =>
    simpleViews(app).flatMap(({ path, root }) =>
      everyElement(root)
        .filter(({ name }) => /^(?:table|chart|single|event|map|viz)$/.test(name))
        .filter((panel) => !everyElement(panel).some(({ name }) => name === "search" || name === "query"))
        .map((panel) => problem(path, `<${panel.name}> has no search`, panel.line)),
    ),
  ),
];

function studioElements(app: App) {
  return viewsOf(app)
    .filter(({ root }) => root.attributes["version"] === "2")
    .map(({ path, root }) => ({ path, element: root }));
}

function simpleViews(app: App) {
  return viewsOf(app).filter(
    ({ root }) => /^(?:dashboard|form)$/.test(root.name) && root.attributes["version"] !== "2",
  );
}

/** The definition, or what is wrong with it. */
function parseDefinition(text: string): Definition | string {
  try {
    const parsed = Definition.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : z.prettifyError(parsed.error);
  } catch (error) {
    return `the definition is no JSON: ${String(error)}`;
  }
}

function studios(app: App): Studio[] {
  return studioElements(app).flatMap(({ path, element }) => {
    const found = element.children.find(({ name }) => name === "definition");
    const definition = found === undefined ? "" : parseDefinition(found.text);
    return typeof definition === "string" ? [] : [{ path, line: found?.line ?? 0, definition }];
  });
}

function wrongSources({ path, line, definition }: Studio): Problem[] {
  const used = [
    ...Object.entries(definition.visualizations).flatMap(([name, { dataSources }]) =>
      Object.values(dataSources ?? {}).map((source) => ({ name, source })),
    ),
    ...Object.entries(definition.dataSources).flatMap(([name, { type, options }]) => {
      const source = options?.["extend"];
      return type === "ds.chain" ? [{ name, source: typeof source === "string" ? source : "(none)" }] : [];
    }),
    ...Object.entries(definition.inputs ?? {}).flatMap(([name, input]) => {
      const sources = z.object({ dataSources: z.record(z.string(), z.string()) }).safeParse(input)
        .data?.dataSources;
      return Object.values(sources ?? {}).map((source) => ({ name, source }));
    }),
  ];
  return used
    .filter(({ source }) => definition.dataSources[source] === undefined)
    .map(({ name, source }) => problem(path, `${name} uses ${source}, which is not defined`, line));
}

function unusedSources({ path, line, definition }: Studio): Problem[] {
  const rest = JSON.stringify([definition.visualizations, definition.inputs, definition.dataSources]);
  return Object.keys(definition.dataSources)
    .filter((source) => !rest.includes(`:${JSON.stringify(source)}`))
    .map((source) => problem(path, `${source} is used by nothing`, line));
}

function wrongLayout({ path, line, definition }: Studio): Problem[] {
  const placed = new Set(itemsIn(definition.layout));
  const things = new Set([
    ...Object.keys(definition.visualizations),
    ...Object.keys(definition.inputs ?? {}),
  ]);
  return [
    ...[...placed]
      .filter((item) => !things.has(item))
      .map((item) => `the layout places ${item}, which is not defined`),
    ...[...things].filter((thing) => !placed.has(thing)).map((thing) => `${thing} is placed nowhere`),
  ].map((text) => problem(path, text, line));
}

/** Names in `structure` (also of tabs) and in `globalInputs`, wherever they stand. */
function itemsIn(value: unknown): string[] {
  if (Array.isArray(value)) {
    return value.flatMap(itemsIn);
  }
  if (typeof value !== "object" || value === null) {
    return [];
  }
  const item = Item.safeParse(value).data?.item;
  const inputs = z.object({ globalInputs: z.array(z.string()) }).safeParse(value).data?.globalInputs;
  return [...(item === undefined ? [] : [item]), ...(inputs ?? []), ...Object.values(value).flatMap(itemsIn)];
}

function inputTokens({ inputs }: Definition): string[] {
  return Object.values(inputs ?? {}).flatMap(({ type, options }) => {
    const token = options?.["token"];
    const names = typeof token === "string" ? [token] : [];
    return type === "input.timerange"
      ? names.flatMap((name) => [name, `${name}.earliest`, `${name}.latest`])
      : names;
  });
}

function simpleTokens(path: string, root: XmlElement): Problem[] {
  const elements = everyElement(root);
  const set = elements.flatMap(({ name, attributes }) => {
    const token = attributes["token"];
    const isSetter = /^(?:input|set|eval|unset)$/.test(name);
    return isSetter && token !== undefined
      ? [token, `form.${token}`, `${token}.earliest`, `${token}.latest`]
      : [];
  });
  const defined = new Set(set);
  return elements.flatMap((element) =>
    undefinedTokens(`${element.text} ${Object.values(element.attributes).join(" ")}`, defined).map((token) =>
      problem(path, `$${token}$ is set by no input`, element.line),
    ),
  );
}

/** Tokens that Splunk sets itself: of a click, a row, a result, a job, the user. */
const splunkTokens = /^(?:click|row|result|job|env|trellis|name|value|earliest|latest|start|end|selection)\b/;

/** Names between two dollar signs that nothing sets. `$$` is a dollar sign; a filter (`|s`, `|u`) is no part of the name. */
function undefinedTokens(text: string, defined: ReadonlySet<string>): string[] {
  const used = [...text.replaceAll("$$", "").matchAll(/\$([A-Za-z_][\w.:]*)(?:\|\w+)?\$/g)].map(
    ([, token = ""]) => token,
  );
  return [...new Set(used)].filter((token) => !defined.has(token) && !splunkTokens.test(token));
}
