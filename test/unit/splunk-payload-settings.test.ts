import { describe, expect, test } from "vitest";
import { readSplunkPayload } from "../../src/ingest/splunk-payload.ts";
import { t0 } from "../fakes/samples.ts";

const settings = { fields: ["attacker"], severity: null, mode: "observe", note: "Ask Anna." };
const body = { sid: "1760000400.1", search_name: "SSH", results: [{ attacker: "203.0.113.5" }] };
const readFrom = (source: string, said: unknown, ignored: string[] = []) =>
  readSplunkPayload(
    { ...body, settings: said },
    { receivedAt: t0, source, onIgnored: (parts) => void ignored.push(...parts) },
  );

describe("settings in a delivery", () => {
  test("count when it is signed, and are no extra", () => {
    expect(readFrom("splunk-action", settings)).toMatchObject({ settings, extras: null });
  });

  test("of the stock webhook, whose token is in Splunk's log, are only an extra", () => {
    const ignored: string[] = [];
    const alert = readFrom("splunk-webhook", settings, ignored);

    expect(alert.settings).toBeNull();
    expect(JSON.parse(alert.extras ?? "")).toEqual({ settings });
    expect(ignored).toEqual([]);
  });

  test("what of them means nothing stays an extra, and is told; a mode that can't be read asks for a person", () => {
    const ignored: string[] = [];
    const alert = readFrom("splunk-action", { ...settings, mode: "off", color: "red" }, ignored);

    expect(alert.settings).toEqual({ ...settings, mode: "approve" });
    expect(JSON.parse(alert.extras ?? "")).toEqual({ settings: { mode: "off", color: "red" } });
    expect(ignored).toEqual(["mode"]);
  });

  test("other keys that are not known stay extras beside them, a prototype's name too", () => {
    const said: unknown = JSON.parse('{"sid":"1","__proto__":{"a":1},"settings":{"mode":"observe"}}');
    const alert = readSplunkPayload(said, { receivedAt: t0, source: "splunk-action" });

    expect(alert.settings?.mode).toBe("observe");
    expect(alert.extras).toBe('{"__proto__":{"a":1}}');
  });

  test("do not make another delivery of the same id, and rows are read as ever", () => {
    const about = { receivedAt: t0, source: "splunk-action", deliveryId: "1760000400.1.0.abc" };
    const [one, two] = [settings, undefined].map((said) =>
      readSplunkPayload({ ...body, settings: said }, about),
    );

    expect(one?.id).toBe(two?.id);
    expect(one?.rows).toEqual([[["attacker", ["203.0.113.5"]]]]);
  });
});
