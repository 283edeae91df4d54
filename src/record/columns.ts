import { z } from "zod";
import { modes } from "../domain/decision.ts";
import { parseIpAddress, parseIpPrefix } from "../domain/ip-address.ts";

// A database can be restored, edited and upgraded: what comes out of it is checked like anything from outside.

/** The latest time that a Date can tell. */
export const latestMs = 8.64e15;
export const Time = z
  .number()
  .min(-latestMs)
  .max(latestMs)
  .transform((ms) => new Date(ms));
export const Mode = z.enum(modes);
export const BlockMode = z.enum(["observe", "enforce"]);

export const Address = z.string().transform((text, context) => {
  const ip = parseIpAddress(text);
  if (ip === undefined) {
    context.addIssue({ code: "custom", message: "not an IP address" });
    return z.NEVER;
  }
  return ip;
});

export const Prefix = z.string().transform((text, context) => {
  const prefix = parseIpPrefix(text);
  if (prefix === undefined) {
    context.addIssue({ code: "custom", message: "not an IP network" });
    return z.NEVER;
  }
  return prefix;
});

export const Json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: "custom", message: "not JSON" });
    return z.NEVER;
  }
});

export const Texts = z.array(z.string());

export const GroupsText = Json.pipe(Texts);
