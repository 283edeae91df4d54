import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { missingPrograms } from "../fakes/missing-programs.ts";

const python = "/usr/bin/python3";

test.skipIf(missingPrograms(python) !== null)("what the pages send is checked (test_wanted.py)", async () => {
  const script = join(import.meta.dirname, "../splunk-app/test_wanted.py");

  const { stderr } = await promisify(execFile)(python, [script]);

  expect(stderr).toMatch(/^Ran 7 tests in .*\n\nOK$/m);
});
