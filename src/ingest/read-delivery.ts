import type { Alert } from "../domain/alert.ts";
import type { ProblemCode } from "../problem.ts";
import { findJsonExcess } from "./json-bounds.ts";
import { type DeliveryAbout, PayloadError, readSplunkPayload } from "./splunk-payload.ts";

/** Why there is no alert in a body, for the sender and the operator. Quotes nothing of it. */
export interface UnreadableBody {
  readonly problem: ProblemCode;
  readonly detail: string;
}

/** The alert that a body holds. */
export function readDelivery(bytes: Buffer, about: DeliveryAbout): Alert | UnreadableBody {
  const excess = findJsonExcess(bytes);
  if (excess !== null) {
    return { problem: "PAYLOAD_INVALID", detail: `The body is refused: ${excess}.` };
  }
  let json: unknown;
  try {
    json = JSON.parse(textOf(bytes));
  } catch {
    return {
      problem: "BODY_UNREADABLE",
      detail: bytes.length === 0 ? "The body is empty." : "The body is not JSON.",
    };
  }
  try {
    return readSplunkPayload(json, about);
  } catch (error) {
    if (error instanceof PayloadError) {
      return { problem: "PAYLOAD_INVALID", detail: error.message };
    }
    throw error;
  }
}

const byteOrderMark = Buffer.from("\ufeff");

/** Some tools on Windows put a byte order mark before UTF-8. */
function textOf(bytes: Buffer): string {
  const hasMark = bytes.subarray(0, byteOrderMark.length).equals(byteOrderMark);
  return (hasMark ? bytes.subarray(byteOrderMark.length) : bytes).toString("utf8");
}
