import { readFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { startSplunkWeb, type SplunkWeb } from "../fakes/splunk-web.ts";
import { type AppOptions, type RunningApp, runApp, temporaryDir } from "./run-app.ts";

/** Splunk Web with the app, set up for nothing yet; ended after the test. */
export async function startSplunk(): Promise<SplunkWeb> {
  const web = await startSplunkWeb();
  onTestFinished(() => web.close());
  return web;
}

export interface PagesDesk extends RunningApp {
  readonly web: SplunkWeb;
  readonly signingSecret: string;
  /** Of role operator. */
  readonly apiToken: string;
}

/** The whole receiver, and Splunk with the app, which is set up for it. */
export async function startBoth(options: AppOptions = {}): Promise<PagesDesk> {
  const dataDir = temporaryDir();
  const running = await runApp({ ...options, dataDir });
  const web = await startSplunk();
  const secrets: { readonly WEBHOOK_SIGNING_SECRET: string } = JSON.parse(
    readFileSync(join(dataDir, "secrets.json"), "utf8"),
  );
  const signingSecret = secrets.WEBHOOK_SIGNING_SECRET;
  const apiToken = await makeToken(running, "splunk", "operator");
  web.rest.stanza["param.url"] = running.app.url();
  web.rest.passwords.set("portcullis:signing_secret:", signingSecret);
  web.rest.passwords.set("portcullis:api_token:", apiToken);
  return { ...running, web, signingSecret, apiToken };
}

/** @returns its secret */
export async function makeToken(
  { app, adminToken }: Pick<RunningApp, "app" | "adminToken">,
  name: string,
  role: string,
): Promise<string> {
  const answer = await fetch(`${app.url()}/api/v1/tokens`, {
    method: "POST",
    headers: { Authorization: `Bearer ${adminToken}`, "Content-Type": "application/json" },
    body: JSON.stringify({ name, role }),
  });
  const made: { readonly secret: string } = JSON.parse(await answer.text());
  return made.secret;
}
