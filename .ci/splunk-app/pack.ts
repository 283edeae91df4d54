import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { packTar } from "modern-tar";
import type { AppFile } from "./list-files.ts";

/**
 * A gzipped tar with one top folder, `name`. Equal files give equal bytes, whatever the umask, the times and the order in which
 * they were found (with the same Node: another zlib may compress differently).
 * Folders are 0755 and files 0644: Splunk runs scripts with its own Python, so none needs an execute bit.
 */
export async function pack(name: string, files: readonly AppFile[]): Promise<Uint8Array> {
  const folders = new Set(files.flatMap(({ path }) => parents(`${name}/${path}`)));
  const entries = [
    ...[...folders].map((folder) => ({ header: headerOf(`${folder}/`, "directory", new Uint8Array()) })),
    ...files.map(({ path, bytes }) => ({ header: headerOf(`${name}/${path}`, "file", bytes), body: bytes })),
  ];
  entries.sort((a, b) => (a.header.name < b.header.name ? -1 : 1));
  const gzip = gzipSync(await packTar(entries), { level: 9 });
  // The header's ninth byte names the operating system: 255 is "unknown".
  gzip[9] = 255;
  return gzip;
}

function parents(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}

function headerOf(name: string, type: "file" | "directory", bytes: Uint8Array) {
  const mode = type === "directory" ? 0o755 : 0o644;
  return {
    name,
    type,
    mode,
    size: bytes.length,
    mtime: timeOf(bytes),
    uid: 0,
    gid: 0,
    uname: "root",
    gname: "root",
  };
}

/**
 * A time in the first half of 2020 that is made from the content. Python takes its cached bytecode for current when time and size of the
 * source are those it noted; with one time for all, an update of equal length would go on running the old code.
 */
function timeOf(bytes: Uint8Array): Date {
  const seconds = createHash("sha256").update(bytes).digest().readUIntBE(0, 3) % 15_000_000;
  return new Date(Date.UTC(2020, 0, 1) + seconds * 1000);
}
