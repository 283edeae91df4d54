import type { Redriven, Store } from "../ports.ts";
import { noLease } from "./claim.ts";
import type { Engine } from "./engine.ts";

/** Takes up a stored alert again. */
export function createRedrive({ writer }: Engine): Pick<Store, "redriveAlert"> {
  return {
    redriveAlert: (id, now) =>
      writer.transaction().execute(async (trx): Promise<Redriven | undefined> => {
        const due = { ...noLease, due_at: now.getTime(), error: null };
        const alert = await trx.selectFrom("alerts").select("error").where("id", "=", id).executeTakeFirst();
        if (alert === undefined) {
          return undefined;
        }
        await trx.updateTable("alerts").set(due).where("id", "=", id).execute();
        const sightings = await trx
          .selectFrom("sightings")
          .select((eb) => [
            eb.fn.countAll<number>().as("all"),
            eb.fn.count<number>("due_at").as("waiting"),
            eb.fn
              .countAll<number>()
              .filterWhere("due_at", "is", null)
              .filterWhere("error", "is not", null)
              .as("failed"),
          ])
          .where("alert_id", "=", id)
          .executeTakeFirstOrThrow();
        await trx
          .updateTable("sightings")
          .set({ ...due, attempts: 0 })
          .where("alert_id", "=", id)
          // One that was given up says why; one that was decided says nothing.
          .where((eb) => eb.or([eb("due_at", "is not", null), eb("error", "is not", null)]))
          .execute();
        const { all, waiting, failed } = sightings;
        return { wasFailed: alert.error !== null, failed, waiting, decided: all - waiting - failed };
      }),
  };
}
