/** The program as `npm start` runs it, but for the speed of its clock: `storm-receiver.ts DIR SPEED BEGIN ORIGIN`. Prints where alerts go. */
import { startFastClock } from "../fakes/fast-clock.ts";
import { startProviderApp } from "../fakes/provider-app.ts";

const [dir = "", speed = "1", begin = "0", origin = "0"] = process.argv.slice(2);
const clock = startFastClock({
  speed: Number(speed),
  begin: new Date(Number(begin)),
  origin: Number(origin),
});
const names = ["ADMIN_TOKEN", "VIRUSTOTAL_URL", "ABUSEIPDB_URL", "VIRUSTOTAL_API_KEY", "ABUSEIPDB_API_KEY"];
const { app, webhookUrl } = await startProviderApp({
  dir,
  env: {
    ...Object.fromEntries(names.map((name) => [name, process.env[name] ?? ""])),
    ALLOWLIST: "203.0.113.200",
  },
  // Limits would make holds of the blocks of such a storm; here look-ups are measured.
  settings: { limits: "none" },
  now: clock.now,
});
process.on("SIGTERM", () => {
  void app.stop();
});
console.log(webhookUrl);
