import { bareAddress } from "./bare-address.ts";
import type { Confirmed } from "./confirm-lift.ts";

/** More networks than these are not named. */
const mostNamed = 3;

/** Which firewalls have not taken off what was lifted, and what a person can do. */
export function missingWords({ firewalls, open }: Confirmed): string {
  const missing = firewalls.filter(({ isConfirmed }) => !isConfirmed);
  const names = (isWatched: boolean): string =>
    missing
      .filter((one) => one.isWatched === isWatched)
      .map(({ firewall }) => firewall)
      .join(", ");
  const [awaited, left] = [names(true), names(false)];
  const shown = open.length > mostNamed ? [""] : open.map((network) => ` ${bareAddress(network)}`);
  const commands = ["status", ...shown.map((network) => `blocks${network}`)];
  return [
    open.length === 0 && awaited === ""
      ? ""
      : `Not confirmed by ${awaited === "" ? "every firewall" : awaited}. Portcullis keeps trying; see ${commands.map((command) => `"portcullis ${command}"`).join(" and ")}.\n`,
    left === "" ? "" : `Portcullis does not ask ${left}: above is what you can do.\n`,
  ].join("");
}
