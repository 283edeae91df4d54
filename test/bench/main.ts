/** `npm run bench [receiver|block]`: prints figures; nothing here passes or fails. */
import { benchBlock } from "./block.ts";
import { benchReceiver } from "./receiver.ts";

const print = (line: string): void => {
  console.log(line);
};
const wanted = process.argv.slice(2);
const benches = { block: benchBlock, receiver: benchReceiver };

for (const [name, bench] of Object.entries(benches)) {
  if (wanted.length === 0 || wanted.includes(name)) {
    await bench(print);
  }
}
