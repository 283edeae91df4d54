import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { listFiles, PackingError } from "./splunk-app/list-files.ts";
import { pack } from "./splunk-app/pack.ts";
import { sameVersion } from "./splunk-app/same-version.ts";

const usage = `Packs the Splunk app: splunk-app/ becomes portcullis-<version>.tgz, which Splunk installs.

Usage: npm run package:splunk-app [-- --out DIR]

  --out DIR   where the package goes (default: dist)
  --help      this text

The same files give the same bytes. Refused are versions that differ, links, hidden files, files that git does not know.
`;

const root = resolve(import.meta.dirname, "..");

try {
  const { values } = parseArgs({
    options: { out: { type: "string", default: "dist" }, help: { type: "boolean", default: false } },
  });
  process.stdout.write(values.help ? usage : await packageApp(resolve(values.out)));
} catch (error) {
  const isExpected = error instanceof PackingError || (error instanceof Error && "code" in error);
  process.stderr.write(`${isExpected ? error.message : String(error)}\nNothing was packed.\n`);
  process.exitCode = 1;
}

async function packageApp(outDir: string): Promise<string> {
  const files = listFiles(join(root, "splunk-app"));
  const version = sameVersion(files, readFileSync(join(root, "package.json"), "utf8"));
  const bytes = await pack("portcullis", files);
  mkdirSync(outDir, { recursive: true });
  const path = join(outDir, `portcullis-${version}.tgz`);
  writeFileSync(path, bytes);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return `${path}\n  ${files.length} files, ${bytes.length.toLocaleString("en")} bytes\n  SHA-256 ${sha256}\n`;
}
