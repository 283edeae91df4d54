import { createHmac, timingSafeEqual } from "node:crypto";

/** The three headers of a signed delivery. */
export interface SignatureHeaders {
  readonly id: string;
  /** Seconds since 1970, as it was sent. */
  readonly timestamp: string;
  /** One or more signatures, `v1,<base64>`, with spaces between. */
  readonly signature: string;
}

/** How far the sender's clock may be away from ours, in seconds. Later it is a replay. */
const toleranceSeconds = 5 * 60;

const visible = /^[\x21-\x7e]{1,256}$/;
/** More is no sender that rotates its secrets. */
const mostSignatures = 10;

/** The headers in a usable form, or what is wrong with them, for the sender. */
export function readSignatureHeaders(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  now: Date,
): SignatureHeaders | { readonly problem: string } {
  const id = textOf(headers["webhook-id"]);
  const timestamp = textOf(headers["webhook-timestamp"]);
  const signature = textOf(headers["webhook-signature"]);
  if (id === "" || timestamp === "" || signature === "") {
    return {
      problem: "A signed delivery needs the headers webhook-id, webhook-timestamp and webhook-signature.",
    };
  }
  if (!visible.test(id)) {
    return { problem: "webhook-id must be 1 to 256 printable characters without spaces." };
  }
  if (!/^\d{1,12}$/.test(timestamp)) {
    return { problem: "webhook-timestamp must be whole seconds since 1970." };
  }
  const offSeconds = Math.abs(now.getTime() / 1000 - Number(timestamp));
  return offSeconds > toleranceSeconds
    ? {
        problem: `webhook-timestamp is more than ${toleranceSeconds} seconds away from the clock here: a replay, or a wrong clock.`,
      }
    : { id, timestamp, signature };
}

function textOf(header: string | readonly string[] | undefined): string {
  return typeof header === "string" ? header : "";
}

/**
 * Tells whether one of the signatures was made with one of the secrets over exactly these bytes. Takes the same time wherever they differ.
 * Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md: HMAC-SHA256 with the secret's
 * bytes over `id.timestamp.body`, in base64.
 * @param secrets `whsec_` and base64
 * @returns takes the headers and the body as it came over the wire
 */
export function createSignatureCheck(
  secrets: readonly string[],
): (headers: SignatureHeaders, body: Uint8Array) => boolean {
  const keys = secrets.map((secret) => Buffer.from(secret.replace(/^whsec_/, ""), "base64"));
  return ({ id, timestamp, signature }, body) => {
    const given = signature
      .split(" ", mostSignatures)
      .filter((one) => one.startsWith("v1,"))
      .map((one) => Buffer.from(one.slice("v1,".length), "base64"));
    const expected = keys.map((key) =>
      createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest(),
    );
    return expected
      .flatMap((wanted) => given.map((one) => one.length === wanted.length && timingSafeEqual(one, wanted)))
      .some(Boolean);
  };
}
