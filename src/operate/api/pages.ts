import { badCursor } from "./wanted-shapes.ts";
import type { Refusal } from "./route.ts";

/** Asks the store for a page; a cursor that it does not know is the sender's mistake, and it alone can tell. */
export async function readPage<Page>(
  cursor: string | null,
  read: () => Promise<Page>,
): Promise<Page | Refusal> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof RangeError) || cursor === null) {
      throw error;
    }
    return { problem: "PAYLOAD_INVALID", detail: badCursor };
  }
}
