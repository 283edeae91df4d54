import type { Request } from "express";
import type { z } from "zod";
import type { Role } from "../../domain/role.ts";
import type { ProblemCode } from "../../problem.ts";
import { type Reading, readQuery, readShape } from "../read-query.ts";
import type { Caller } from "./caller.ts";

/** The same with a `Date` wherever a text is: that is what it becomes in JSON. */
export type Dated<T> = T extends string
  ? T | Date
  : T extends readonly (infer Item)[]
    ? readonly Dated<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: Dated<T[Key]> }
      : T;

/** A refusal, which becomes a problem document. `members` are added to it. */
export interface Refusal {
  readonly problem: ProblemCode;
  readonly detail: string;
  readonly members?: Readonly<Record<string, unknown>>;
}

/** An answer that is sent while it is read. */
export interface Streamed {
  readonly stream: AsyncIterable<string>;
  /** Media type. */
  readonly type: string;
  /** The name under which a browser saves it. */
  readonly fileName: string;
}

type Answers = Readonly<Record<number, z.ZodType>>;

/** What a route may answer: one of its statuses with its shape. */
type Told<A extends Answers> = {
  readonly [Status in keyof A & number]: {
    readonly status: Status;
    readonly body: Dated<z.input<A[Status]>>;
  };
}[keyof A & number];

/** An answer with one of the statuses of its route. */
export function reply<const Status extends number, Body>(status: Status, body: Body) {
  return { status, body } as const;
}

export type Reply = { readonly status: number; readonly body: unknown } | Refusal | Streamed;

/** One call of a route, checked. */
export interface Call<Query, Body> {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly body: Body;
  /** Media type of the body, in lower case; empty when it has none. */
  readonly contentType: string;
  readonly caller: Caller;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

interface About {
  /** Names the route in the published document, e.g. `listBlocks`. */
  readonly name: string;
  readonly method: "get" | "post" | "delete";
  /** As OpenAPI writes it: `/api/v1/blocks/{ip}`. A second one is the same with another last part. */
  readonly paths: readonly [string, ...string[]];
  readonly role: Role;
  readonly summary: string;
  readonly description?: string;
  /** What each part of the path in braces is. */
  readonly params?: Readonly<Record<string, string>>;
  /** Largest body in bytes. Default is 16 KiB. */
  readonly mostBytes?: number;
  /** Media types that it answers 200 with, instead of JSON by `answers`. */
  readonly media?: readonly string[];
  /** Media types that its body may have. Default is JSON alone, which is read and checked; others come as text. */
  readonly bodyTypes?: readonly string[];
  /** Refusals of its own, beside those that any route may have. */
  readonly problems?: readonly ProblemCode[];
}

interface RouteSpec<Query, Body, A extends Answers> extends About {
  readonly query: z.ZodType<Query>;
  readonly body?: z.ZodType<Body>;
  readonly answers: A;
  readonly handle: (call: Call<Query, Body>) => Promise<Told<A> | Refusal | Streamed>;
}

/** What `answer` is given: a request whose sender is known and may do it. */
export interface RawCall {
  readonly request: Request;
  /** Empty when there is none. */
  readonly bytes: Buffer;
  readonly caller: Caller;
  readonly signal: AbortSignal;
}

/** One route: what the document says of it, what is checked, and what is done are the same object. */
export interface ApiRoute extends About {
  readonly query: z.ZodType;
  readonly body: z.ZodType | null;
  readonly answers: Answers;
  readonly answer: (raw: RawCall) => Promise<Reply>;
}

/** Describes a route. Its handler sees only what has the shape that the route names. */
export function route<Query, Body, A extends Answers>(spec: RouteSpec<Query, Body, A>): ApiRoute {
  return {
    ...spec,
    body: spec.body ?? null,
    async answer({ request, bytes, caller, signal }) {
      const query = readQuery(request, spec.query);
      if ("problem" in query) {
        return { problem: "PAYLOAD_INVALID", detail: query.problem };
      }
      const body = readBody(spec, bytes);
      if (body === undefined) {
        return { problem: "BODY_UNREADABLE", detail: "The body is not JSON." };
      }
      if ("problem" in body) {
        return { problem: "PAYLOAD_INVALID", detail: body.problem };
      }
      return spec.handle({
        params: textParams(request),
        query: query.value,
        body: body.value,
        contentType: (request.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase() ?? "",
        caller,
        signal,
      });
    },
  };
}

/** @returns undefined when it is no JSON */
function readBody<Query, Body, A extends Answers>(
  { body, bodyTypes }: RouteSpec<Query, Body, A>,
  bytes: Buffer,
): Reading<Body> | undefined {
  if (body === undefined) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- without a schema nothing tells `Body`, so the handler sees `unknown`
    return { value: undefined as Body };
  }
  if (bodyTypes !== undefined) {
    return readShape(bytes.toString("utf8"), body);
  }
  try {
    return readShape(bytes.length === 0 ? {} : JSON.parse(bytes.toString("utf8")), body);
  } catch (error) {
    if (error instanceof SyntaxError) {
      return undefined;
    }
    throw error;
  }
}

function textParams({ params }: Request): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [
      name,
      typeof value === "string" ? value : value.join("/"),
    ]),
  );
}
