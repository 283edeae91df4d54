import { expect, test } from "vitest";
import { readExtras } from "../../src/ingest/read-extras.ts";

const parsed = (text: string): unknown => JSON.parse(text);

const isJson = (text: string): boolean => typeof parsed(text) === "object";

test("what is known is no extra", () => {
  const known = {
    sid: "1",
    search_name: "s",
    app: "a",
    owner: "o",
    results_link: "l",
    result: {},
    results: [],
  };

  expect(readExtras(known)).toBeNull();
  expect(readExtras("text")).toBeNull();
});

test("unknown keys are kept as they came, whatever they are called", () => {
  const body = parsed('{"sid":"1","__proto__":{"a":1},"constructor":[2],"severity":"\\u0000\\ud800"}');

  expect(readExtras(body)).toBe('{"__proto__":{"a":1},"constructor":[2],"severity":"\\u0000\\ud800"}');
});

test("what sounds like a secret is only named, at every depth", () => {
  const body = parsed(
    '{"session_key":"hunter2","configuration":{"api_key":["hunter2"],"url":"x"},"Password":1}',
  );

  expect(readExtras(body)).not.toMatch(/hunter2|:1/);
  expect(readExtras(body)).toContain('"url":"x"');
});

test("the webhook's token is left out of its URL, wherever that stands", () => {
  const url = "https://portcullis.example.net/webhooks/splunk/hunter2";
  const body = { configuration: { url, list: [`POST to ${url}?a=b`] }, target: url };

  expect(readExtras(body)).not.toContain("hunter2");
  expect(readExtras(body)).toContain("https://portcullis.example.net/webhooks/splunk/…?a=b");
});

test.each(["x-api-key", "access_key", "privateKey", "Cookie", "credentials", "passphrase"])(
  "%s sounds like a secret",
  (key) => {
    expect(readExtras({ [key]: "hunter2" })).not.toContain("hunter2");
  },
);

test("at most 64 KiB are kept; of the rest the names, as long as there is room", () => {
  const body = Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`k${n}`, "x".repeat(10_000)]));

  const extras = readExtras(body) ?? "";

  expect(extras.length).toBeLessThanOrEqual(65_536);
  expect(extras.split('"left out: ').length).toBeGreaterThan(100);
  expect(isJson(extras)).toBe(true);
  expect(extras).toContain('"left out: 10002 characters"');
});

test("a value that is nested without end is left out", () => {
  expect(readExtras(parsed(`{"x":${"[".repeat(100_000)}${"]".repeat(100_000)}}`))).toContain("left out");
});
