/** What a token may do, least first: look; block, unblock, approve, allow, pause; everything. */
export const roles = ["viewer", "operator", "administrator"] as const;
export type Role = (typeof roles)[number];

/** True when `role` may do what `needed` may. */
export function mayAct(role: Role, needed: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(needed);
}
