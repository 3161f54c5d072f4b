/**
 * A plugin for Fastify 5.
 *
 * @packageDocumentation
 */
import type { FastifyPluginCallback, FastifyRequest, onRequestHookHandler } from 'fastify'
import type { Guard } from './guard.js'
import { authorizationOf, bodyOf, headersOf, type ProtectOptions, REALM } from './http.js'
import type { Api } from './types.js'
import type { Access } from './verdict.js'
import type { Verifier } from './verifier.js'

/** What a route wants of tokens. */
export interface RouteRequirement {
  /** Another API than the plugin's. */
  api?: Api
  /** Scopes beside the plugin's. */
  scopes?: Iterable<string>
}

declare module 'fastify' {
  interface FastifyRequest {
    /** What the guard has granted; null on a route that is open to everybody. */
    access: Access | null
  }

  interface FastifyContextConfig {
    /** What this route wants of tokens; `false` where it is open to everybody. */
    gatepass?: RouteRequirement | false
  }
}

/** How the plugin protects the routes of its scope. */
export interface GatepassOptions extends ProtectOptions<FastifyRequest> {
  verifier: Verifier
  api: Api
  /** The scopes that every route wants. */
  scopes?: Iterable<string>
}

/** By this a hook is known to be ours, so that a plugin in an inner scope takes the outer one's place. */
const OURS = Symbol('gatepass')

/**
 * Protects every route that is added after it in the scope that registers it, and in the scopes within; routes beside and
 * above stay as they are. `config: { gatepass: { scopes: ['orders:write'] } }` adds scopes for a route, `config: {
 * gatepass: false }` opens it. Registered again in an inner scope, the inner one counts there. A requirement that can never
 * be met fails when its route is added.
 */
export const gatepass: FastifyPluginCallback<GatepassOptions> = (app, options, done) => {
  const { verifier, api, scopes = [] } = options
  const common = [...scopes]
  if (!app.hasRequestDecorator('access')) app.decorateRequest('access', null)
  app.addHook('onRoute', (route) => {
    const others = [route.onRequest ?? []].flat().filter((hook) => !(OURS in hook))
    const own = route.config?.gatepass
    if (own === false) {
      route.onRequest = others
      return
    }
    const guard = verifier.guard({ api: own?.api ?? api, scopes: new Set([...common, ...(own?.scopes ?? [])]) })
    route.onRequest = [protect(guard, options), ...others]
  })
  done()
}

// The plugin is for the scope that registers it, and not for one of its own.
Object.assign(gatepass, { [Symbol.for('skip-override')]: true, [Symbol.for('fastify.display-name')]: 'gatepass' })

/** The hook alone, for `onRequest`: lets through what the guard grants, as `request.access`, and answers the rest. */
export function protect(guard: Guard, options: ProtectOptions<FastifyRequest> = {}): onRequestHookHandler {
  const { realm = REALM, onDenied } = options
  const hook: onRequestHookHandler = (request, reply, done) => {
    const verdict = guard.check(authorizationOf(request.raw.rawHeaders), request.ip)
    if (verdict.granted) {
      request.access = verdict.access
      done()
      return
    }
    onDenied?.(verdict, request)
    const answer = verdict.answer(realm)
    reply.code(answer.status).headers(headersOf(answer)).send(bodyOf(answer))
  }
  return Object.assign(hook, { [OURS]: true })
}

export type { ProtectOptions } from './http.js'
