import type { IpAddress } from "../domain/ip-address.ts";
import type { AddressReport } from "../ports.ts";
import type { Engine, Queries } from "./engine.ts";

/** Providers that are still to be asked about one address, with its place in the queue of each, from 1. */
export async function waitingFor({ reader }: Engine, ip: IpAddress): Promise<AddressReport["lookUps"]> {
  const waiting: AddressReport["lookUps"][number][] = [];
  for (const provider of await providersAsked(reader)) {
    const row = await reader
      .selectFrom("look_ups")
      .select(["priority", "since", "due_at"])
      .where("provider", "=", provider)
      .where("ip", "=", ip)
      .executeTakeFirst();
    if (row !== undefined) {
      waiting.push({
        provider,
        place: (await countAhead(reader, provider, row)) + 1,
        since: new Date(row.since),
        dueAt: new Date(row.due_at),
      });
    }
  }
  return waiting;
}

/** One step in the index for each, because there are few of them and perhaps 100,000 addresses. */
async function providersAsked(db: Queries): Promise<readonly string[]> {
  const providers: string[] = [];
  for (;;) {
    const { next } = await db
      .selectFrom("look_ups")
      .select(({ fn }) => fn.min<string | null>("provider").as("next"))
      .where("provider", ">", providers.at(-1) ?? "")
      .executeTakeFirstOrThrow();
    if (next === null) {
      return providers;
    }
    providers.push(next);
  }
}

/** Apart: joined by `or`, all that wait for the provider would be read. */
async function countAhead(
  db: Queries,
  provider: string,
  { priority, since }: { readonly priority: number; readonly since: number },
): Promise<number> {
  const { higher, earlier } = await db
    .selectNoFrom((eb) => {
      const count = eb
        .selectFrom("look_ups")
        .select(eb.fn.countAll<number>().as("n"))
        .where("provider", "=", provider);
      return [
        count.where("priority", ">", priority).as("higher"),
        count.where("priority", "=", priority).where("since", "<", since).as("earlier"),
      ];
    })
    .executeTakeFirstOrThrow();
  return (higher ?? 0) + (earlier ?? 0);
}
