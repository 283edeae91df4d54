import { z } from "zod";
import type { Controls } from "../ports.ts";
import type { Queries } from "./engine.ts";
import type { Schema } from "./schema.ts";

const Paused = z.object({ since: z.coerce.date(), actor: z.string(), reason: z.string() });

const Limited = z.object({
  since: z.coerce.date(),
  reason: z.string(),
  held: z.int().min(0),
  /** When a limit was last reached. */
  lastAt: z.coerce.date(),
});
export type Limited = z.infer<typeof Limited>;

export interface ControlState {
  readonly paused: Controls["paused"];
  readonly limited: Limited | null;
}

type Name = Schema["controls"]["name"];

/** Somebody has written over it: what it says is no longer known, that it was there counts. */
const illegible = { since: new Date(0), reason: "its row in the database can't be read" };

/** What is switched now. */
export async function readControls(db: Queries): Promise<ControlState> {
  const rows = await db
    .selectFrom("controls")
    .selectAll()
    .where("name", "in", ["paused", "limited"])
    .execute();
  const values = new Map<Name, string>(rows.map(({ name, value }) => [name, value]));
  const paused = values.get("paused");
  const limited = values.get("limited");
  return {
    paused: paused === undefined ? null : (parsed(Paused, paused) ?? { ...illegible, actor: "unknown" }),
    limited:
      limited === undefined
        ? null
        : (parsed(Limited, limited) ?? { ...illegible, held: 0, lastAt: illegible.since }),
  };
}

/** Sets it, or sets it anew. */
export async function writeControl(db: Queries, name: Name, value: object): Promise<void> {
  const text = JSON.stringify(value);
  await db
    .insertInto("controls")
    .values({ name, value: text })
    .onConflict((conflict) => conflict.column("name").doUpdateSet({ value: text }))
    .execute();
}

/** @returns false when it was not set */
export async function clearControl(db: Queries, name: Name): Promise<boolean> {
  const cleared = await db
    .deleteFrom("controls")
    .where("name", "=", name)
    .returning("name")
    .executeTakeFirst();
  return cleared !== undefined;
}

function parsed<Out>(schema: z.ZodType<Out>, text: string): Out | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
