import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listFiles } from "../../.ci/splunk-app/list-files.ts";
import { pack } from "../../.ci/splunk-app/pack.ts";
import { sameVersion } from "../../.ci/splunk-app/same-version.ts";
import { type App, openApp, readPackage } from "../splunk-app/appinspect/app-package.ts";
import { settingIn } from "../splunk-app/appinspect/conf.ts";
import { inspect } from "../splunk-app/appinspect/inspect.ts";
import { isPythonMissing } from "../splunk-app/appinspect/python-source.ts";

const root = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "portcullis-app-"));
let app: App;

beforeAll(async () => {
  // Apart from the checkout, so that it does not matter what git knows here.
  cpSync(join(root, "splunk-app"), folder, { recursive: true });
  const files = listFiles(folder);
  const version = sameVersion(files, readFileSync(join(root, "package.json"), "utf8"));
  app = openApp(await readPackage(`portcullis-${version}.tgz`, await pack("portcullis", files)));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test.skipIf(isPythonMissing)("the Splunk app, as it is packed, breaks no rule", () => {
  expect(inspect(app.package)).toEqual([]);
});

/** What Splunk asks of a parameter when an alert is saved: the regular expression of its rule. */
function ruleOf(parameter: string): RegExp {
  const key = `action.portcullis_block.param.${parameter}`;
  const rule = settingIn(app.conf("restmap"), "validation:savedsearch", key)?.value ?? "";
  // In a string of Splunk's eval, \" is a quotation mark; every other backslash stays.
  const pattern = /^validate\(match\('[\w.]+', "((?:[^"\\]|\\.)*)"\), "[^"]+"\)$/.exec(rule)?.[1];
  return new RegExp(pattern?.replaceAll('\\"', '"') ?? "(?!)");
}

describe("when an alert is saved", () => {
  test("one with the action is refused while no URL is set, and nothing else is", () => {
    const rule = settingIn(app.conf("restmap"), "validation:savedsearch", "action.portcullis_block")?.value;

    expect(rule).toMatch(
      /^case\('action\.portcullis_block' != "1", null\(\), 'action\.portcullis_block\.param\.url' == "", "[^"]* setup page [^"]*", 1==1, null\(\)\)$/,
    );
  });

  test.each([
    ["fields", ["", "src_ip", "src_ip, client_ip", "data{}.ip,values(src_ip)", "first name", "tag::ip"]],
    ["severity", ["", "low", "medium", "high", "critical", "$result.severity$"]],
    ["mode", ["", "observe", "approve", "enforce"]],
  ])("%s may be %j", (parameter, values) => {
    const rule = ruleOf(parameter);

    expect(values.filter((value) => !rule.test(value))).toEqual([]);
  });

  test.each([
    ["fields", [",", "src_ip,", "a,,b", '"src_ip"', ",src_ip"]],
    ["severity", ["urgent", "HIGH ", "$result.a b$", "high,low", "3"]],
    ["mode", ["block", "enforced", "observe enforce"]],
  ])("%s may not be %j", (parameter, values) => {
    const rule = ruleOf(parameter);

    expect(values.filter((value) => rule.test(value))).toEqual([]);
  });

  test("a list of fields that goes on for long is judged at once", () => {
    const started = performance.now();

    expect(ruleOf("fields").test(`${"a ".repeat(5000)}"`)).toBe(false);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});
