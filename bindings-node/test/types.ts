/** What users see, as types: compiled by `cargo xtask check`, and run by nobody. */
import { expectTypeOf } from 'expect-type'
import {
  type Access,
  AccessDenied,
  type AccessToken,
  connect,
  type Denied,
  days,
  env,
  type ErrorKind,
  type Gatepass,
  GatepassError,
  type Guard,
  type IssuedToken,
  open,
  type Reason,
  type Secret,
  type Verdict,
  type VerifierState,
} from 'gatepass'
import { protect } from 'gatepass/express'
import type { RequestHandler } from 'express'
import type { FastifyRequest } from 'fastify'
import { gatepass } from 'gatepass/fastify'
import { ManualClock } from 'gatepass/testing'
import { protect as web } from 'gatepass/web'

declare const gp: Gatepass
declare const guard: Guard
declare const verdict: Verdict
declare const error: unknown

// A verdict is told apart by `granted`, and has nothing of the other kind.
if (verdict.granted) {
  expectTypeOf(verdict.access).toEqualTypeOf<Access>()
  expectTypeOf(verdict).not.toHaveProperty('reason')
} else {
  expectTypeOf(verdict).toEqualTypeOf<Denied>()
  expectTypeOf(verdict.reason).toEqualTypeOf<Reason>()
  expectTypeOf(verdict).not.toHaveProperty('access')
}
expectTypeOf(guard.check).parameter(0).toEqualTypeOf<string | readonly string[] | null | undefined>()
expectTypeOf(guard.check).returns.toEqualTypeOf<Verdict>()
expectTypeOf(guard.require('')).toEqualTypeOf<Access>()
// @ts-expect-error: what a granted check gives cannot be changed
guard.require('').targetDn = 'cn=admin'
// @ts-expect-error: numbers are no headers
guard.check(5)

// Errors are narrowed by kind and by code.
if (GatepassError.is(error, 'not_found')) expectTypeOf(error.kind).toEqualTypeOf<'not_found' & ErrorKind>()
if (GatepassError.is(error)) expectTypeOf(error.requestId).toEqualTypeOf<string | undefined>()
if (GatepassError.hasCode(error, 'name_taken')) expectTypeOf(error.code).toEqualTypeOf<'name_taken' & string>()
if (error instanceof AccessDenied) expectTypeOf(error.reason).toEqualTypeOf<Reason>()
// @ts-expect-error: there is no such kind
GatepassError.is(error, 'missing_kind')

// Calls give promises, lists are asked for as they are needed.
expectTypeOf(gp.tokens.create('x', { api: 'rest', expires: days(1) })).resolves.toEqualTypeOf<IssuedToken>()
expectTypeOf(gp.tokens.list()).toExtend<AsyncIterable<AccessToken>>()
expectTypeOf(gp).toExtend<AsyncDisposable>()
expectTypeOf<AccessToken['expiresOn']>().toEqualTypeOf<Date | undefined>()
expectTypeOf<IssuedToken['secret']>().toEqualTypeOf<Secret>()
expectTypeOf(open).returns.resolves.toEqualTypeOf<Gatepass>()
// @ts-expect-error: one of three APIs
void gp.tokens.create('x', { api: 'ldap' })
// @ts-expect-error: misspelt
void gp.tokens.create('x', { api: 'rest', scops: [] })
// @ts-expect-error: a secret as a bare text would be a URL or a name next time
void connect({ urls: 'https://r1.example', credential: 'gpc_…' })
void connect({ urls: ['https://a.example', new URL('https://b.example')], credential: env('TOKEN') })

// Events have their arguments.
void gp.verifier({ maxStalenessMs: 10_000, startup: 'wait' }).then((verifier) => {
  verifier.on('stale', (state) => expectTypeOf(state).toEqualTypeOf<VerifierState>())
  // @ts-expect-error: there is no such event
  verifier.on('stail', () => {})
})

// The frameworks' own types know of us.
expectTypeOf(protect(guard)).toEqualTypeOf<RequestHandler>()
expectTypeOf<Express.Request['access']>().toEqualTypeOf<Access | undefined>()
expectTypeOf<FastifyRequest['access']>().toEqualTypeOf<Access | null>()
expectTypeOf(gatepass).parameter(1).toHaveProperty('verifier')
const found = web(guard)(new Request('http://localhost'))
if (!found.granted) expectTypeOf(found.response).toEqualTypeOf<Response>()
void open('tokens.db', { clock: new ManualClock(new Date()) })
