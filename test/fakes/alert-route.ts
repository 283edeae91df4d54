import { createServer, type Server } from "node:http";
import * as z from "zod";

/** What `POST /api/v1/alerts` takes. */
const AlertBody = z.strictObject({
  source: z.enum(["log", "pull"]),
  sid: z.string().nullable(),
  searchName: z.string(),
  app: z.string().nullish(),
  owner: z.string().nullish(),
  results: z.array(z.record(z.string(), z.union([z.string(), z.array(z.string())]))).max(50_000),
});
export type AlertBody = z.infer<typeof AlertBody>;

/** The route of the receiver that takes alerts from commands, and nothing else of it. */
export async function startAlertRoute(token: string) {
  const alerts: AlertBody[] = [];
  const known = new Set<string>();
  const refusals: number[] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const answer = (status: number, body: object): void => {
        response.writeHead(status, { "Content-Type": "application/json" });
        response.end(JSON.stringify(body));
      };
      const bytes = Buffer.concat(chunks);
      const refusal = refusals.shift();
      if (refusal !== undefined) {
        answer(refusal, { title: "Refused", detail: "As the test wants it." });
      } else if (request.url !== "/api/v1/alerts" || request.headers.authorization !== `Bearer ${token}`) {
        answer(401, { title: "The secret is missing or wrong", detail: "No." });
      } else if (bytes.length > 5 * 1024 * 1024) {
        answer(413, { title: "The body is too large", detail: "Send less." });
      } else {
        const body = AlertBody.parse(JSON.parse(bytes.toString("utf8")));
        const key = JSON.stringify([body.sid, body.results]);
        const status = known.has(key) ? "duplicate" : "accepted";
        known.add(key);
        alerts.push(body);
        answer(202, { alertId: `al_${String(alerts.length).padStart(32, "0")}`, status, addresses: 2 });
      }
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  return {
    port: typeof address === "object" ? (address?.port ?? 0) : 0,
    /** Bodies that were taken, repeats too. */
    alerts: alerts as readonly AlertBody[],
    /** The next request gets this status. */
    refuseNext(status: number) {
      refusals.push(status);
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
