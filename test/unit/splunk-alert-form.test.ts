import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { severities } from "../../src/domain/severity.ts";
import { ModeName } from "../../src/operate/api/decision-shapes.ts";

const form = readFileSync(
  join(import.meta.dirname, "../../splunk-app/default/data/ui/alerts/portcullis_block.html"),
  "utf8",
);

/** What one of the form's lists can be set to. */
function choicesOf(parameter: string): readonly (string | undefined)[] {
  const list = new RegExp(
    `<splunk-select name="action.portcullis_block.param.${parameter}"[\\s\\S]*?</splunk-select>`,
  );
  const [found = ""] = list.exec(form) ?? [];
  return [...found.matchAll(/<option value="([^"]*)">[^<]+<\/option>/g)].map(([, value]) => value);
}

test("the form offers every severity and mode that Portcullis knows, and to say nothing", () => {
  expect(new Set(choicesOf("severity"))).toEqual(new Set(["", ...severities]));
  expect(choicesOf("mode")).toEqual(["", ...ModeName.options]);
});

test("Splunk's cleaning of forms leaves every element, and the link finds the setup page under any prefix", () => {
  // Those that Splunk Web keeps beside plain HTML; it takes others out, with what the person entered.
  const kept = [
    "form",
    "div",
    "p",
    "a",
    "option",
    "splunk-control-group",
    "splunk-text-input",
    "splunk-text-area",
    "splunk-select",
  ];
  const used = new Set([...form.matchAll(/<([\w-]+)/g)].map(([, name]) => name));

  expect([...used].filter((name) => name === undefined || !kept.includes(name))).toEqual([]);
  expect(form).toContain('href="{{SPLUNKWEB_URL_PREFIX}}/app/portcullis/portcullis_setup"');
});
