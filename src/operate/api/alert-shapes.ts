import { z } from "zod";
import { longestField, longestNote, mostFields } from "../../domain/alert-settings.ts";
import { Address, Count, Foreign, Next, Time } from "./common-shapes.ts";
import { component } from "./components.ts";
import { DecisionShape, ModeName, SeverityName } from "./decision-shapes.ts";
import { only } from "./wanted-shapes.ts";

/** An alert in a list. */
const AlertSummaryShape = component(
  "AlertSummary",
  z.object({
    id: z.string(),
    source: z.string(),
    sid: Foreign.nullable(),
    searchName: Foreign.nullable(),
    receivedAt: Time,
    rows: Count,
    sightings: Count,
    waiting: Count.describe("Sightings not decided yet"),
    decisions: z.record(z.string(), Count).describe("How many of each action"),
    error: Foreign.nullable().describe("Why it can't be processed"),
    isGenuine: z
      .boolean()
      .nullable()
      .describe("What Splunk says of it; null: it was not asked, or has not answered"),
    doubt: Foreign.nullable().describe("Why it is not genuine, or why that is not known"),
    recovery: z
      .object({
        state: z.enum(["waiting", "done", "failed"]),
        rows: Count.describe("Further rows of its search that were fetched from Splunk"),
        error: Foreign.nullable().describe("Why it waits, or failed"),
      })
      .nullable()
      .describe("Null: nothing is fetched"),
    noAddress: z
      .object({
        fields: z
          .array(Foreign)
          .nullable()
          .describe("The fields that it has, at most 50; null when it is too large for a list"),
        hint: z.string().describe("What to do"),
      })
      .nullable()
      .describe("Set when it was read and no address was found in it"),
  }),
);

/** One address of one alert, with what became of it. */
export const SightingShape = component(
  "Sighting",
  z.object({
    ip: Address,
    count: Count,
    fields: z.array(Foreign),
    severity: SeverityName.nullable(),
    alertId: z.string(),
    searchName: Foreign.nullable(),
    note: Foreign.nullable().describe("What the author of its alert has written for people"),
    seenAt: Time,
    decision: DecisionShape.nullable().describe("Null while it waits"),
    error: Foreign.nullable().describe("Why it waits, or failed"),
    dueAt: Time.nullable().describe("When it is looked at again"),
  }),
);

const OneLine = z.string().max(8192, "expected at most 8192 characters");

/** An alert from a source that is not Splunk's webhook, in the same words. */
export const AlertRequest = only({
  source: z
    .enum(["log", "pull", "replay"], "expected log, pull or replay")
    .describe("What brings it: logs that were analysed, a search that was run, or a stored alert once more"),
  sid: OneLine.nullish().describe("Names the delivery: a second one with the same rows is a duplicate"),
  searchName: OneLine.describe("By which `searches` in the settings find it"),
  app: OneLine.nullish(),
  owner: OneLine.nullish(),
  settings: only({
    fields: z
      .array(z.string().min(1).max(longestField))
      .max(mostFields)
      .nullish()
      .describe("Fields that hold addresses, where no rule for its search names them"),
    severity: SeverityName.nullish().describe("Where neither a row nor a rule for its search says one"),
    mode: ModeName.nullish().describe("Counts where it is more cautious than the receiver's"),
    note: z
      .string()
      .max(longestNote, `expected at most ${longestNote} characters`)
      .nullish()
      .describe("For people"),
  })
    .nullish()
    .describe("What its author asks for"),
  results: z
    .array(z.record(z.string(), z.union([z.string(), z.array(z.string())])))
    .min(1, "expected at least one row")
    .max(50_000, "expected at most 50000 rows")
    .describe("Rows: fields with their text, or a list of texts"),
});

/** As the webhook answers. */
export const TakenShape = z.object({
  alertId: z.string(),
  status: z.enum(["accepted", "duplicate"]),
  addresses: Count.describe("How many it names"),
});

export const RedrivenShape = z.object({
  alertId: z.string(),
  wasFailed: z.boolean().describe("It could not be processed before"),
  failed: Count.describe("Addresses that had been given up and are decided after all"),
  waiting: Count.describe("Addresses that waited and are looked at at once"),
  decided: Count.describe("Addresses that stay as they were decided"),
});

export const AlertList = z.object({ alerts: z.array(AlertSummaryShape), next: Next });

/** A delivery with the right secret that could not be read. */
const UnreadableShape = component(
  "UnreadableDelivery",
  z.object({
    id: z.string(),
    receivedAt: Time,
    remoteAddress: Foreign,
    reason: Foreign,
    bytes: Count.describe("How many of its bytes are kept, at most 65,536"),
    beginning: Foreign.describe("How it begins, at most 500 characters, made safe to show"),
  }),
);

export const UnreadableList = z.object({ deliveries: z.array(UnreadableShape), next: Next });

export const UnreadableAnswer = z.object({
  delivery: UnreadableShape,
  base64: z.string().describe("What is kept, as it came over the wire"),
});

export const AlertAnswer = z.object({
  alert: AlertSummaryShape,
  app: Foreign.nullable(),
  owner: Foreign.nullable(),
  resultsLink: Foreign.nullable().describe("As the sender wrote it: check it before following"),
  extras: z
    .record(z.string(), z.unknown())
    .nullable()
    .describe("Keys of the delivery that this version does not know"),
  settings: z
    .object({
      fields: z.array(Foreign).nullable(),
      severity: SeverityName.nullable(),
      mode: ModeName.nullable(),
      note: Foreign.nullable(),
    })
    .nullable()
    .describe("What its author asks for; each of them null: nothing"),
  rows: z.array(z.array(z.tuple([Foreign, z.array(Foreign)]))).describe("Fields with their values, in order"),
  sightings: z.array(SightingShape).describe("At most 1,000"),
});
