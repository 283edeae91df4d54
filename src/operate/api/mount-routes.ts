import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Request, type RequestHandler, type Response, type Router, raw } from "express";
import { ipKeyGenerator, rateLimit } from "express-rate-limit";
import { messageOf } from "../../domain/errors.ts";
import { mayAct } from "../../domain/role.ts";
import type { Log } from "../../ports.ts";
import { sendProblem, sendProblemWith } from "../../problem.ts";
import { type Caller, type CallerDeps, createCallerOf } from "./caller.ts";
import type { ApiRoute, Reply, Streamed } from "./route.ts";

/** Wrong tokens that one address may send in a minute before it is answered without looking at what it says of itself. */
const mostWrongTokens = 60;
const retrySeconds = "60";
const usualBytes = 16 * 1024;

/** Mounts the routes behind their tokens. Everything below `/api/v1` needs one, also where there is nothing. */
export function mountRoutes(router: Router, routes: readonly ApiRoute[], deps: CallerDeps): void {
  const callers = new WeakMap<Request, Caller>();
  router.use("/api/v1", authenticate(deps, callers));
  for (const one of routes) {
    for (const path of one.paths) {
      router[one.method](
        expressPath(path),
        requireRole(one, callers),
        raw({ type: () => true, limit: one.mostBytes ?? usualBytes, inflate: false }),
        answer(one, callers, deps.log),
      );
    }
  }
  refuseOtherMethods(router, routes);
}

/** `/blocks/{ip}` → `/blocks/:ip` */
function expressPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ":$1");
}

function authenticate(deps: CallerDeps, callers: WeakMap<Request, Caller>): RequestHandler {
  const callerOf = createCallerOf(deps);
  // Who has one IPv6 address usually has the /64 around it.
  const keyOf = ({ ip, socket }: Request): string => ipKeyGenerator(ip ?? socket.remoteAddress ?? "", 64);
  // The right token always gets through, or anybody could lock the operators out by guessing.
  const limitGuesses = rateLimit({
    windowMs: 60_000,
    limit: mostWrongTokens,
    standardHeaders: false,
    legacyHeaders: false,
    keyGenerator: keyOf,
    handler: (_request, response) => {
      sendProblem(response, "RATE_LIMITED", "Too many requests without the right token.", {
        "Retry-After": retrySeconds,
      });
    },
  });
  return async (request, response, next) => {
    response.set("Cache-Control", "no-store");
    const [scheme = "", token = ""] = (request.headers.authorization ?? "").split(" ");
    const guesses = (await limitGuesses.getKey(keyOf(request)))?.totalHits ?? 0;
    const mayAsk = guesses < mostWrongTokens;
    const caller = scheme.toLowerCase() === "bearer" ? await callerOf(token, mayAsk) : undefined;
    if (caller !== undefined) {
      callers.set(request, caller);
      next();
      return;
    }
    await limitGuesses(request, response, () => {
      response.set("WWW-Authenticate", "Bearer");
      sendProblem(
        response,
        "UNAUTHENTICATED",
        "Send `Authorization: Bearer <token>`: ADMIN_TOKEN, which `portcullis secrets` prints, or a token that an administrator made with `portcullis token create`; commands take it in PORTCULLIS_TOKEN. A token that was made for you may have expired or been revoked.",
      );
    });
  };
}

function requireRole({ role }: ApiRoute, callers: WeakMap<Request, Caller>): RequestHandler {
  return (request, response, next) => {
    const caller = callers.get(request);
    if (caller !== undefined && mayAct(caller.role, role)) {
      next();
      return;
    }
    sendProblem(response, "FORBIDDEN", `This needs the role ${role}.`);
  };
}

function answer(one: ApiRoute, callers: WeakMap<Request, Caller>, log: Log): RequestHandler {
  return async (request, response) => {
    const caller = callers.get(request);
    if (caller === undefined) {
      throw new Error("a route was reached without a token"); // `authenticate` is mounted before it
    }
    const gone = new AbortController();
    response.once("close", () => {
      gone.abort();
    });
    const given: unknown = request.body;
    const bytes = Buffer.isBuffer(given) ? given : Buffer.alloc(0);
    await send(response, await one.answer({ request, bytes, caller, signal: gone.signal }), log);
  };
}

async function send(response: Response, reply: Reply, log: Log): Promise<void> {
  if ("problem" in reply) {
    sendProblemWith(response, reply.problem, { ...reply.members, detail: reply.detail });
    return;
  }
  if ("stream" in reply) {
    await sendStream(response, reply, log);
    return;
  }
  response.status(reply.status).json(reply.body);
}

async function sendStream(response: Response, { stream, type, fileName }: Streamed, log: Log): Promise<void> {
  const chunks = stream[Symbol.asyncIterator]();
  // What fails before the first byte can still be answered as an error.
  const first = await chunks.next();
  response.status(200).type(type).set("Content-Disposition", `attachment; filename="${fileName}"`);
  const rest: AsyncIterable<string> = { [Symbol.asyncIterator]: () => chunks };
  const all = async function* (): AsyncGenerator<string> {
    if (first.done !== true) {
      yield first.value;
      yield* rest;
    }
  };
  try {
    await pipeline(Readable.from(all()), response);
  } catch (error) {
    // The reader sees a connection that was cut, not a document that looks whole.
    log.warn({ error: messageOf(error) }, "an export was cut off");
    response.destroy();
  }
}

/** A path that exists answers 405 and what it can, not 404. */
function refuseOtherMethods(router: Router, routes: readonly ApiRoute[]): void {
  for (const path of new Set(routes.flatMap(({ paths }) => paths))) {
    const methods = routes
      .filter(({ paths }) => paths.includes(path))
      .map(({ method }) => method.toUpperCase());
    const allow = [...methods, ...(methods.includes("GET") ? ["HEAD"] : [])].join(", ");
    router.all(expressPath(path), (_request, response) => {
      sendProblem(response, "METHOD_NOT_ALLOWED", `This takes ${allow}.`, { Allow: allow });
    });
  }
}
