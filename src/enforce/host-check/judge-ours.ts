import { bad, type CheckItem, firstOf, type HostFacts, ok, warning } from "./check-item.ts";
import { tracesOf } from "./traces.ts";

/** What we have there already, how much more fits, and whether the host's clock and way out are well. */
export function judgeOurs(facts: HostFacts): readonly CheckItem[] {
  return [judgeState(facts), judgeCapacity(facts), judgeClock(facts), ...judgeGateways(facts)];
}

function judgeState({ login, state, inspection }: HostFacts): CheckItem {
  const item = "our blocks";
  if (tracesOf(inspection).length === 0) {
    return ok(item, "nothing of ours is there yet; the first block puts it in place");
  }
  if (state.faults.length > 0) {
    const mending = login.isEnabled
      ? "A running Portcullis in mode enforce mends this within a minute"
      : `Nobody mends this while \`enabled: false\` is set: enable it, or \`portcullis firewall remove ${login.name}\``;
    return bad(item, `packets may still pass: ${state.faults.join("; ")}. ${mending}`);
  }
  const count = state.entries.size;
  return ok(
    item,
    `${count} ${count === 1 ? "network is" : "networks are"} dropped now; the drop rules are in place and come first`,
  );
}

function judgeCapacity({ state: { capacity }, backend }: HostFacts): CheckItem {
  const item = "capacity";
  if (capacity === null) {
    return ok(
      item,
      backend === "rules" ? "nothing limits the number, but time does" : "nothing is in use yet",
    );
  }
  const { used, most } = capacity;
  const percent = Math.floor((100 * used) / Math.max(1, most));
  const text = `${used} of ${most} networks in the fullest list (${percent} %)`;
  if (percent < 80) {
    return ok(item, text);
  }
  return percent < 95
    ? warning(item, `${text}: shorten policy.duration or block neighbours together (policy.aggregate)`)
    : bad(item, `${text}: new blocks will soon fail; lift some, or shorten policy.duration`);
}

/** The host tells whole seconds, at some moment between our question and its answer. */
function judgeClock({ inspection, asked, backend }: HostFacts): CheckItem {
  const item = "clock";
  const seconds = Number(firstOf(inspection, "date").trim());
  if (!Number.isSafeInteger(seconds) || seconds <= 0) {
    return warning(item, "the host does not tell its time");
  }
  const least = seconds - asked.until.getTime() / 1000;
  const most = seconds + 1 - asked.from.getTime() / 1000;
  const skew = least > 0 ? least : Math.min(0, most);
  if (Math.abs(skew) < 2) {
    return ok(item, "agrees with ours");
  }
  const off = `is ${Math.abs(skew).toFixed(0)} s ${skew > 0 ? "ahead of" : "behind"} ours`;
  return backend === "rules" && Math.abs(skew) >= 60
    ? bad(item, `${off}: here blocks end by the host's clock, so they end at the wrong time; start NTP there`)
    : warning(
        item,
        `${off}: blocks end in time all the same, but the times in logs can't be compared; start NTP there`,
      );
}

function judgeGateways({ gateways }: HostFacts): readonly CheckItem[] {
  const item = "default gateway";
  return gateways
    .filter((line) => line.startsWith("gateway "))
    .map((line) => {
      const [, address = "", answer] = line.split(" ");
      if (address === "none") {
        return warning(item, "there is none: this host reaches only networks it is in");
      }
      return answer === "answers"
        ? ok(item, `${address} answers`)
        : warning(item, `${address} does not answer, neither to a ping nor on the link`);
    });
}
