import { Webhook } from "standardwebhooks";

/** Headers of a delivery that the library of Standard Webhooks has signed. It signs texts only. */
export function signText(
  body: string,
  { secret, id, at }: { readonly secret: string; readonly id: string; readonly at: Date },
): Readonly<Record<string, string>> {
  return {
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
    "webhook-signature": new Webhook(secret).sign(id, at, body),
  };
}
