import { describe, expect, test } from "vitest";
import { openApp } from "../splunk-app/appinspect/app-package.ts";
import { parseConf, valueIn } from "../splunk-app/appinspect/conf.ts";
import { runsPerHour } from "../splunk-app/appinspect/cron.ts";
import { pythonRules } from "../splunk-app/appinspect/python-rules.ts";
import { Draft } from "../splunk-app/appinspect/sample-app.ts";

describe("a .conf file", () => {
  test("has stanzas, settings, comments, and values that go on after a backslash", () => {
    const conf = parseConf(
      "a.conf",
      "# first\n[one]\na = 1 = 2\n  # inside\nb = {\\\n  x\\\n}\n\n[two words]\nc=\n",
    );

    expect(conf.mistakes).toEqual([]);
    expect(conf.stanzas).toEqual([
      {
        name: "one",
        line: 2,
        settings: [
          { key: "a", value: "1 = 2", line: 3 },
          { key: "b", value: "{\n  x\n}", line: 5 },
        ],
      },
      { name: "two words", line: 9, settings: [{ key: "c", value: "", line: 10 }] },
    ]);
  });

  test.each([
    ["\uFEFF[a]\n", 1, "byte order mark"],
    ["[a]\n[b]\n[a]\n", 3, "stanza [a] a second time"],
    ["[a]\nb = 1\nb = 2\n", 3, "b a second time in [a]"],
    ["[a]\nb\n", 2, "neither stanza nor setting: b"],
    ["[a\nb = 1\n", 1, "neither stanza nor setting: [a"],
    ["[a]\nb = 1\\ \nc\n", 2, "blanks after the backslash that continues the line"],
    ["[a]\nb = 1\\", 2, "the last line says that it is continued"],
  ])("%j has a mistake", (text, line, mistake) => {
    expect(parseConf("a.conf", text).mistakes).toContainEqual({ line, text: mistake });
  });

  test("keeps settings above the first stanza apart", () => {
    expect(valueIn(parseConf("a.conf", "a = 1\n[b]\n"), "default", "a")).toBe("1");
  });
});

test.each([
  ["*/5 * * * *", 12],
  ["3-59/5 * * * *", 12],
  ["* * * * *", 60],
  ["0,30 6-22 * * 1-5", 2],
  ["7 * * * *", 1],
  ["0 0 1 1 7", 1],
  ["*/5 * * *", undefined],
  ["60 * * * *", undefined],
  ["0 24 * * *", undefined],
  ["0 0 * jan *", undefined],
  ["0 0 * * mon", undefined],
  ["*/0 * * * *", undefined],
  ["9-5 * * * *", undefined],
  ["", undefined],
])("cron %j runs %s times an hour", (cron, runs) => {
  expect(runsPerHour(cron)).toBe(runs);
});

describe("an IP address", () => {
  const rule = pythonRules.find(({ name }) => name === "check_hostnames_and_ips");
  const found = (line: string) => {
    const draft = new Draft();
    draft.append("README.md", `${line}\n`);
    return rule?.check(openApp(draft.package)).map(({ text }) => text.split(" ")[0]);
  };

  test.each([
    ["see 192.0.2.7, and more", ["192.0.2.7"]],
    ["http://127.0.0.1:8089/", ["127.0.0.1"]],
    ["198.51.100.0/24.", ["198.51.100.0"]],
    ["to ::1 or [2001:db8::7]", ["::1", "2001:db8::7"]],
    ["fe80::1%eth0", ["fe80::1"]],
  ])("is found in %j", (line, addresses) => {
    expect(found(line)).toEqual(addresses);
  });

  test.each([
    "version 9.1.2.300",
    "at 12:34:56",
    "tag::eventtype",
    "1.2.3",
    "a::b",
    "x :: y",
    "1.2.3.4.5",
    "dead:beef",
  ])("is not seen in %j", (line) => {
    expect(found(line)).toEqual([]);
  });
});
