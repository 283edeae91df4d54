import { z } from "zod";
import type { App } from "./app-package.ts";
import { viewElements } from "./ui-rules.ts";

/** A search of the app, wherever it stands. */
export interface FoundSearch {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

const DataSources = z.object({
  dataSources: z.record(
    z.string(),
    z.object({ options: z.object({ query: z.string().optional() }).optional() }),
  ),
});

/** Every search that the app brings: saved ones, event types, macros, panels of both kinds of dashboards, workflow actions. */
export function searchesOf(app: App): readonly FoundSearch[] {
  const inConfs = (name: string, key: RegExp) =>
    (app.conf(name)?.stanzas ?? []).flatMap(({ settings }) =>
      settings
        .filter((setting) => key.test(setting.key))
        .map(({ value, line }) => ({ file: `default/${name}.conf`, line, text: value })),
    );
  const inViews = viewElements(app).flatMap(({ path, element }) => {
    if (element.name === "query") {
      return [{ file: path, line: element.line, text: element.text }];
    }
    return element.name === "definition"
      ? studioQueries(element.text).map((text) => ({ file: path, line: element.line, text }))
      : [];
  });
  return [
    ...inConfs("savedsearches", /^search$/),
    ...inConfs("eventtypes", /^search$/),
    ...inConfs("macros", /^definition$/),
    ...inConfs("workflow_actions", /^search\.search_string$/),
    ...inViews,
  ];
}

function studioQueries(text: string): string[] {
  try {
    const sources = DataSources.safeParse(JSON.parse(text)).data?.dataSources ?? {};
    return Object.values(sources).flatMap(({ options }) =>
      options?.query === undefined ? [] : [options.query],
    );
  } catch {
    return [];
  }
}
