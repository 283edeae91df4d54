import { onTestFinished } from "vitest";
import type { SplunkConfig } from "../../src/config/config.ts";
import type { Row } from "../../src/domain/alert.ts";
import { createSplunkApi, type SplunkApiOptions } from "../../src/ingest/splunk-api/create-splunk-api.ts";
import { type SplunkOptions, splunkToken, startSplunk } from "../fakes/splunk.ts";

export interface SplunkDeskOptions extends SplunkOptions {
  readonly config?: Partial<SplunkConfig>;
  readonly api?: SplunkApiOptions;
}

/** A stand-in for Splunk over real TLS and a client that has pinned its certificate; both end with the test. */
export async function splunkDesk({ config = {}, api: apiOptions = {}, ...options }: SplunkDeskOptions = {}) {
  const splunk = await startSplunk(options);
  const api = createSplunkApi(
    {
      host: splunk.host,
      port: splunk.port,
      login: { kind: "token", token: splunkToken },
      ca: null,
      certSha256: splunk.certSha256,
      ...config,
    },
    apiOptions,
  );
  onTestFinished(async () => {
    await api.close();
    await splunk.close();
  });
  return { splunk, api };
}

/** Never aborts. */
export const patient = new AbortController().signal;

export async function gather(pages: AsyncIterable<readonly Row[]>): Promise<readonly Row[]> {
  const all: Row[] = [];
  for await (const rows of pages) {
    all.push(...rows);
  }
  return all;
}

/** So many rows, each with an address of its own. */
export function manyRows(count: number): readonly Readonly<Record<string, string>>[] {
  return Array.from({ length: count }, (_, index) => ({
    src_ip: `203.0.${Math.trunc(index / 250) % 256}.${index % 250}`,
    count: String(index),
  }));
}
