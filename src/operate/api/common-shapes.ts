import { z } from "zod";
import { writtenAs } from "./components.ts";

/** A moment, e.g. `2026-11-20T13:00:00.000Z`. */
export const Time = writtenAs(z.iso.datetime(), { type: "string", format: "date-time" });

export const Count = z.int().min(0);

/** Null on the last page. */
export const Next = z.string().nullable().describe("Names the next page as its `cursor`; null on the last");

/** One line of text from outside, e.g. a search's name. */
export const Foreign = z.string();

/** What `ip` and `network` are in answers. */
export const Address = z.string().describe("An IPv4 or IPv6 address in its one canonical spelling");
export const Network = z.string().describe("A network with its length, e.g. `203.0.113.5/32`");
