import { z } from "zod";
import { type ProblemCode, problemStatus } from "../../problem.ts";
import { components, wireForms } from "./components.ts";
import type { ApiRoute } from "./route.ts";

type Json = Record<string, unknown>;

/** What any route may refuse with. */
const everywhere: readonly ProblemCode[] = [
  "PAYLOAD_INVALID",
  "UNAUTHENTICATED",
  "FORBIDDEN",
  "RATE_LIMITED",
  "INTERNAL",
  "STORE_UNAVAILABLE",
];

/** The OpenAPI 3.1 document of these routes. */
export function openApi(routes: readonly ApiRoute[], version: string): Json {
  const schemas = schemasOf(routes);
  const paths: Record<string, Json> = {};
  for (const one of routes) {
    one.paths.forEach((path, index) => {
      paths[path] = { ...paths[path], [one.method]: operation(one, { path, index, schemas }) };
    });
  }
  return {
    openapi: "3.1.0",
    jsonSchemaDialect: "https://json-schema.org/draft/2020-12/schema",
    info: {
      title: "Portcullis",
      version,
      description:
        "Blocks attackers that Splunk found. Every call needs a bearer token; a token's role says what it may do: a viewer looks, an operator blocks, unblocks, approves, allows and pauses, an administrator does everything.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: { bearer: { type: "http", scheme: "bearer" } },
      schemas: { Problem: problemSchema, ...schemas.shared },
    },
  };
}

interface Schemas {
  /** Those with a name, by it. */
  readonly shared: Json;
  readonly of: (schema: z.ZodType) => Json;
}

/** All schemas in one go, so that those with a name are written once and referred to. */
function schemasOf(routes: readonly ApiRoute[]): Schemas {
  const registry = z.registry<{ readonly id: string }>();
  const names = new Map<z.ZodType, string>();
  const register = (schema: z.ZodType): void => {
    if (!names.has(schema)) {
      const id = components.get(schema) ?? `inline-${names.size}`;
      names.set(schema, id);
      registry.add(schema, { id });
    }
  };
  const used = routes.flatMap(({ query, body, answers }) => [
    query,
    ...(body === null ? [] : [body]),
    ...Object.values(answers),
  ]);
  for (const schema of [...components.keys(), ...used]) {
    register(schema);
  }
  const { schemas } = z.toJSONSchema(registry, {
    io: "input",
    uri: (id) => `#/components/schemas/${id}`,
    override: ({ zodSchema, jsonSchema }) => {
      const form = zodSchema instanceof z.ZodType ? wireForms.get(zodSchema) : undefined;
      if (form !== undefined) {
        for (const key of Object.keys(jsonSchema)) {
          delete jsonSchema[key];
        }
        Object.assign(jsonSchema, form);
      }
    },
  });
  const plain = ({ $schema: _schema, $id: _id, ...rest }: Json): Json => rest;
  const byName = new Map(Object.entries(schemas).map(([name, schema]) => [name, plain({ ...schema })]));
  return {
    shared: Object.fromEntries([...byName].filter(([name]) => !name.startsWith("inline-"))),
    of(schema) {
      const name = names.get(schema) ?? "";
      return name.startsWith("inline-") ? (byName.get(name) ?? {}) : { $ref: `#/components/schemas/${name}` };
    },
  };
}

function operation(
  one: ApiRoute,
  { path, index, schemas }: { readonly path: string; readonly index: number; readonly schemas: Schemas },
): Json {
  return {
    operationId: index === 0 ? one.name : `${one.name}Network`,
    summary: one.summary,
    description: [one.description, `Needs the role ${one.role}.`].filter(Boolean).join("\n\n"),
    "x-role": one.role,
    parameters: [...pathParameters(one, path), ...queryParameters(schemas.of(one.query))],
    ...(one.body === null ? {} : { requestBody: requestBody(one, schemas.of(one.body)) }),
    responses: { ...answersOf(one, schemas), ...problemsOf(one) },
  };
}

function pathParameters({ params = {} }: ApiRoute, path: string): readonly Json[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => ({
    name,
    in: "path",
    required: true,
    description: params[name] ?? name,
    schema: { type: "string" },
  }));
}

function queryParameters(schema: Json): readonly Json[] {
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  return Object.entries(objectOf(schema["properties"])).map(([name, about]) => {
    const { description, ...rest } = objectOf(about);
    return {
      name,
      in: "query",
      required: required.includes(name),
      ...(description === undefined ? {} : { description }),
      schema: rest,
    };
  });
}

function requestBody({ bodyTypes }: ApiRoute, schema: Json): Json {
  const isRequired = bodyTypes !== undefined || Array.isArray(schema["required"]);
  const content =
    bodyTypes === undefined
      ? { "application/json": { schema } }
      : Object.fromEntries(bodyTypes.map((type) => [type, { schema: mediaSchema(type, schema) }]));
  return { required: isRequired, content };
}

function mediaSchema(type: string, schema: Json): Json {
  return type === "application/json" ? schema : { type: "string" };
}

function answersOf({ answers, media }: ApiRoute, schemas: Schemas): Json {
  return Object.fromEntries(
    Object.entries(answers).map(([status, answer]) => {
      const schema = schemas.of(answer);
      const types = media ?? ["application/json"];
      const content = Object.fromEntries(types.map((type) => [type, { schema: mediaSchema(type, schema) }]));
      return [status, { description: status === "201" ? "Made" : "Done", content }];
    }),
  );
}

function problemsOf({ problems = [], body }: ApiRoute): Json {
  const codes = [
    ...everywhere,
    ...(body === null ? [] : (["BODY_UNREADABLE", "BODY_TOO_LARGE"] as const)),
    ...problems,
  ];
  const statuses = new Map<number, Set<ProblemCode>>();
  for (const code of codes) {
    const status = problemStatus(code);
    statuses.set(status, new Set([...(statuses.get(status) ?? []), code]));
  }
  return Object.fromEntries(
    [...statuses].map(([status, codes]) => [
      status,
      {
        description: [...codes].join(", "),
        content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
      },
    ]),
  );
}

/** RFC 9457. */
const problemSchema: Json = {
  type: "object",
  properties: {
    type: { const: "about:blank" },
    title: { type: "string" },
    status: { type: "integer" },
    code: { type: "string", description: "Stable: match on this" },
    detail: { type: "string" },
    faults: {
      type: "array",
      description: "What is wrong with an import, or with a policy",
      items: {
        type: "object",
        properties: { line: { type: "integer" }, problem: { type: "string" } },
        required: ["problem"],
      },
    },
    faultCount: { type: "integer" },
  },
  required: ["type", "title", "status", "code", "detail"],
};

function objectOf(value: unknown): Json {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
