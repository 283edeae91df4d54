import { z } from "zod";
import type { App } from "./app-package.ts";
import { problem, type Problem, type Rule, rule } from "./rule.ts";

const Named = z.strictObject({
  name: z.string().nullable(),
  text: z.string().nullable(),
  uri: z.string().nullable(),
});
const Deployment = z.enum(["_standalone", "_distributed", "_search_head_clustering"]);

/** Schema 2.0.0 of Splunk's packaging toolkit. Source: facts 3.8. */
const Manifest = z.strictObject({
  schemaVersion: z.literal("2.0.0"),
  info: z.strictObject({
    title: z.string().min(1),
    id: z.strictObject({ group: z.string().nullable(), name: z.string().min(1), version: z.string().min(1) }),
    author: z
      .array(
        z.strictObject({ name: z.string(), email: z.string().nullable(), company: z.string().nullable() }),
      )
      .min(1),
    releaseDate: z.iso.date().nullable(),
    description: z.string().min(1),
    classification: z.strictObject({
      intendedAudience: z.string().nullable(),
      categories: z.array(z.string()),
      developmentStatus: z.string().nullable(),
    }),
    commonInformationModels: z.record(z.string(), z.string()).nullable(),
    license: Named,
    privacyPolicy: Named,
    releaseNotes: Named,
  }),
  dependencies: z.null(),
  tasks: z.array(z.string()).nullable(),
  inputGroups: z.null(),
  incompatibleApps: z.null(),
  platformRequirements: z.strictObject({
    splunk: z.strictObject({ Enterprise: z.string().regex(/^[<>=~^*\d. ]+$/) }),
  }),
  supportedDeployments: z.array(z.union([Deployment, z.literal("*")])).min(1),
  targetWorkloads: z.array(z.enum(["_search_heads", "_indexers", "_forwarders", "*"])).min(1),
});

/** The manifest as far as it can be understood. */
export function manifestOf(app: App): z.infer<typeof Manifest> | undefined {
  return parse(app)?.data;
}

function parse(app: App) {
  if (!app.has("app.manifest")) {
    return undefined;
  }
  try {
    return Manifest.safeParse(JSON.parse(app.text("app.manifest")));
  } catch {
    return undefined;
  }
}

/** Facts 3.8. AppInspect leaves the manifest to Splunk's packaging toolkit. */
export const manifestRules: readonly Rule[] = [
  rule("portcullis_manifest_follows_its_schema", "failure", (app) => {
    const parsed = parse(app);
    if (parsed === undefined) {
      return [problem("app.manifest", "is missing, or no JSON")];
    }
    return (parsed.error?.issues ?? []).map(({ path, message }) =>
      problem("app.manifest", `${path.join(".")}: ${message}`),
    );
  }),
  rule("portcullis_manifest_names_files_that_exist", "failure", namedFiles),
];

function namedFiles(app: App): Problem[] {
  const info = manifestOf(app)?.info;
  return [info?.license, info?.privacyPolicy, info?.releaseNotes].flatMap((named) => {
    const text = named?.text ?? null;
    return text === null || app.has(text) ? [] : [problem("app.manifest", `${text} is not in the package`)];
  });
}
