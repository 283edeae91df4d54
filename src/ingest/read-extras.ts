/** Of one alert, in characters of JSON. */
const mostExtras = 64 * 1024;

/** What a delivery of this kind is known to hold. */
const known = new Set(["sid", "search_name", "app", "owner", "results_link", "result", "results"]);

/** A modified action may pass on everything that Splunk gave it, `session_key` among it. */
const secretLooking =
  /(?:session|api|access|private)[-_ ]?key|password|passwd|passphrase|secret|token|authorization|cookie|credential/i;
/** The webhook's own URL among the settings of a modified action: its token is the secret of all who send. */
const webhookToken = /(\/webhooks\/splunk\/)[^\s/?#"'<>]+/gi;

/**
 * Keys of a delivery that this version does not know, with their values, as the JSON text of an object of at most 64 KiB; null: there are
 * none. What looks like a secret by its name, and what does not fit, is only named.
 * @param body parsed JSON
 */
export function readExtras(body: unknown): string | null {
  if (typeof body !== "object" || body === null) {
    return null;
  }
  const parts: string[] = [];
  let length = 2;
  for (const [key, value] of Object.entries(body)) {
    if (!known.has(key)) {
      const part = partOf(key, value, mostExtras - length);
      // Put together by hand: a key may be `__proto__`.
      if (part !== null) {
        parts.push(part);
        length += part.length + 1;
      }
    }
  }
  return parts.length === 0 ? null : `{${parts.join()}}`;
}

function partOf(key: string, value: unknown, room: number): string | null {
  const name = JSON.stringify(key);
  const text = secretLooking.test(key) ? JSON.stringify(leftOut) : textOf(value);
  const whole = `${name}:${text}`;
  if (whole.length < room) {
    return whole;
  }
  const short = `${name}:"left out: ${text.length} characters"`;
  return short.length < room ? short : null;
}

const leftOut = "left out: its name sounds like a secret";

function textOf(value: unknown): string {
  try {
    return JSON.stringify(value, (key, inner: unknown) =>
      secretLooking.test(key) ? leftOut : withoutToken(inner),
    );
  } catch {
    return '"left out: nested too deeply"';
  }
}

function withoutToken(value: unknown): unknown {
  return typeof value === "string" ? value.replace(webhookToken, "$1…") : value;
}
