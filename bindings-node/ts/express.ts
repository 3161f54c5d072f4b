/**
 * Middleware for Express 5.
 *
 * @packageDocumentation
 */
import type { Request, RequestHandler } from 'express'
import type { Guard } from './guard.js'
import { authorizationOf, type ProtectOptions, REALM, refuse, settled } from './http.js'
import type { Access, Verdict } from './verdict.js'

declare global {
  namespace Express {
    interface Request {
      /** What the guard has granted; undefined where none was asked. */
      access?: Access
    }
  }
}

/**
 * Lets through what the guard grants, as `request.access`, and answers the rest as RFC 6750 says. The peer is
 * `request.ip`, so Express's own setting `trust proxy` says whose forwarded headers count.
 *
 * Scopes per route are guards per route: `app.post('/orders', protect(verifier.guard({ api, scopes })), handler)`.
 */
export function protect(guard: Guard, options: ProtectOptions<Request> = {}): RequestHandler {
  const { realm = REALM, onDenied } = options
  return function gatepass(request, response, next) {
    const decide = (verdict: Verdict) => {
      if (verdict.granted) {
        request.access = verdict.access
        next()
        return
      }
      onDenied?.(verdict, request)
      refuse(response, verdict.answer(realm))
    }
    settled(guard.checkOrWait(authorizationOf(request.rawHeaders), request.ip), decide, next)
  }
}

export type { ProtectOptions } from './http.js'
