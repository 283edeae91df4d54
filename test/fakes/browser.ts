import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";

export const chromiumPath = "/usr/bin/chromium";

const script = readFileSync(join(import.meta.dirname, "measure-page.js"), "utf8");

/** Debian's Chromium without a window. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
  });
}

/** A page and what went wrong in it. */
export interface WatchedPage {
  readonly page: Page;
  /** Errors of scripts, dialogs that something opened, and requests to other hosts. Must stay empty. */
  readonly alarms: readonly string[];
}

/** Opens `url` and notes whatever a page of ours must never do. */
export async function watchPage(browser: Browser, url: string): Promise<WatchedPage> {
  const page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
  const alarms: string[] = [];
  page.on("pageerror", (error) => alarms.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => {
    alarms.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) {
      alarms.push(`foreign request: ${request.url()}`);
    }
  });
  await page.goto(url);
  return { page, alarms };
}

/** How well a page can be read. */
export interface Measures {
  /** How many texts were looked at. */
  readonly texts: number;
  /** Texts that are too faint for their background (WCAG 2 AA: 4.5 to 1). */
  readonly faint: readonly string[];
  /** By how many pixels the page is wider than its window. */
  readonly overflow: number;
  /** Controls without a label. */
  readonly nameless: readonly string[];
}

export async function measure(page: Page): Promise<Measures> {
  const measures: Measures = await page.evaluate(script);
  return measures;
}
