import { z } from "zod";
import { Count, Foreign, Time } from "./common-shapes.ts";
import { component } from "./components.ts";

const Window = z.object({
  name: z.enum(["minute", "hour", "day", "week", "month"]),
  limit: Count,
  used: Count,
  left: Count,
  resetsAt: Time.nullable(),
});

const budgetKeys = {
  gear: z
    .enum(["free", "ordered", "saving"])
    .describe(
      "`free`: asked at once; `ordered`: most urgent first; `saving`: so, and spread over the time left",
    ),
  windows: z.array(Window),
  runsOutAt: Time.nullable().describe("When it will be spent if it goes on like this; null: it lasts"),
  notBefore: Time.nullable().describe("No call is made before; null: one may be made now"),
  trouble: Foreign.nullable().describe("What is wrong; null when all is well"),
  totals: z.object({ asked: Count, known: Count, unknown: Count, failed: Count }),
};

/** How one provider is, and what is left of its key's budget. */
export const ProviderShape = component(
  "Provider",
  z.object({
    name: z.string(),
    title: z.string(),
    optional: z.boolean().describe("It only brings hints: nobody waits for it"),
    state: z.enum(["ok", "short", "exhausted", "refused", "unavailable"]),
    waiting: Count.describe("Addresses about which it is still to be asked"),
    oldestWaitingAt: Time.nullable(),
    ...budgetKeys,
    network: z
      .object(budgetKeys)
      .nullable()
      .describe("The budget for whole networks; null when it can't be asked about them"),
  }),
);

/** A list of networks that is kept on this machine. */
const ListShape = component(
  "PrefixList",
  z.object({
    name: z.string(),
    version: Foreign,
    entries: Count,
    fetchedAt: Time,
    checkedAt: Time,
    ageSeconds: z.number().min(0).describe("Since it was last known to be the newest"),
  }),
);

export const ProvidersAnswer = z.object({
  providers: z.array(ProviderShape),
  lists: z.array(ListShape),
  missingLists: z.array(z.string()).describe("Names of lists that are configured and were never downloaded"),
});
