import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { scriptOnInput } from "../../src/enforce/iptables-ssh/script-on-input.ts";

const script = `printf 'ü: %s %s\\n' "$0" "$1" # a comment`;
const { command, input } = scriptOnInput(script);

const shells = [["dash"], ["bash"], ["busybox", "ash"]].filter(
  ([shell = "", ...more]) => spawnSync(shell, [...more, "-c", "true"]).status === 0,
);

describe.each(shells)("a script on standard input, run by %s", (...shell) => {
  const run = (given: string | Buffer): string => {
    const [program = "", ...more] = shell.filter((word) => word !== undefined);
    return spawnSync(program, [...more, "-c", command, "name", "one"], { input: given, encoding: "utf8" })
      .stdout;
  };

  test("is run with its arguments", () => {
    expect(run(input)).toBe("ü: name one\n");
  });

  test("does nothing when it is cut off, wherever", () => {
    const bytes = Buffer.from(input);
    for (let length = bytes.length - 2; length >= 0; length -= 7) {
      expect(run(bytes.subarray(0, length))).toBe("");
    }
  });
});
