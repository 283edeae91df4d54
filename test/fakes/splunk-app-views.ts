import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { everyElement, parseXml, type XmlElement } from "../splunk-app/appinspect/xml.ts";
import { appDefault } from "./splunk-app-conf.ts";

/** What a panel shows, however its dashboard is written. */
export interface Panel {
  /** What is counted. */
  readonly title: string;
  /** What it means when nothing is shown. */
  readonly meaning: string;
  /** A single search; for one that goes on from another, both. */
  readonly search: string;
  readonly earliest: string;
  readonly latest: string;
}

const Placed = z.object({
  item: z.string(),
  position: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
});
const Studio = z.object({
  inputs: z.record(z.string(), z.object({ title: z.string(), options: z.object({ token: z.string() }) })),
  dataSources: z.record(
    z.string(),
    z.object({
      type: z.enum(["ds.search", "ds.chain"]),
      name: z.string(),
      options: z.object({
        query: z.string(),
        extend: z.string().optional(),
        queryParameters: z.object({ earliest: z.string(), latest: z.string() }).optional(),
      }),
    }),
  ),
  visualizations: z.record(
    z.string(),
    z.object({
      type: z.string(),
      title: z.string(),
      description: z.string(),
      dataSources: z.object({ primary: z.string() }),
    }),
  ),
  layout: z.object({
    type: z.literal("grid"),
    globalInputs: z.array(z.string()),
    structure: z.array(Placed),
  }),
});
export type Studio = z.infer<typeof Studio>;

/** The definition of the dashboard that is made with Dashboard Studio. */
export function readStudio(): Studio {
  const [definition] = elements(rootOf("portcullis"), "definition");
  return Studio.parse(JSON.parse(definition?.text ?? ""));
}

/** Its panels by name. */
export function studioPanels({ visualizations, dataSources }: Studio): ReadonlyMap<string, Panel> {
  const searchOf = (id: string): Pick<Panel, "search" | "earliest" | "latest"> => {
    const options = dataSources[id]?.options;
    if (options?.extend !== undefined) {
      const base = searchOf(options.extend);
      return { ...base, search: `${base.search} ${options.query}` };
    }
    const { earliest = "$time.earliest$", latest = "$time.latest$" } = options?.queryParameters ?? {};
    return { search: options?.query ?? "", earliest, latest };
  };
  return new Map(
    Object.entries(visualizations).map(([id, { title, description, dataSources }]) => [
      id.replace(/^viz_/, ""),
      { title, meaning: description, ...searchOf(dataSources.primary) },
    ]),
  );
}

/** The panels of the dashboard for older versions, by name. */
export function classicPanels(): ReadonlyMap<string, Panel> {
  const root = rootOf("portcullis_classic");
  const bases = new Map(elements(root, "search").map((search) => [search.attributes["id"], search] as const));
  const searchOf = (search: XmlElement | undefined): Pick<Panel, "search" | "earliest" | "latest"> => {
    const query = textOf(search, "query");
    const base = search?.attributes["base"];
    if (base !== undefined) {
      const from = searchOf(bases.get(base));
      return { ...from, search: `${from.search} ${query}` };
    }
    return { search: query, earliest: textOf(search, "earliest"), latest: textOf(search, "latest") };
  };
  return new Map(
    elements(root, "panel").map((panel) => {
      const shown = panel.children.find(({ name }) => name !== "title");
      return [
        shown?.attributes["id"]?.replace(/^panel_/, "") ?? "",
        {
          title: textOf(panel, "title"),
          meaning: textOf(shown, "title"),
          ...searchOf(shown?.children.find(({ name }) => name === "search")),
        },
      ];
    }),
  );
}

/** The text of a view, as it is in its file. */
export function viewText(name: string): string {
  return readFileSync(join(appDefault, `data/ui/views/${name}.xml`), "utf8");
}

function rootOf(name: string): XmlElement {
  const parsed = parseXml(viewText(name));
  if ("mistake" in parsed) {
    throw new Error(`${name}.xml, line ${parsed.line}: ${parsed.mistake}`);
  }
  return parsed.root;
}

function elements(root: XmlElement, name: string): readonly XmlElement[] {
  return everyElement(root).filter((element) => element.name === name);
}

function textOf(element: XmlElement | undefined, name: string): string {
  return element?.children.find((child) => child.name === name)?.text ?? "";
}
