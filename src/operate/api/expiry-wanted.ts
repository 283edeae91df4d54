/** When something ends that a person makes, null without end; what is wrong, as a sentence. */
export function expiryWanted(
  {
    duration,
    expires,
  }: {
    /** Seconds; infinity: without end. */
    readonly duration?: number | undefined;
    readonly expires?: Date | undefined;
  },
  now: Date,
): Date | null | string {
  if (duration !== undefined && expires !== undefined) {
    return "Say either duration or expires.";
  }
  if (duration !== undefined) {
    return Number.isFinite(duration) ? new Date(now.getTime() + duration * 1000) : null;
  }
  return expires === undefined || expires > now ? (expires ?? null) : "expires: is over already.";
}
