import type { Request, RequestHandler, Response } from "express";
import { fromAction } from "../domain/alert-source.ts";
import { sendProblem } from "../problem.ts";
import { acceptDelivery } from "./accept-delivery.ts";
import { enter, holdPlace } from "./admit.ts";
import { type BodyProblem, inflate, inflatedSize } from "./inflate.ts";
import { remoteAddressOf } from "./remote-address.ts";
import { createSignatureCheck, readSignatureHeaders, type SignatureHeaders } from "./signature.ts";
import { keepUnread } from "./unread-body.ts";
import type { WebhookDeps } from "./webhook-deps.ts";

/** What was read of a signed delivery before its body. */
interface SignedHead {
  readonly signature: SignatureHeaders;
  /** In lower case; empty when there is none. */
  readonly encoding: string;
}

const heads = new WeakMap<Request, SignedHead>();

/** Reads the three headers and looks at the time: cheap, and before the body. */
export function takeSignature(deps: WebhookDeps, limitGuesses: RequestHandler): RequestHandler {
  return (request, response, next) => {
    const signature = readSignatureHeaders(request.headers, deps.now());
    if ("problem" in signature) {
      return limitGuesses(request, response, () => {
        deps.log.warn(
          { remoteAddress: remoteAddressOf(request, deps.behindProxy), reason: signature.problem },
          "signed delivery refused",
        );
        sendProblem(response, "UNAUTHENTICATED", signature.problem, { Connection: "close" });
      });
    }
    const encoding = (request.headers["content-encoding"] ?? "").trim().toLowerCase();
    heads.set(request, { signature, encoding });
    next();
    return undefined;
  };
}

/** The signature is over the bytes on the wire, so the body reader must not unpack them. */
export const hideEncoding: RequestHandler = (request, _response, next) => {
  delete request.headers["content-encoding"];
  next();
};

/** Lets through what was signed with one of the secrets, over exactly the bytes that came. */
export function requireSignature(deps: WebhookDeps, limitGuesses: RequestHandler): RequestHandler {
  const isSigned = createSignatureCheck(deps.signingSecrets);
  return (request, response, next) => {
    const head = heads.get(request);
    if (head !== undefined && isSigned(head.signature, bytesOf(request))) {
      next();
      return undefined;
    }
    return limitGuesses(request, response, () => {
      deps.log.warn(
        { remoteAddress: remoteAddressOf(request, deps.behindProxy) },
        "delivery with a wrong signature refused",
      );
      sendProblem(
        response,
        "UNAUTHENTICATED",
        "The signature does not fit id, time, body and secret. `portcullis secrets` prints the secret.",
      );
    });
  };
}

/** Unpacks and takes what has been found to be signed. Its id comes from `webhook-id`: a repeat changes nothing. */
export function takeSigned(deps: WebhookDeps): RequestHandler {
  return async (request, response) => {
    const head = heads.get(request);
    const bytes = bytesOf(request);
    const size = inflatedSize(bytes, head?.encoding ?? "");
    if (typeof size !== "number") {
      await refuse(deps, { request, response }, size);
      return;
    }
    if (!enter(deps, deps.admissions.known, { request, response, bytes: size })) {
      return;
    }
    await holdPlace(response, acceptUnpacked(deps, { request, response }, size));
  };
}

async function acceptUnpacked(
  deps: WebhookDeps,
  { request, response }: { readonly request: Request; readonly response: Response },
  size: number,
): Promise<void> {
  const head = heads.get(request);
  const body = await inflate(bytesOf(request), head?.encoding ?? "", size);
  if ("problem" in body) {
    await refuse(deps, { request, response }, body);
    return;
  }
  await acceptDelivery(deps, { request, response }, body, {
    source: fromAction,
    deliveryId: head?.signature.id ?? null,
  });
}

async function refuse(
  deps: WebhookDeps,
  { request, response }: { readonly request: Request; readonly response: Response },
  { problem, detail }: BodyProblem,
): Promise<void> {
  await keepUnread(deps, request, { reason: detail, body: bytesOf(request) });
  sendProblem(response, problem, detail);
}

function bytesOf(request: Request): Buffer {
  const body: unknown = request.body;
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
}
