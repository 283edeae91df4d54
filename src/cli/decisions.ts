import { z } from "zod";
import { utc } from "../notify/words.ts";
import { Shown } from "./ask-api.ts";
import type { ExitCode, Host } from "./host.ts";
import { type ListOptions, listPage } from "./list-page.ts";
import { wrongArgument } from "./wrong-argument.ts";

export interface DecisionsOptions extends ListOptions {
  /** `block`, `hold`, `watch`, `ignore`. */
  readonly action?: string;
  /** Only those about which the shadow policy says something else. */
  readonly differs?: true;
}

const actions: readonly string[] = ["block", "hold", "watch", "ignore"];

const DecisionAnswer = z.object({
  ip: Shown,
  action: Shown,
  actor: Shown,
  reasons: z.array(Shown),
  decidedAt: z.coerce.date(),
  shadow: z.object({ action: Shown, reasons: z.array(Shown) }).nullable(),
});

/** Lists decisions, newest first. @throws {AppError} CONFIG_INVALID, API_UNREACHABLE, API_REFUSED */
export async function decisions(host: Host, options: DecisionsOptions): Promise<ExitCode> {
  const { action, differs } = options;
  if (action !== undefined && !actions.includes(action)) {
    throw wrongArgument(`--action: expected ${actions.join(", ")}`);
  }
  return listPage(host, options, {
    path: "/api/v1/decisions",
    key: "decisions",
    query: { ...(action === undefined ? {} : { action }), ...(differs === true ? { differs: "true" } : {}) },
    schema: DecisionAnswer,
    head: ["decided", "address", "action", "by", "shadow", "why"],
    row: ({ ip, action, actor, reasons, decidedAt, shadow }) => [
      utc(decidedAt),
      ip,
      action,
      actor,
      shadow?.action ?? "-",
      [reasons.join("; "), ...(shadow === null ? [] : [`shadow: ${shadow.reasons.join("; ")}`])].join(" | "),
    ],
    empty: "There is no such decision.\n",
  });
}
