/** What waits, and is claimed for a while. */
export interface Leased {
  due_at: number | null;
  lease_holder: string | null;
  lease_until: number | null;
}
