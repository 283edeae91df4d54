import { describe, expect, test } from "vitest";
import { block, enforcement, firewall, since, startAnswering, usual } from "./answering-desk.ts";
import { temporaryDir } from "./run-app.ts";
import { runCommand } from "./run-command.ts";

const network = "203.0.113.8/32";
const args = ["block", "203.0.113.8", "--reason", "x"];
const decision = { action: "block", reasons: [] };
/** So many milliseconds after the block was made. */
const later = (ms: number): string => new Date(Date.parse(since) + ms).toISOString();

describe("block", () => {
  test("tells each firewall as soon as it drops it, and waits for the last one", async () => {
    let rounds = 0;
    const { command, asked } = await startAnswering((call) => {
      rounds += 1;
      const isLate = rounds < 4;
      const made = block(network, {
        expiresAt: null,
        enforcements: [
          enforcement("edge-1", "verified", { verifiedAt: later(142) }),
          enforcement("edge-2", isLate ? "applied" : "verified", { verifiedAt: isLate ? null : later(3400) }),
        ],
      });
      return call.startsWith("POST") ? { block: made, decision } : { blocks: [made] };
    });

    const { exitCode, out, err } = await command(...args);

    expect({ exitCode, err }).toEqual({ exitCode: 0, err: "" });
    expect(out).toBe(
      "203.0.113.8 is blocked until somebody lifts it.\nedge-1  verified: read back from the kernel, 142 ms\nedge-2  verified: read back from the kernel, 3.4 s\n",
    );
    expect(asked).toEqual([
      "POST /api/v1/blocks",
      ...Array.from({ length: 3 }, () => `GET /api/v1/blocks/${network}`),
    ]);
  });

  test("what a host refused is final; a disabled firewall is told, not waited for, and no failure", async () => {
    const rows = (state: string) => [
      enforcement("edge-1", state, { error: state === "refused" ? "its own gateway" : null }),
      enforcement("dmz-1", "requested"),
      enforcement("gone-1", "verified", { verifiedAt: later(5) }),
      enforcement("gone-2", "requested"),
    ];
    const firewalls = [...usual, firewall("dmz-1", { enabled: false, state: "disabled" })];
    const answering = (state: string) =>
      startAnswering(() => ({ block: block(network, { enforcements: rows(state) }), decision }), firewalls);

    const refused = await (await answering("refused")).command(...args);
    const good = await (await answering("verified")).command(...args);

    expect(refused.exitCode).toBe(1);
    expect(refused.out.split("\n").slice(1)).toEqual([
      "edge-1  refused: its own gateway",
      "dmz-1  is disabled: it does not drop it",
      "gone-1  verified: read back from the kernel, 5 ms",
      "gone-2  is no longer configured: it does not drop it",
      "",
    ]);
    expect(refused.err).toMatch(/^Not dropped yet by edge-1\. /);
    expect(good).toMatchObject({ exitCode: 0, err: "" });
  });

  test("with no firewall at all it says that nothing drops it", async () => {
    const { command } = await startAnswering(() => ({ block: block(network), decision }));

    const { exitCode, out } = await command(...args);

    expect(exitCode).toBe(0);
    expect(out).toContain("\nNo firewall is configured for it: it is on record, and nothing drops it.\n");
  });

  test("what is withdrawn from a canary, and a receiver that forgot the block", async () => {
    const impatience = new AbortController();
    const { url } = await startAnswering((call) => {
      const error = "edge-1 as canary: no answer";
      const made = block(network, { enforcements: [enforcement("edge-1", "withdrawn", { error })] });
      return call.startsWith("POST") ? { block: made, decision } : { blocks: [] };
    });
    impatience.abort();

    const stopped = await runCommand(
      [...args, "--url", url],
      { DATA_DIR: temporaryDir() },
      impatience.signal,
    );
    const forgotten = await runCommand([...args, "--url", url], { DATA_DIR: temporaryDir() });

    expect(stopped.exitCode).toBe(1);
    expect(stopped.out).toMatch(/^203\.0\.113\.8 is to be blocked until .*, in force on 0 of 1 firewall\.\n/);
    expect(forgotten.out).toMatch(/^203\.0\.113\.8 is to be blocked until /);
    expect(stopped.out).toContain("edge-1  not confirmed yet: withdrawn: edge-1 as canary: no answer\n");
    expect(forgotten).toMatchObject({
      exitCode: 1,
      err: expect.stringMatching(/^API_REFUSED: .*does not know the block/),
    });
  });
});
