import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { z } from "zod";
import type { Answer } from "./api-server.ts";

/** What the tests read of the published document. */
const ApiDocument = z.looseObject({
  openapi: z.string(),
  security: z.array(z.unknown()),
  components: z.looseObject({ schemas: z.record(z.string(), z.unknown()) }),
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.looseObject({
        operationId: z.string(),
        parameters: z.array(z.looseObject({ name: z.string(), in: z.enum(["path", "query"]) })),
        responses: z.record(z.string(), z.looseObject({ content: z.record(z.string(), z.unknown()) })),
      }),
    ),
  ),
});
export type ApiDocument = z.infer<typeof ApiDocument>;

export function readDocument({ text }: Answer): ApiDocument {
  return ApiDocument.parse(JSON.parse(text));
}

/** Every operation with its method and path: `get /api/v1/blocks`. */
export function operationsOf(document: ApiDocument) {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, ...operation })),
  );
}

/**
 * Judges answers by what the document says of them, and also that nothing is in them which it does not name.
 * @returns what is wrong, or null
 */
export function createJudge(document: ApiDocument): (route: string, answer: Answer) => string | null {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  const strict = z.looseObject({}).parse(JSON.parse(JSON.stringify(document), closed));
  ajv.addSchema(strict, "document");
  return (route, { status, type, body, text }) => {
    const told = `${route} ${status}, ${text.slice(0, 300)}`;
    const [method = "", path = ""] = route.toLowerCase().split(" ");
    const media = type.replace(/;.*/, "");
    const parts = ["paths", path, method, "responses", String(status), "content", media, "schema"];
    const pointer = parts.map((part) => encodeURIComponent(part.replaceAll("/", "~1")));
    const isRight = ajv.getSchema(`document#/${pointer.join("/")}`);
    if (isRight === undefined) {
      return `not in the document: ${told}`;
    }
    return isRight(body ?? text) === true ? null : `${ajv.errorsText(isRight.errors)}: ${told}`;
  };
}

/** Every object may hold only what its schema names. */
function closed(_key: string, value: unknown): unknown {
  const isObject = z
    .looseObject({ type: z.literal("object"), properties: z.looseObject({}) })
    .safeParse(value);
  return isObject.success ? { additionalProperties: false, ...isObject.data } : value;
}
