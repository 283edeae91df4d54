import { join } from "node:path";
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: join(import.meta.dirname, ".."),
  test: {
    include: ["test/{unit,contract,integration,system}/**/*.test.ts"],
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
});
