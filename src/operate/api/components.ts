import { z } from "zod";

/** The shapes that the published document names; each stands there once, and routes refer to it. */
export const components: Map<z.ZodType, string> = new Map();

/** How a value is written, where its schema makes something else of it when it reads. JSON Schema. */
export const wireForms = z.registry<Readonly<Record<string, unknown>>>();

/** The same schema, under this name in the published document. */
export function component<Schema extends z.ZodType>(id: string, schema: Schema): Schema {
  components.set(schema, id);
  return schema;
}

/** The same schema, published as `form`. */
export function writtenAs<Schema extends z.ZodType>(
  schema: Schema,
  form: Readonly<Record<string, unknown>>,
): Schema {
  wireForms.add(schema, form);
  return schema;
}
