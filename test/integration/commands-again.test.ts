import { describe, expect, test } from "vitest";
import { eventually } from "../fakes/eventually.ts";
import { alertAbout } from "./api-desk.ts";
import { startCommands } from "./command-desk.ts";

const attacker = "203.0.113.45";

/** One alert has been decided. @returns its id too */
async function startDecided() {
  const desk = await startCommands();
  desk.provider.known.set(attacker, 8);
  await desk.post(alertAbout(attacker));
  const [alert] = await eventually("a decision", async () => {
    const { items } = await desk.store.listAlerts({ limit: 10, cursor: null });
    return items[0]?.decisions["block"] === 1 ? items : undefined;
  });
  return { ...desk, id: alert?.id ?? "" };
}

describe("a stored alert", () => {
  test("is sent once more by replay, and decided anew", async () => {
    const { command, id, store } = await startDecided();

    const replayed = await command("replay", id);

    expect(replayed).toMatchObject({ exitCode: 0, err: "" });
    const answer: { readonly alertId: string; readonly addresses: number } = JSON.parse(
      replayed.out.slice(replayed.out.indexOf(" ")),
    );
    const { alertId, addresses } = answer;
    expect({ isNew: alertId !== id, addresses }).toEqual({ isNew: true, addresses: 1 });
    const summary = await eventually("its decision", async () => {
      const found = (await store.alert(alertId))?.summary;
      return found?.decisions["ignore"] === 1 ? found : undefined;
    });
    expect(summary).toMatchObject({ source: "replay", searchName: "SSH brute force" });
  });

  test("is taken up again by redrive, which leaves alone what was decided", async () => {
    const { command, id, store } = await startDecided();

    const { exitCode, out } = await command("alerts", "redrive", id);
    const json = await command("alerts", "redrive", id, "--json");

    expect(exitCode).toBe(0);
    expect(out).toBe(
      `Taken up again: its addresses are looked for with today's settings; 1 address decided already, which stays (a new decision: "portcullis replay ${id}").\n`,
    );
    expect(JSON.parse(json.out)).toMatchObject({ alertId: id, decided: 1, waiting: 0 });
    await eventually("nothing waits", async () => (await store.counts(new Date())).alertsWaiting === 0);
    expect((await store.alert(id))?.summary.decisions).toEqual({ block: 1 });
  });

  test("that is not there is said so", async () => {
    const { command } = await startCommands();

    const redriven = await command("alerts", "redrive", "al_none");
    const replayed = await command("replay", `al_${"0".repeat(32)}`);

    expect(redriven).toMatchObject({
      exitCode: 1,
      err: expect.stringContaining("There is no alert of this id"),
    });
    expect(replayed).toMatchObject({
      exitCode: 1,
      err: expect.stringContaining("There is no alert of this id"),
    });
  });
});
