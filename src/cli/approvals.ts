import { z } from "zod";
import { utc } from "../notify/words.ts";
import { Shown } from "./ask-api.ts";
import type { ExitCode, Host } from "./host.ts";
import { type ListOptions, listPage } from "./list-page.ts";

const Approval = z.object({
  id: Shown,
  state: Shown,
  searchName: Shown.nullable(),
  createdAt: z.coerce.date(),
  expiresAt: z.coerce.date(),
  actor: Shown.nullable(),
  decision: z.object({ ip: Shown, holdCause: Shown.nullable(), reasons: z.array(Shown) }),
});

/** Lists what waits for a person. @throws {AppError} CONFIG_INVALID, API_UNREACHABLE, API_REFUSED */
export function approvals(host: Host, options: ListOptions & { readonly all?: true }): Promise<ExitCode> {
  const isAll = options.all === true;
  return listPage(host, options, {
    path: "/api/v1/approvals",
    key: "approvals",
    query: isAll ? { all: "true" } : {},
    schema: Approval,
    head: ["id", "address", "since", isAll ? "state" : "lapses", "cause", "search", "why"],
    row: ({ id, state, searchName, createdAt, expiresAt, actor, decision }) => [
      id,
      decision.ip,
      utc(createdAt),
      isAll ? `${state}${actor === null ? "" : ` by ${actor}`}` : utc(expiresAt),
      decision.holdCause ?? "-",
      searchName ?? "-",
      decision.reasons.join("; "),
    ],
    // Ready to be copied; one that is answered needs no answer.
    hint: ({ id, state }) =>
      state === "waiting" ? `Answer with "portcullis approve ${id}" or "portcullis deny ${id}".\n` : "",
    empty: isAll ? "Nothing has waited for a person.\n" : "Nothing waits for a person.\n",
  });
}
