import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runInNewContext } from "node:vm";

/** What one of the app's AMD modules without dependencies defines. */
export function loadAmdModule(name: string): unknown {
  const path = join(import.meta.dirname, "../../splunk-app/appserver/static", `${name}.js`);
  let made: unknown;
  const define = (make: () => unknown): void => {
    made = make();
  };
  runInNewContext(readFileSync(path, "utf8"), { define, URL });
  return made;
}
