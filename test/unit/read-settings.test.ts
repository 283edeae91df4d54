import { anything, assert, constantFrom, property, record } from "fast-check";
import { describe, expect, test } from "vitest";
import { readSettings } from "../../src/ingest/read-settings.ts";

const nothing = { fields: null, severity: null, mode: null, note: null };
const read = (text: string) => readSettings(JSON.parse(text));

describe("settings of an alert", () => {
  test("are read as the alert action sends them", () => {
    const said = {
      fields: ["src_ip", "values(attacker)"],
      severity: "high",
      mode: "observe",
      note: "Ask Anna.",
    };

    expect(readSettings(said)).toEqual({ settings: said, rest: undefined, ignored: [] });
  });

  test("need not be there; what a form leaves empty says nothing", () => {
    const none = { settings: null, rest: undefined, ignored: [] };

    for (const said of [undefined, null, {}, nothing, { fields: [], severity: "", mode: "", note: "" }]) {
      expect(readSettings(said)).toEqual(none);
    }
    expect(readSettings({ note: " \n " })).toEqual(none);
    expect(readSettings({ mode: "approve", note: null }).settings).toEqual({ ...nothing, mode: "approve" });
  });

  test("words are read in any case, with spaces around them", () => {
    expect(readSettings({ severity: " CRITICAL", mode: "Observe " })).toEqual({
      settings: { ...nothing, severity: "critical", mode: "observe" },
      rest: undefined,
      ignored: [],
    });
  });

  test.each([
    [{ severity: "worst" }, ["severity"]],
    [{ fields: "src_ip" }, ["fields"]],
    [{ fields: { 0: "src_ip" } }, ["fields"]],
    [{ fields: [7, null, "", "x".repeat(257)] }, ["fields"]],
    [{ note: { text: "x" } }, ["note"]],
    ["observe", ["settings"]],
    [["observe"], ["settings"]],
    [7, ["settings"]],
  ])("%j: what can't be read is ignored, named, and left over", (said, ignored) => {
    expect(readSettings(said)).toEqual({ settings: null, rest: said, ignored });
  });

  test.each([[{ mode: "block" }], [{ mode: 1 }], [{ mode: ["observe"] }]])(
    "%j: a mode that can't be read makes a person decide; it is named, and left over",
    (said) => {
      const settings = { ...nothing, mode: "approve" };

      expect(readSettings(said)).toEqual({ settings, rest: said, ignored: ["mode"] });
    },
  );

  test("one wrong part costs none of the others", () => {
    const said = { fields: ["src", 5], severity: "no", mode: "approve", note: "x", later: { a: 1 } };

    expect(readSettings(said)).toEqual({
      settings: { fields: ["src"], severity: null, mode: "approve", note: "x" },
      rest: { fields: ["src", 5], severity: "no", later: { a: 1 } },
      ignored: ["fields", "severity"],
    });
  });

  test("names of a prototype are keys like others, and never words", () => {
    const { settings, rest, ignored } = read(
      '{"__proto__":{"mode":"observe"},"constructor":"x","mode":"__proto__","severity":"constructor"}',
    );

    expect(settings).toEqual({ ...nothing, mode: "approve" });
    expect(JSON.stringify(rest)).toBe(
      '{"__proto__":{"mode":"observe"},"constructor":"x","mode":"__proto__","severity":"constructor"}',
    );
    expect(ignored).toEqual(["severity", "mode"]);
  });

  test("are bounded: fifty fields, 2,000 characters of a note, none of them torn", () => {
    const many = readSettings({ fields: Array.from({ length: 60 }, (_, n) => `f${n}`) });
    const long = readSettings({ note: "\u{1F6E1}".repeat(5000) });
    const exact = readSettings({ note: "\u{1F6E1}".repeat(2000) });

    expect(many.settings?.fields).toHaveLength(50);
    expect(many.ignored).toEqual(["fields"]);
    expect(long.settings?.note).toBe("\u{1F6E1}".repeat(2000));
    expect(long.ignored).toEqual(["note"]);
    expect(exact).toMatchObject({ settings: { note: "\u{1F6E1}".repeat(2000) }, ignored: [] });
    expect(readSettings({ note: "a\ud800" }).settings?.note).toBe("a\ufffd");
  });

  test("whatever they are, they are read without an error and within their bounds", () => {
    const part = anything({ withNullPrototype: true });
    const some = record({ fields: part, severity: part, mode: constantFrom("observe", "x", 1), note: part });
    assert(
      property(some, (said) => {
        const { settings } = readSettings(said);

        expect(settings?.fields?.length ?? 0).toBeLessThanOrEqual(50);
        expect(settings?.fields?.every((name) => name.length <= 256) ?? true).toBe(true);
        expect(Array.from(settings?.note ?? "").length).toBeLessThanOrEqual(2000);
        expect(["approve", "observe"]).toContain(settings?.mode);
      }),
    );
  });
});
