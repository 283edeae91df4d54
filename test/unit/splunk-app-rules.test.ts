import { describe, expect, test } from "vitest";
import { openApp } from "../splunk-app/appinspect/app-package.ts";
import { confBreaks } from "../splunk-app/appinspect/breaks-confs.ts";
import { packageBreaks } from "../splunk-app/appinspect/breaks-package.ts";
import { sourceBreaks } from "../splunk-app/appinspect/breaks-sources.ts";
import { inspect, rules } from "../splunk-app/appinspect/inspect.ts";
import { isPythonMissing } from "../splunk-app/appinspect/python-source.ts";
import { Draft } from "../splunk-app/appinspect/sample-app.ts";

const breaks = new Map(Object.entries({ ...packageBreaks, ...confBreaks, ...sourceBreaks }));

const what = isPythonMissing ? "skipped, this machine has no python3: a package" : "a package";

test.skipIf(isPythonMissing)("the sample app breaks no rule", () => {
  expect(inspect(new Draft().package)).toEqual([]);
});

test("each rule has one name, and one way in which it is broken here", () => {
  const names = rules.map(({ name }) => name);

  expect(names).toEqual([...new Set(names)]);
  expect([...breaks.keys()].sort()).toEqual([...names].sort());
});

describe.skipIf(isPythonMissing)(`${what} that breaks one rule is refused by that rule:`, () => {
  test.each(rules)("$name", ({ name, check }) => {
    const draft = new Draft();
    breaks.get(name)?.(draft);

    expect(check(openApp(draft.package))).not.toEqual([]);
  });
});
