import { z } from "zod";
import { Address, Count, Foreign, Next, Time } from "./common-shapes.ts";
import { component } from "./components.ts";
import { DecisionShape, SeverityName } from "./decision-shapes.ts";

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
    seenAt: Time,
    decision: DecisionShape.nullable().describe("Null while it waits"),
    error: Foreign.nullable().describe("Why it waits, or failed"),
    dueAt: Time.nullable().describe("When it is looked at again"),
  }),
);

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
  rows: z.array(z.array(z.tuple([Foreign, z.array(Foreign)]))).describe("Fields with their values, in order"),
  sightings: z.array(SightingShape).describe("At most 1,000"),
});
