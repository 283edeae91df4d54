import { describe, expect, test } from "vitest";
import { readPolicyText } from "../../src/config/read-policy-text.ts";
import { defaultPolicy } from "../../src/decide/default-policy.ts";

/** As long as the API takes it. */
const most = 64 * 1024;

/** Repeats until it is as long as may be. */
function fill(piece: (index: number) => string): string {
  const pieces: string[] = [];
  let length = 0;
  for (let index = 0; length < most; index += 1) {
    const next = piece(index);
    pieces.push(next);
    length += next.length;
  }
  return pieces.join("");
}

const shortName = (index: number): string => `k${index.toString(36)}`;

function problemsOf(yaml: string): readonly string[] {
  const read = readPolicyText(yaml, { base: defaultPolicy, searches: [], versionOf: () => "sha256:0" });
  return "problems" in read ? read.problems : [];
}

/** What took half a minute and more at 250 KB takes a fifth of a second; a busy machine is given the rest. */
const patienceMs = 3000;

describe("a policy that was written to keep the program busy", () => {
  test.each([
    ["many unknown keys", fill((index) => `${shortName(index)}: 1\n`)],
    ["one key very often", fill(() => "a: 1\n")],
    ["many unknown keys in a section", `policy: {${fill((index) => `${shortName(index)}: 1, `)}}`],
    ["many keys without a name", `{${fill(() => ",")}}`],
    ["a fault in each character", `[${fill(() => ",")}]`],
    ["more ends than beginnings", fill(() => "]")],
    ["many empty rules", `block: [${fill(() => "{},")}]`],
    ["a wide quorum", `block: [{quorum: 2, of: [${fill((n) => `{virustotal: {malicious: ${n + 1}}},`)}]}]`],
    ["many searches that are none", `searches: [${fill(() => "1,")}]`],
    ["deep lists", fill(() => "[")],
    ["many aliases", `block: [${fill((index) => `&${shortName(index)} 1,*${shortName(index)},`)}]`],
  ])("%s: is refused at once, with at most 100 problems", (_what, yaml) => {
    const start = performance.now();
    const problems = problemsOf(yaml);

    expect(performance.now() - start).toBeLessThan(patienceMs);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.length).toBeLessThanOrEqual(101);
    expect(problems.join("\n").length).toBeLessThan(64 * 1024);
  });

  test("tells how many problems it left out", () => {
    const problems = problemsOf(
      Array.from({ length: 130 }, (_, index) => `${shortName(index)}: 1\n`).join(""),
    );

    expect(problems).toHaveLength(101);
    expect(problems.at(-1)).toBe("… and 30 more");
  });

  test("names each key that stands twice, with its place", () => {
    expect(problemsOf('duration: 1h\n"duration": 2h\nhints: { tor: hold, tor: watch }\ngrace: 1h')).toEqual([
      "policy:2:1: not valid YAML: this key stands twice",
      "policy:3:21: not valid YAML: this key stands twice",
    ]);
  });
});
