/**
 * A guard for NestJS, over Express or Fastify.
 *
 * @packageDocumentation
 */
import {
  type CanActivate,
  createParamDecorator,
  type DynamicModule,
  type ExecutionContext,
  HttpException,
  Inject,
  Injectable,
  type InjectionToken,
  Module,
  type ModuleMetadata,
  type OptionalFactoryDependency,
  SetMetadata,
} from '@nestjs/common'
import { Reflector } from '@nestjs/core'
import { GatepassError } from './error.js'
import type { Guard } from './guard.js'
import { authorizationOf, headersOf, type ProtectOptions, REALM } from './http.js'
import type { Api } from './types.js'
import type { Access, Denied, Verdict } from './verdict.js'
import type { Verifier } from './verifier.js'

/** What a request is here: Express's, or Fastify's with Node's own within. */
interface AnyRequest {
  rawHeaders?: readonly string[]
  raw?: { rawHeaders: readonly string[] }
  ip?: string
  access?: Access | null
}

interface AnyResponse {
  header(name: string, value: string): unknown
}

/** How requests are checked. */
export interface GatepassModuleOptions extends ProtectOptions<unknown> {
  verifier: Verifier
  api: Api
  /** The scopes that every handler wants. */
  scopes?: Iterable<string>
}

/** What a handler or a controller wants of tokens. */
export interface HandlerRequirement {
  /** Another API than the module's. */
  api?: Api
  /** Scopes beside the module's. */
  scopes?: readonly string[]
}

/** The token under which the options are injected. */
export const GATEPASS_OPTIONS = Symbol('gatepass options')
const REQUIREMENT = 'gatepass:requirement'

/** What a handler, or all handlers of a controller, want of tokens; a handler's own counts before its controller's. */
export const Protect = (requirement: HandlerRequirement): MethodDecorator & ClassDecorator =>
  SetMetadata(REQUIREMENT, requirement)

/** Scopes that a handler wants beside the module's. */
export const Scopes = (...scopes: string[]): MethodDecorator & ClassDecorator => Protect({ scopes })

/** Open to everybody. */
export const Public = (): MethodDecorator & ClassDecorator => SetMetadata(REQUIREMENT, false)

/** A parameter that takes what the guard has granted. */
export const CurrentAccess: () => ParameterDecorator = createParamDecorator(
  (_: unknown, context: ExecutionContext) => context.switchToHttp().getRequest<AnyRequest>().access,
)

/** A denial as Nest answers it; the header is set already. */
export class TokenDenied extends HttpException {
  /** @internal */
  constructor(
    /** Why, precisely: for filters and logs, not for the outside. */
    readonly denied: Denied,
    status: number,
    error: string | undefined,
  ) {
    super(error === undefined ? {} : { error }, status)
  }
}

/** Lets through what is granted, as `request.access`, and answers the rest as RFC 6750 says. */
@Injectable()
export class GatepassGuard implements CanActivate {
  readonly #options: GatepassModuleOptions
  readonly #reflector: Reflector
  /** One for each requirement that handlers have. */
  readonly #guards = new Map<string, Guard>()

  constructor(@Inject(GATEPASS_OPTIONS) options: GatepassModuleOptions, @Inject(Reflector) reflector: Reflector) {
    this.#options = options
    this.#reflector = reflector
  }

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const places = [context.getHandler(), context.getClass()]
    const wanted = this.#reflector.getAllAndOverride<HandlerRequirement | false | undefined>(REQUIREMENT, places)
    if (wanted === false) return true
    if (context.getType() !== 'http') {
      const message = 'GatepassGuard checks HTTP requests; this handler is called in another way'
      throw new GatepassError({ kind: 'unsupported', code: 'unsupported_context', message, retryable: false })
    }
    const request = context.switchToHttp().getRequest<AnyRequest>()
    const raw = request.rawHeaders ?? request.raw?.rawHeaders ?? []
    const verdict = this.#guard(wanted ?? {}).checkOrWait(authorizationOf(raw), request.ip)
    if (verdict instanceof Promise) return verdict.then((verdict) => this.#decide(verdict, context, request))
    return this.#decide(verdict, context, request)
  }

  #decide(verdict: Verdict, context: ExecutionContext, request: AnyRequest): true {
    if (verdict.granted) {
      request.access = verdict.access
      return true
    }
    this.#options.onDenied?.(verdict, request)
    const answer = verdict.answer(this.#options.realm ?? REALM)
    const response = context.switchToHttp().getResponse<AnyResponse>()
    for (const [name, value] of Object.entries(headersOf(answer))) response.header(name, value)
    throw new TokenDenied(verdict, answer.status, answer.error)
  }

  #guard(wanted: HandlerRequirement): Guard {
    const { verifier, api: common, scopes = [] } = this.#options
    const api = wanted.api ?? common
    const all = [...new Set([...scopes, ...(wanted.scopes ?? [])])]
    const key = [api, ...all].join(' ')
    let guard = this.#guards.get(key)
    if (guard === undefined) {
      guard = verifier.guard({ api, scopes: all })
      this.#guards.set(key, guard)
    }
    return guard
  }
}

/** Options that are not there yet when the module is declared: a verifier is made by a promise. */
export interface GatepassModuleAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  useFactory: (...injected: never[]) => GatepassModuleOptions | Promise<GatepassModuleOptions>
  inject?: (InjectionToken | OptionalFactoryDependency)[]
}

/** Provides {@link GatepassGuard} everywhere: for `@UseGuards(GatepassGuard)`, or as the `APP_GUARD` of all handlers. */
@Module({})
export class GatepassModule {
  static forRoot(options: GatepassModuleOptions): DynamicModule {
    return GatepassModule.forRootAsync({ useFactory: () => options })
  }

  static forRootAsync({ imports = [], inject = [], useFactory }: GatepassModuleAsyncOptions): DynamicModule {
    const options = { provide: GATEPASS_OPTIONS, useFactory: useFactory as () => GatepassModuleOptions, inject }
    return {
      module: GatepassModule,
      global: true,
      imports,
      providers: [options, GatepassGuard],
      exports: [GATEPASS_OPTIONS, GatepassGuard],
    }
  }
}
