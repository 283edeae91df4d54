import { join } from "node:path";
import { defineConfig } from "vitest/config";

const common = { testTimeout: 20_000, hookTimeout: 60_000 };

export default defineConfig({
  root: join(import.meta.dirname, ".."),
  test: {
    projects: [
      {
        extends: true,
        test: {
          ...common,
          name: "parts",
          include: ["test/{unit,contract,integration}/**/*.test.ts"],
          // Two cores: while one test waits for a disk or a process, the other one works.
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          ...common,
          name: "system",
          include: ["test/system/**/*.test.ts"],
          // They measure what a kernel lets through meanwhile, and start many processes of their own: one at a time.
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
