import type { Finding } from "../domain/finding.ts";
import type { IpAddress } from "../domain/ip-address.ts";
import { type Engine, isOneOf, type Queries } from "./engine.ts";
import type { ReadRows } from "./read-rows.ts";
import { FindingRow } from "./rows.ts";

/** Rows per insert; 5 columns each. */
const rowsPerInsert = 1000;

/** What was found about each of these addresses, the newest of each provider, also what has expired. */
export async function findingsAbout(
  engine: Engine,
  readRows: ReadRows,
  ips: readonly IpAddress[],
): Promise<ReadonlyMap<IpAddress, readonly Finding[]>> {
  const rows = await engine.reader
    .selectFrom("findings")
    .select(["ip", "provider", "finding"])
    .where(isOneOf(engine, "ip", ips))
    .execute();
  rows.sort((a, b) => (a.provider < b.provider ? -1 : 1));
  const { readable } = readRows(rows, {
    table: "findings",
    schema: FindingRow,
    idOf: ({ provider, ip }) => `${provider} ${ip}`,
  });
  return Map.groupBy(readable, ({ ip }) => ip);
}

/** So far ahead of the clock a moment can't have been: the clock was wrong when it was written down. */
export const mostAheadMs = 5 * 60 * 1000;

/** Keeps the newest of each provider and address. One that is kept from a moment that is still to come counts as older. */
export async function keepFindings(db: Queries, findings: readonly Finding[], now: Date): Promise<void> {
  const rows = newestOf(findings).map((finding) => ({
    ip: finding.ip,
    provider: finding.provider,
    finding: JSON.stringify(finding),
    found_at: finding.foundAt.getTime(),
    expires_at: finding.expiresAt.getTime(),
  }));
  for (let start = 0; start < rows.length; start += rowsPerInsert) {
    await db
      .insertInto("findings")
      .values(rows.slice(start, start + rowsPerInsert))
      .onConflict((conflict) =>
        conflict
          .columns(["ip", "provider"])
          .doUpdateSet((eb) => ({
            finding: eb.ref("excluded.finding"),
            found_at: eb.ref("excluded.found_at"),
            expires_at: eb.ref("excluded.expires_at"),
          }))
          .where((eb) =>
            eb.or([
              // A slower answer of another replica must not replace a newer one.
              eb("findings.found_at", "<=", eb.ref("excluded.found_at")),
              eb("findings.found_at", ">", now.getTime() + mostAheadMs),
            ]),
          ),
      )
      .execute();
  }
}

/** One of each address and provider, in one order everywhere: two replicas that keep the same ones crosswise would wait for each other. */
function newestOf(findings: readonly Finding[]): readonly Finding[] {
  const byKey = new Map<string, Finding>();
  for (const finding of findings) {
    const key = `${finding.ip} ${finding.provider}`;
    const other = byKey.get(key);
    if (other === undefined || other.foundAt <= finding.foundAt) {
      byKey.set(key, finding);
    }
  }
  return [...byKey].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, finding]) => finding);
}
