import { cleanText } from "../../domain/clean-text.ts";
import type { UnreadableReport } from "../../ports.ts";
import { UnreadableAnswer, UnreadableList } from "./alert-shapes.ts";
import type { ApiDeps } from "./deps.ts";
import { readPage } from "./pages.ts";
import { type ApiRoute, reply, route } from "./route.ts";
import { noParameters, only, pageKeys } from "./wanted-shapes.ts";

/** Deliveries that came with the right secret and could not be read: nobody will send them again. */
export function unreadableRoutes({ store }: ApiDeps): readonly ApiRoute[] {
  return [
    route({
      name: "listUnreadableDeliveries",
      method: "get",
      paths: ["/api/v1/alerts/unreadable"],
      role: "operator",
      summary: "Deliveries that could not be read, newest first",
      description: "The newest 1,000 are kept.",
      query: only(pageKeys),
      answers: { 200: UnreadableList },
      async handle({ query: { limit, cursor } }) {
        const page = await readPage(cursor, () => store.listUnreadable({ limit, cursor }));
        return "problem" in page
          ? page
          : reply(200, { deliveries: page.items.map(unreadableJson), next: page.next });
      },
    }),
    route({
      name: "showUnreadableDelivery",
      method: "get",
      paths: ["/api/v1/alerts/unreadable/{id}"],
      params: { id: "The delivery's id" },
      role: "operator",
      summary: "One delivery that could not be read, with what is kept of it",
      query: noParameters,
      answers: { 200: UnreadableAnswer },
      problems: ["NOT_FOUND"],
      async handle({ params }) {
        const found = await store.unreadable(params["id"] ?? "");
        return found === undefined
          ? { problem: "NOT_FOUND", detail: "No delivery of this id is kept." }
          : reply(200, {
              delivery: unreadableJson(found),
              base64: Buffer.from(found.body).toString("base64"),
            });
      },
    }),
  ];
}

const shownCharacters = 500;

function unreadableJson({ id, receivedAt, remoteAddress, reason, body }: UnreadableReport) {
  return {
    id,
    receivedAt,
    remoteAddress,
    reason,
    bytes: body.length,
    beginning: cleanText(
      Buffer.from(body.subarray(0, 4 * shownCharacters)).toString("utf8"),
      shownCharacters,
    ),
  };
}
