/** The program as `npm start` runs it, but for the speed of its clock: `storm-receiver.ts DIR SPEED BEGIN ORIGIN`. Prints where alerts go. */
import { createHecNotifier } from "../../src/notify/hec/create-hec-notifier.ts";
import { startFastClock } from "../fakes/fast-clock.ts";
import { startProviderApp } from "../fakes/provider-app.ts";

const [dir = "", speed = "1", begin = "0", origin = "0"] = process.argv.slice(2);
const clock = startFastClock({
  speed: Number(speed),
  begin: new Date(Number(begin)),
  origin: Number(origin),
});
const names = ["ADMIN_TOKEN", "VIRUSTOTAL_URL", "ABUSEIPDB_URL", "VIRUSTOTAL_API_KEY", "ABUSEIPDB_API_KEY"];
const url = process.env["SPLUNK_HEC_URL"];
const hec = { token: "hec-token", index: null, ca: null, certSha256: null };
const { app, webhookUrl } = await startProviderApp({
  dir,
  env: {
    ...Object.fromEntries(names.map((name) => [name, process.env[name] ?? ""])),
    ALLOWLIST: "203.0.113.200",
  },
  // Limits would make holds of the blocks of such a storm; here look-ups are measured.
  settings: { limits: "none" },
  now: clock.now,
  eventNotifiers:
    url === undefined ? [] : [createHecNotifier({ url, ...hec }, { hostname: "bench", version: "bench" })],
});
process.on("SIGTERM", () => {
  void app.stop();
});
console.log(webhookUrl);
