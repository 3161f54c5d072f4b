/**
 * For frameworks that speak `Request` and `Response`: Hono and the like, on Node.js.
 *
 * @packageDocumentation
 */
import type { Guard, Peer } from './guard.js'
import { bodyOf, headersOf, type ProtectOptions, REALM } from './http.js'
import type { Access, Denied, Verdict } from './verdict.js'

/** How requests are checked. */
export interface WebOptions<Where = Request> extends ProtectOptions<Request> {
  /** The peer's address, which a `Request` does not have. Asked only where a token is bound to networks. */
  peer?: ((where: Where) => string | null | undefined) | undefined
}

/** What became of a request: its access, or the answer to send. */
export type Checked =
  | { readonly granted: true; readonly access: Access }
  | { readonly granted: false; readonly denied: Denied; readonly response: Response }

/**
 * Checks requests, and waits for nothing: {@link handler} and {@link middleware} do, where the keys of another issuer are
 * being fetched. Two `Authorization` headers come as one here, joined by a comma, which is no credential and so is
 * refused.
 */
export function protect(guard: Guard, options: WebOptions = {}): (request: Request) => Checked {
  const { peer } = options
  return (request) =>
    toldOf(guard.check(request.headers.get('authorization'), peer && (() => peer(request))), options, request)
}

/** A handler of requests that lets through what the guard grants, and answers the rest as RFC 6750 says. */
export function handler<Rest extends unknown[]>(
  guard: Guard,
  handle: (request: Request, access: Access, ...rest: Rest) => Response | Promise<Response>,
  options: WebOptions = {},
): (request: Request, ...rest: Rest) => Promise<Response> {
  const { peer } = options
  return async (request, ...rest) => {
    const found = toldOf(await asked(guard, request, peer && (() => peer(request))), options, request)
    return found.granted ? handle(request, found.access, ...rest) : found.response
  }
}

/** As much of Hono's context as is needed. */
export interface ContextLike {
  req: { raw: Request }
  set(key: 'access', access: Access): void
}

/** Middleware for Hono: what the guard grants is the variable `access`. Its peer is asked of the context. */
export function middleware<Context extends ContextLike>(
  guard: Guard,
  options: WebOptions<Context> = {},
): (context: Context, next: () => Promise<void>) => Promise<Response | undefined> {
  const { peer } = options
  return async (context, next) => {
    const { raw } = context.req
    const found = toldOf(await asked(guard, raw, peer && (() => peer(context))), options, raw)
    if (!found.granted) return found.response
    context.set('access', found.access)
    await next()
    return undefined
  }
}

function asked(guard: Guard, request: Request, peer: Peer): Verdict | Promise<Verdict> {
  return guard.checkOrWait(request.headers.get('authorization'), peer)
}

function toldOf(verdict: Verdict, { realm = REALM, onDenied }: ProtectOptions<Request>, request: Request): Checked {
  if (verdict.granted) return { granted: true, access: verdict.access }
  onDenied?.(verdict, request)
  const answer = verdict.answer(realm)
  const response = new Response(bodyOf(answer) || null, { status: answer.status, headers: headersOf(answer) })
  return { granted: false, denied: verdict, response }
}

export type { ProtectOptions } from './http.js'
