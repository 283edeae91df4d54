import type { CheckItem, HostFacts } from "./check-item.ts";
import { judgeLogin } from "./judge-login.ts";
import { judgeNeighbours } from "./judge-neighbours.ts";
import { judgeOurs } from "./judge-ours.ts";
import { judgeTools } from "./judge-tools.ts";

/** In plain words what works on a firewall host and what does not, in the order in which people would look. */
export function judgeHost(facts: HostFacts): readonly CheckItem[] {
  return [...judgeLogin(facts), ...judgeTools(facts), ...judgeNeighbours(facts), ...judgeOurs(facts)];
}
