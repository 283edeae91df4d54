import type { Decision } from "../../src/domain/decision.ts";
import type { Finding } from "../../src/domain/finding.ts";
import type { Store } from "../../src/ports.ts";
import { virustotal } from "../fakes/findings.ts";
import { after, ip, recordOf, sampleDecision } from "../fakes/samples.ts";
import type { Answer, ApiServer } from "./api-server.ts";

export { recordOf, sampleAlert, sampleDecision, t0 } from "../fakes/samples.ts";

/** Blocks what these lines say. @param query begins with `?` */
export function importCsv({ call }: Pick<ApiServer, "call">, body: string, query = ""): Promise<Answer> {
  return call("POST", `/api/v1/blocks/import${query}`, { body, type: "text/csv" });
}

/** About the address that `sampleDecision` is about. */
export function virustotalOf(malicious: number): Finding {
  return { ...virustotal(malicious), ip: ip("203.0.113.9") };
}

/** Something about this address waits for a person for an hour. */
export async function hold(
  store: Store,
  id: string,
  address: string,
  changes: Partial<Decision> = {},
): Promise<void> {
  const decision = sampleDecision(id, {
    ip: ip(address),
    action: "hold",
    expiresAt: after(3600),
    ...changes,
  });
  await store.recordDecision(recordOf(decision, { holdSeconds: 3600, notifications: [] }));
}
