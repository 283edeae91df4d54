import { Readable } from "node:stream";
import axios from "axios";
import type { ReceiverConfig } from "../config/load-receiver.ts";
import { AppError, messageOf } from "../domain/errors.ts";
import { refused } from "./ask-api.ts";
import { type Call, requestOf, unreachable } from "./call-receiver.ts";

/** Of a refusal no more is read. */
const mostProblem = 64 * 1024;

/**
 * Asks for something that may be large, and hands it over as it comes.
 * @throws {AppError} API_UNREACHABLE, also when it was cut off; API_REFUSED; what `write` throws
 */
export async function download(
  config: ReceiverConfig,
  asked: Omit<Call, "asAdmin" | "method">,
  write: (text: string) => Promise<void> | void,
): Promise<void> {
  const call: Call = { ...asked, method: "GET", asAdmin: true };
  const { status, stream } = await open(config, call);
  if (status !== 200) {
    throw refused({ status, body: await readProblem(stream) });
  }
  const chunks = stream[Symbol.asyncIterator]();
  for (;;) {
    const next = await readNext(chunks);
    if (next === null) {
      return;
    }
    await write(next);
  }
}

async function open(
  config: ReceiverConfig,
  call: Call,
): Promise<{ readonly status: number; readonly stream: Readable }> {
  try {
    const { status, data } = await axios.request<unknown>({
      ...requestOf(config, call),
      responseType: "stream",
      maxContentLength: -1,
    });
    if (!(data instanceof Readable)) {
      throw new Error("no stream came");
    }
    return { status, stream: data.setEncoding("utf8") };
  } catch (error) {
    throw unreachable(config, call, error);
  }
}

async function readNext(chunks: AsyncIterator<unknown>): Promise<string | null> {
  try {
    const next: IteratorResult<unknown, unknown> = await chunks.next();
    return next.done === true ? null : String(next.value);
  } catch (error) {
    throw new AppError("API_UNREACHABLE", `the receiver's answer was cut off (${messageOf(error)})`, {
      retryable: true,
    });
  }
}

async function readProblem(stream: Readable): Promise<unknown> {
  let text = "";
  const chunks = stream[Symbol.asyncIterator]();
  for (let next = await readNext(chunks); next !== null; next = await readNext(chunks)) {
    text += next;
    if (text.length > mostProblem) {
      stream.destroy();
      return null;
    }
  }
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
