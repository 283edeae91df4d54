import { type AppFile, PackingError } from "./list-files.ts";

/**
 * The version that app.conf (twice), app.manifest and package.json agree on.
 * @throws {PackingError} naming each place and what stands there, when one is missing or differs.
 */
export function sameVersion(files: readonly AppFile[], packageJson: string): string {
  const appConf = textOf(files, "default/app.conf");
  const places: readonly (readonly [string, string | undefined])[] = [
    ["package.json version", versionOf(packageJson, [])],
    ["default/app.conf [id] version", confVersion(appConf, "id")],
    ["default/app.conf [launcher] version", confVersion(appConf, "launcher")],
    ["app.manifest info.id.version", versionOf(textOf(files, "app.manifest"), ["info", "id"])],
  ];
  const versions = new Set(places.map(([, version]) => version));
  const [version] = versions;
  if (versions.size !== 1 || version === undefined) {
    const found = places.map(([place, version]) => `  ${place}: ${version ?? "missing"}`);
    throw new PackingError(["The versions must be equal:", ...found]);
  }
  return version;
}

function textOf(files: readonly AppFile[], path: string): string {
  const file = files.find((file) => file.path === path);
  return file === undefined ? "" : new TextDecoder().decode(file.bytes);
}

function confVersion(text: string, stanza: string): string | undefined {
  const body = text.split(/^\[/m).find((part) => part.startsWith(`${stanza}]`));
  return body === undefined ? undefined : /^version *= *(\S+) *$/m.exec(body)?.[1];
}

function versionOf(json: string, path: readonly string[]): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  const found = [...path, "version"].reduce<unknown>(
    (at, key) => (isRecord(at) ? at[key] : undefined),
    value,
  );
  return typeof found === "string" ? found : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
