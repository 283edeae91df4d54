import { createServer, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { onTestFinished } from "vitest";
import { z } from "zod";

/** The body that `POST /api/v1/alerts` takes. */
const SentAlert = z.strictObject({
  source: z.enum(["log", "pull"]),
  sid: z.string().nullable(),
  searchName: z.string(),
  app: z.string().nullish(),
  owner: z.string().nullish(),
  results: z.array(z.record(z.string(), z.union([z.string(), z.array(z.string())]))).max(50_000),
});
type SentAlert = z.infer<typeof SentAlert>;

export interface AlertIntake {
  readonly url: string;
  readonly token: string;
  /** In the order in which they came; repeats too. */
  readonly alerts: readonly SentAlert[];
  readonly port: number;
  /** Answers the next calls with these statuses instead. */
  refuse(...statuses: readonly number[]): void;
  /** Nobody listens any more. */
  close(): void;
}

/** A receiver that has nothing but the route for alerts. Stops with the test. */
export async function startAlertIntake(): Promise<AlertIntake> {
  const token = "token-of-the-stand-in-for-tests";
  const alerts: SentAlert[] = [];
  const known = new Map<string, string>();
  const refusals: number[] = [];
  const answer = async (request: IncomingMessage) => {
    const body = await text(request);
    const refusal = refusals.shift();
    if (refusal !== undefined) {
      return { status: refusal, body: { title: "Refused", detail: "as the test wants it." } };
    }
    if (request.headers.authorization !== `Bearer ${token}`) {
      return { status: 401, body: { title: "No", detail: "The token is not valid." } };
    }
    const { success, data } = SentAlert.safeParse(JSON.parse(body));
    if (
      !success ||
      request.url !== "/api/v1/alerts" ||
      request.method !== "POST" ||
      body.length > 5 * 1024 * 1024
    ) {
      return { status: 400, body: { title: "Wrong", detail: "Not an alert." } };
    }
    alerts.push(data);
    const identity = JSON.stringify([data.sid, data.results]);
    const status = known.has(identity) ? "duplicate" : "accepted";
    const alertId = known.get(identity) ?? `al_${String(known.size + 1).padStart(32, "0")}`;
    known.set(identity, alertId);
    return { status: 202, body: { alertId, status, addresses: data.results.length } };
  };
  const server = createServer((request, response) => {
    void answer(request).then(({ status, body }) => {
      response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  onTestFinished(close);
  const address = server.address();
  const bound = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${bound}`,
    port: bound,
    token,
    alerts,
    refuse: (...statuses) => {
      refusals.push(...statuses);
    },
    close,
  };
}
