/** `npm run bench [firewall|block|fleet|receiver|recover|storm|analyze|action]`: prints figures; nothing here passes or fails. */
import { benchAction } from "./action.ts";
import { benchAnalyze } from "./analyze.ts";
import { benchBlock } from "./block.ts";
import { benchFirewall } from "./firewall.ts";
import { benchFleet } from "./fleet.ts";
import { benchReceiver } from "./receiver.ts";
import { benchRecover } from "./recover.ts";
import { benchStorm } from "./storm.ts";

const print = (line: string): void => {
  console.log(line);
};
const wanted = process.argv.slice(2);
const benches = {
  firewall: benchFirewall,
  block: benchBlock,
  fleet: benchFleet,
  receiver: benchReceiver,
  recover: benchRecover,
  storm: benchStorm,
  analyze: benchAnalyze,
  action: benchAction,
};

for (const [name, bench] of Object.entries(benches)) {
  if (wanted.length === 0 || wanted.includes(name)) {
    await bench(print);
  }
}
