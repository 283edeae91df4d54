import { describe, expect, onTestFinished, test } from "vitest";
import { startAlertIntake } from "../fakes/alert-intake.ts";
import { eventually } from "../fakes/eventually.ts";
import { startSplunk } from "../fakes/splunk.ts";
import { temporaryDir } from "./run-app.ts";
import { runCommand } from "./run-command.ts";
import { manyRows } from "./splunk-desk.ts";

const search = "index=main failed | stats count by src_ip";

async function pullDesk() {
  const splunk = await startSplunk();
  const route = await startAlertIntake();
  onTestFinished(() => splunk.close());
  const env = {
    DATA_DIR: temporaryDir(),
    HOST: "127.0.0.1",
    PORT: String(route.port),
    ADMIN_TOKEN: route.token,
    ...splunk.env(),
  };
  const never = new AbortController().signal;
  return {
    splunk,
    route,
    env,
    pull: (args: readonly string[] = [], stopSignal = never) =>
      runCommand(["pull", "--search", search, ...args], env, stopSignal),
  };
}

const window = ["--earliest", "1760000000", "--latest", "1760000300"];

describe("pull", () => {
  test("gives what a search finds to the receiver, as an alert of that name", async () => {
    const { splunk, route, pull } = await pullDesk();
    splunk.onSearch(() => [
      { src_ip: "203.0.113.45", user: ["root", "admin"], note: null },
      { src_ip: "203.0.113.46" },
    ]);

    const { exitCode, out, err } = await pull([...window, "--name", "Failed logins"]);

    expect(splunk.requests[0]?.form).toMatchObject({
      search: `search ${search}`,
      earliest_time: "1760000000",
      latest_time: "1760000300",
    });
    expect(route.alerts).toEqual([
      {
        source: "pull",
        sid: expect.stringMatching(/^pull_[0-9a-f]{32}_at_1760000300_1$/),
        searchName: "Failed logins",
        results: [{ src_ip: "203.0.113.45", user: ["root", "admin"], note: [] }, { src_ip: "203.0.113.46" }],
      },
    ]);
    expect(exitCode).toBe(0);
    expect(out).toBe(`al_${"0".repeat(31)}1  accepted  2 rows, 2 addresses\n`);
    expect(err).toBe(
      `searching on 127.0.0.1:${splunk.port} from 2025-10-09T08:53:20Z to 2025-10-09T08:58:20Z …\n2 rows\n`,
    );
  });

  test("of the same window again is a repeat; of another window, search or name it is none", async () => {
    const { splunk, route, pull, env } = await pullDesk();
    splunk.onSearch(() => manyRows(2));

    await pull(window);
    const again = await pull(window);
    await pull(["--earliest", "1760000001", "--latest", "1760000301"]);
    await pull([...window, "--name", "another"]);
    await runCommand(["pull", "--search", `${search} `, ...window], env);

    expect(again.out).toContain("  duplicate  ");
    expect(new Set(route.alerts.map(({ sid }) => sid)).size).toBe(4);
  });

  test("sends many rows in parts", async () => {
    const { splunk, route, pull } = await pullDesk();
    splunk.onSearch(() => manyRows(12_001));

    const { out } = await pull([...window, "--json"]);

    expect(route.alerts.map(({ results }) => results.length)).toEqual([5000, 5000, 2001]);
    expect(route.alerts.map(({ sid }) => sid?.slice(-2))).toEqual(["_1", "_2", "_3"]);
    expect(
      out
        .trimEnd()
        .split("\n")
        .map((line): unknown => JSON.parse(line)),
    ).toMatchObject([{ rows: 5000, status: "accepted" }, { rows: 5000 }, { rows: 2001, addresses: 2001 }]);
  });

  test("sends large rows in parts that the receiver takes", async () => {
    const { splunk, route, pull } = await pullDesk();
    splunk.onSearch(() => manyRows(12).map((row) => ({ ...row, _raw: "é".repeat(500_000) })));

    const { exitCode } = await pull(window);

    expect(exitCode).toBe(0);
    expect(route.alerts.map(({ results }) => results.length)).toEqual([4, 4, 4]);
  });

  test("that finds nothing says so", async () => {
    const { route, pull } = await pullDesk();

    expect(await pull(window)).toMatchObject({
      exitCode: 0,
      out: "",
      err: expect.stringContaining("no rows: nothing was sent\n"),
    });
    expect(route.alerts).toEqual([]);
  });

  test("--dry-run prints the rows, and needs no receiver", async () => {
    const { splunk, route, pull } = await pullDesk();
    splunk.onSearch(() => [{ src_ip: "203.0.113.45\u001b[2J" }]);
    route.close();

    expect(await pull([...window, "--dry-run"])).toEqual({
      exitCode: 0,
      out: '{"src_ip":"203.0.113.45\\u001b[2J"}\n',
      err: expect.stringContaining("1 row; nothing was sent\n"),
    });
  });

  test("leaves to Splunk what only Splunk can work out", async () => {
    const { splunk, route, pull } = await pullDesk();
    splunk.onSearch(() => manyRows(1));

    await pull(["--earliest", "-1d@d", "--latest", "@d"]);

    expect(splunk.requests[0]?.form).toMatchObject({ earliest_time: "-1d@d", latest_time: "@d" });
    expect(route.alerts).toHaveLength(1);
  });

  test.each([
    [["--search", " "], "--search: expected a search"],
    [["--name", "two\nlines"], "--name: expected one line"],
    [["--earliest", "1760000300", "--latest", "1760000300"], "--earliest: must be before --latest"],
    [["--every", "5s"], "--every: expected 10 s to 24 h"],
    [["--every", "permanent"], "--every: expected 10 s to 24 h"],
    [["--every", "5m", "--latest", "now"], "--latest: is not for --every"],
    [["--every", "5m", "--earliest", "-1d@d"], "--earliest: with --every expected"],
    [["--lag", "5s"], "--lag: is for --every"],
  ])("refuses %j", async (args, problem) => {
    const { splunk, pull } = await pullDesk();

    expect(await pull(args)).toMatchObject({
      exitCode: 1,
      err: expect.stringContaining(`error: ${problem}`),
    });
    expect(splunk.requests).toEqual([]);
  });

  test("without Splunk's API says what to set", async () => {
    const result = await runCommand(["pull", "--search", "x"], { DATA_DIR: temporaryDir() });

    expect(result).toMatchObject({
      exitCode: 1,
      err: expect.stringContaining("set SPLUNK_HOST, and SPLUNK_TOKEN or"),
    });
  });

  test("that fails says why: Splunk is away, the search is wrong, the receiver refuses or is busy", async () => {
    const { splunk, route, pull } = await pullDesk();
    splunk.onSearch(() => manyRows(1));
    splunk.failNext({ kind: "cut" });
    expect(await pull()).toMatchObject({ exitCode: 2, err: expect.stringContaining("SPLUNK_UNREACHABLE: ") });

    splunk.failNext({ kind: "body", body: '{"messages":[{"type":"FATAL","text":"Unknown command"}]}' });
    expect(await pull()).toMatchObject({
      exitCode: 1,
      err: expect.stringMatching(/SPLUNK_REJECTED: .*Unknown command/),
    });

    route.refuse(401);
    expect(await pull()).toMatchObject({
      exitCode: 1,
      err: expect.stringMatching(/API_REFUSED: 401 .*PORTCULLIS_TOKEN/),
    });
    route.refuse(503);
    expect(await pull()).toMatchObject({ exitCode: 2, err: expect.stringContaining("Run it again") });
    expect(route.alerts).toEqual([]);
  });

  test("that is stopped says so", async () => {
    const { splunk, pull } = await pullDesk();
    splunk.holdSearches();
    const stop = new AbortController();

    const stopped = pull(window, stop.signal);
    await eventually("the search", () => splunk.openExports() === 1);
    stop.abort();

    expect(await stopped).toMatchObject({ exitCode: 1, err: expect.stringContaining("stopped before") });
    await eventually("the end of the search", () => splunk.openExports() === 0);
  });

  test("--every searches window after window, and stops when it is told to", async () => {
    const { splunk, route, pull } = await pullDesk();
    splunk.onSearch(() => manyRows(1));
    const stop = new AbortController();
    const now = Math.floor(Date.now() / 1000);

    const running = pull(["--every", "10s", "--lag", "0", "--earliest", String(now - 45)], stop.signal);
    await eventually("alerts", () => route.alerts.length >= 4, 30_000);
    stop.abort();

    expect(await running).toMatchObject({ exitCode: 0 });
    const times = splunk.requests.map(({ form }) => [form["earliest_time"], form["latest_time"]]);
    times.slice(1).forEach(([earliest], index) => {
      expect(earliest).toBe(times[index]?.[1]);
    });
    expect(Number(times[0]?.[0])).toBeLessThanOrEqual(now - 45);
  });
});
