import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { z } from "zod";
import type { App } from "./app-package.ts";

const Place = z.object({ name: z.string(), line: z.number() });

/** What `read_python.py` says of one source. */
const PythonSource = z.object({
  error: z.object({ line: z.number(), text: z.string() }).nullable(),
  newer: z.array(Place),
  imports: z.array(Place),
  names: z.array(Place),
  calls: z.array(
    Place.extend({
      args: z.array(z.string().nullable()),
      keywords: z.record(z.string(), z.string().nullable()),
    }),
  ),
});
export type PythonSource = z.infer<typeof PythonSource>;

/** Whether the rules about Python can't be asked on this machine: never where PORTCULLIS_REQUIRE_SYSTEM=1 forbids to skip them. */
export const isPythonMissing =
  process.env["PORTCULLIS_REQUIRE_SYSTEM"] !== "1" && spawnSync("python3", ["--version"]).error !== undefined;

/** By text, so that a package of which one file was changed costs one look at that file. */
const read = new Map<string, PythonSource>();

/** Every .py file of the app, as Python 3.7 understands it: Splunk before 9.3 has no other. */
export function pythonSources(
  app: App,
): readonly (PythonSource & { readonly path: string; readonly text: string })[] {
  const files = app.texts.filter(({ path }) => path.endsWith(".py"));
  const unread = files.filter(({ text }) => !read.has(text));
  if (unread.length > 0) {
    const input = JSON.stringify(Object.fromEntries(unread.map(({ path, text }) => [path, text])));
    const output = execFileSync("python3", [join(import.meta.dirname, "read_python.py")], {
      input,
      encoding: "utf8",
    });
    const sources = z.record(z.string(), PythonSource).parse(JSON.parse(output));
    for (const { path, text } of unread) {
      const source = sources[path];
      if (source !== undefined) {
        read.set(text, source);
      }
    }
  }
  return files.flatMap(({ path, text }) => {
    const source = read.get(text);
    return source === undefined ? [] : [{ ...source, path, text }];
  });
}
