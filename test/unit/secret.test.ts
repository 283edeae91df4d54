import { expect, test } from "vitest";
import { createSecretCheck } from "../../src/domain/secret.ts";

test.each([
  { given: "one", is: true },
  { given: "two", is: true },
  { given: "on", is: false },
  { given: "onee", is: false },
  { given: "", is: false },
])("$given is one of the secrets: $is", ({ given, is }) => {
  expect(createSecretCheck(["one", "two"])(given)).toBe(is);
});

test("without secrets nothing matches", () => {
  expect(createSecretCheck([])("")).toBe(false);
});
