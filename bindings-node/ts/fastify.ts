/**
 * A plugin for Fastify 5.
 *
 * @packageDocumentation
 */
import type { FastifyPluginCallback, FastifyRequest, onRequestHookHandler } from 'fastify'
import type { Guard } from './guard.js'
import { authorizationOf, bodyOf, headersOf, type ProtectOptions, REALM, settled } from './http.js'
import type { Api } from './types.js'
import type { Access, Verdict } from './verdict.js'
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

/** What counts in a scope; scopes within inherit it, until one has its own. */
const OURS = Symbol('gatepass')

/** A scope, and what it has of its own or inherits. */
interface Scope {
  [OURS]?: Protection
}

/**
 * Protects every route of the scope that registers it and of the scopes within, also those that are added before it has
 * loaded; routes beside and above stay as they are. `config: { gatepass: { scopes: ['orders:write'] } }` adds scopes for a
 * route, `config: { gatepass: false }` opens it. Registered again in an inner scope, the inner one counts there.
 */
export const gatepass: FastifyPluginCallback<GatepassOptions> = (app, options, done) => {
  const scope = app as Scope
  const isInner = scope[OURS] !== undefined
  const protection = new Protection(options)
  Object.defineProperty(scope, OURS, { value: protection })
  if (!app.hasRequestDecorator('access')) app.decorateRequest('access', null)
  // What can never be met fails when its route is added, where the plugin is there by then, and else when it is asked.
  app.addHook('onRoute', ({ config }) => void protection.hook(config?.gatepass))
  // One hook for all scopes: it asks which protection counts where the route is.
  if (!isInner) {
    app.addHook('onRequest', function (request, reply, done) {
      const { [OURS]: counts = protection } = request.server as Scope
      const hook = counts.hook(request.routeOptions.config?.gatepass)
      if (hook === undefined) done()
      else hook.call(this, request, reply, done)
    })
  }
  done()
}

// The plugin is for the scope that registers it, and not for one of its own.
Object.assign(gatepass, { [Symbol.for('skip-override')]: true, [Symbol.for('fastify.display-name')]: 'gatepass' })

/** What a scope wants of tokens: a hook for each requirement that its routes have. */
class Protection {
  readonly #options: GatepassOptions
  readonly #scopes: readonly string[]
  readonly #hooks = new Map<string, onRequestHookHandler>()

  constructor(options: GatepassOptions) {
    this.#options = options
    this.#scopes = [...(options.scopes ?? [])]
    this.hook(undefined)
  }

  /** The hook for a route; none where it is open. */
  hook(wanted: RouteRequirement | false | undefined): onRequestHookHandler | undefined {
    if (wanted === false) return undefined
    const api = wanted?.api ?? this.#options.api
    const scopes = [...new Set([...this.#scopes, ...(wanted?.scopes ?? [])])]
    const key = [api, ...scopes].join(' ')
    let hook = this.#hooks.get(key)
    if (hook === undefined) {
      hook = protect(this.#options.verifier.guard({ api, scopes }), this.#options)
      this.#hooks.set(key, hook)
    }
    return hook
  }
}

/** The hook alone, for `onRequest`: lets through what the guard grants, as `request.access`, and answers the rest. */
export function protect(guard: Guard, options: ProtectOptions<FastifyRequest> = {}): onRequestHookHandler {
  const { realm = REALM, onDenied } = options
  const hook: onRequestHookHandler = (request, reply, done) => {
    const decide = (verdict: Verdict) => {
      if (verdict.granted) {
        request.access = verdict.access
        done()
        return
      }
      onDenied?.(verdict, request)
      const answer = verdict.answer(realm)
      reply.code(answer.status).headers(headersOf(answer)).send(bodyOf(answer))
    }
    settled(guard.checkOrWait(authorizationOf(request.raw.rawHeaders), request.ip), decide, done)
  }
  return hook
}

export type { ProtectOptions } from './http.js'
