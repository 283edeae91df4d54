import { gunzipSync } from "node:zlib";
import { unpackTar } from "modern-tar";
import { type Conf, parseConf } from "./conf.ts";

/** One member of the tar. */
export interface Entry {
  /** As the tar says it: `portcullis/default/app.conf`, folders with `/` at the end. */
  readonly name: string;
  readonly type: string;
  readonly mode: number;
  readonly linkName: string;
  readonly bytes: Uint8Array;
}

/** A package as it is uploaded. */
export interface AppPackage {
  readonly fileName: string;
  /** Bytes of the upload. */
  readonly size: number;
  readonly isGzip: boolean;
  readonly entries: readonly Entry[];
}

/** A package, opened: paths are below the one top folder. */
export interface App {
  readonly package: AppPackage;
  /** Name of the top folder; empty when there is none. */
  readonly folder: string;
  readonly paths: readonly string[];
  has(path: string): boolean;
  bytes(path: string): Uint8Array | undefined;
  text(path: string): string;
  /** `default/<name>.conf`, parsed. */
  conf(name: string): Conf | undefined;
  /** Every .conf below default/. */
  readonly confs: readonly Conf[];
  /** Every text file: all but images and archives. */
  readonly texts: readonly { readonly path: string; readonly text: string }[];
}

export async function readPackage(fileName: string, bytes: Uint8Array): Promise<AppPackage> {
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const members = await unpackTar(isGzip ? gunzipSync(bytes) : bytes, { strict: true });
  const entries = members.map(({ header, data }) => ({
    name: header.name,
    type: header.type ?? "file",
    mode: header.mode ?? 0,
    linkName: header.linkname ?? "",
    bytes: data ?? new Uint8Array(),
  }));
  return { fileName, size: bytes.length, isGzip, entries };
}

export function openApp(appPackage: AppPackage): App {
  const folder = appPackage.entries[0]?.name.replace(/^\.\//, "").split("/")[0] ?? "";
  const files = new Map(
    appPackage.entries
      .filter(({ type }) => type !== "directory")
      .map(({ name, bytes }) => [name.replace(/^\.\//, "").slice(folder.length + 1), bytes]),
  );
  const paths = [...files.keys()];
  const text = (path: string) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(files.get(path));
  const confs = paths
    .filter((path) => /^default\/[^/]+\.conf$/.test(path))
    .map((path) => parseConf(path, text(path)));
  return {
    package: appPackage,
    folder,
    paths,
    has: (path) => files.has(path),
    bytes: (path) => files.get(path),
    text,
    conf: (name) => confs.find(({ path }) => path === `default/${name}.conf`),
    confs,
    texts: paths
      .filter((path) => !/\.(?:png|gif|jpe?g|ico|gz|tgz|kmz|woff2?)$/.test(path))
      .map((path) => ({ path, text: text(path) })),
  };
}
