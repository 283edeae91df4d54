import { expect, test } from "vitest";
import { defaultExtract } from "../../src/extract/default-extract.ts";
import { extractSightings } from "../../src/extract/extract-sightings.ts";
import { countAddresses } from "../../src/ingest/count-addresses.ts";

const extract = (part: Parameters<typeof extractSightings>[0]) => extractSightings(part, defaultExtract);
const row = (n: number) => [
  ["src_ip", [`203.${n % 7}.${(n >> 8) & 255}.${n & 255}`, "203.0.113.1"]] as const,
];

test.each([0, 1, 10_000, 10_001, 39_999])(
  "%i rows: as many addresses as are taken from it, each once",
  async (count) => {
    const alert = { rows: Array.from({ length: count }, (_, n) => row(n)) };

    expect(await countAddresses(alert, extract)).toBe(extract(alert).length);
  },
);

test("very many rows leave room for others meanwhile", async () => {
  const alert = { rows: Array.from({ length: 60_000 }, (_, n) => row(n)) };
  let turns = 0;
  const others = setInterval(() => {
    turns += 1;
  }, 0);

  await countAddresses(alert, extract);

  clearInterval(others);
  expect(turns).toBeGreaterThan(2);
});
