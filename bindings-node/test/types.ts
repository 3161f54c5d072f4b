/** What users see, as types: compiled by `cargo xtask check`, and run by nobody. */
import { expectTypeOf } from 'expect-type'
import {
  type Access,
  AccessDenied,
  type AccessToken,
  BulkOperation,
  type BulkResult,
  connect,
  type Cursor,
  type Denied,
  Dn,
  days,
  type Entry,
  env,
  type ErrorKind,
  type ExternalTokenValidator,
  externalVerifier,
  Filter,
  type Gatepass,
  GatepassError,
  type Guard,
  IncompleteResult,
  type IssuedToken,
  type KeyHealth,
  Mod,
  open,
  PatchOp,
  type Reason,
  type Resources,
  RestClient,
  ScimClient,
  ScimFilter,
  type ScimGroup,
  type ScimMeta,
  type ScimResource,
  type ScimUser,
  type Secret,
  type StoredValidator,
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

// Tokens of other issuers: a check that may wait, what they say, and validators as records.
expectTypeOf(guard.checkAsync('', undefined, { signal: AbortSignal.timeout(1) })).resolves.toEqualTypeOf<Verdict>()
expectTypeOf(guard.requireAsync('')).resolves.toEqualTypeOf<Access>()
expectTypeOf<Access['subject']>().toEqualTypeOf<string | undefined>()
expectTypeOf(guard.require('').claims?.groups).toEqualTypeOf<unknown>()
expectTypeOf(gp.validators.list()).resolves.toEqualTypeOf<StoredValidator[]>()
expectTypeOf<StoredValidator>().toExtend<ExternalTokenValidator>()
expectTypeOf<StoredValidator['expectedScopes']>().toEqualTypeOf<readonly string[]>()
expectTypeOf<KeyHealth['fetchedOn']>().toEqualTypeOf<Date | undefined>()
void externalVerifier([{ name: 'sso', api: 'rest', clockSkew: 5_000, maxAge: days(1) }], { subjects: () => [], keys: { cooldownMs: 100 } })
void gp.verifier({ subjects: async ({ base, filter, scope }) => [new Dn(base), `${filter}${scope}`] })
// @ts-expect-error: there is no such field
void gp.validators.create({ name: 'sso', api: 'rest', expectedAudence: 'orders' })
// @ts-expect-error: the Configuration API takes no tokens of others
void gp.validators.create({ name: 'sso', api: 'config' })
// @ts-expect-error: secrets that are shared sign nothing
void gp.validators.create({ name: 'sso', api: 'rest', algorithms: ['HS256'] })

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

// A directory gives entries, whose values are lists.
const rest = new RestClient('https://r1.example:8090/adap', { credential: env('ADAP_TOKEN'), nodes: ['node2.example'] })
expectTypeOf(rest).toExtend<AsyncDisposable>()
const search = rest.search('o=acme', { filter: Filter.equals('cn', 'a'), scope: 'one', pageSize: null })
expectTypeOf(search).toExtend<AsyncIterable<Entry>>()
expectTypeOf(search[Symbol.asyncIterator]()).toEqualTypeOf<Cursor<Entry>>()
expectTypeOf(search[Symbol.asyncIterator]()).toExtend<AsyncDisposable>()
expectTypeOf(search.pages()).toExtend<AsyncIterable<Entry[]>>()
expectTypeOf(search.all()).resolves.toEqualTypeOf<Entry[]>()
expectTypeOf(search.first()).resolves.toEqualTypeOf<Entry | undefined>()
expectTypeOf<Entry['attributes'][string]>().toEqualTypeOf<readonly string[]>()
expectTypeOf<Entry>().toHaveProperty('first').returns.toEqualTypeOf<string | undefined>()
declare const entry: Entry
void rest.add('uid=b,o=acme', entry.attributes)
void rest.modify('uid=b,o=acme', [Mod.add('mail', 'b@acme'), Mod.delete('title')])
expectTypeOf(rest.bulk([BulkOperation.delete('o=a', { tree: true })])).resolves.toEqualTypeOf<BulkResult[]>()
declare const result: BulkResult
if (result.ok) expectTypeOf(result.error).toEqualTypeOf<undefined>()
else expectTypeOf(result.error).toEqualTypeOf<GatepassError>()
if (error instanceof IncompleteResult) expectTypeOf(error.count).toEqualTypeOf<number>()
// @ts-expect-error: a token as a bare text would be a URL or a name next time
void new RestClient('https://r1.example', { credential: 'gpr_…' })
// @ts-expect-error: a directory is opened by a token
void new RestClient('https://r1.example', {})
// @ts-expect-error: there is no such scope
rest.search('o=acme', { scope: 'subtree' })
// @ts-expect-error: misspelt
rest.search('o=acme', { attribute: ['cn'] })
// @ts-expect-error: what was read is not changed by writing to it
entry.attributes.cn = ['x']
// @ts-expect-error: a number is no value
void rest.add('uid=b', { cn: 5 })
// @ts-expect-error: SCIM's filters are others
rest.search('o=acme', { filter: ScimFilter.present('title') })
// @ts-expect-error: nodes are a directory's
void new ScimClient('https://r1.example', { credential: env('SCIM_TOKEN'), nodes: [] })

// Resources are of the type that is said of them, and have what every resource has.
const scim = new ScimClient('https://r1.example:8090/scim2/v2', { credential: env('SCIM_TOKEN') })
expectTypeOf(scim.resources('Users')).toEqualTypeOf<Resources<ScimUser>>()
expectTypeOf(scim.resources('Groups')).toEqualTypeOf<Resources<ScimGroup>>()
expectTypeOf(scim.resources('Devices')).toEqualTypeOf<Resources<ScimResource>>()
interface Person {
  id: string
  userName: string
  badge?: number
}
const people = scim.resources<Person>('People')
expectTypeOf(people).toEqualTypeOf<Resources<Person>>()
void people.get('a').then((person) => {
  expectTypeOf(person.id).toEqualTypeOf<string>()
  expectTypeOf(person.badge).toEqualTypeOf<number | undefined>()
  expectTypeOf(person.meta).toEqualTypeOf<ScimMeta | undefined>()
  // What was read can be written, and what is made needs no id.
  void people.replace(person.id, { ...person, badge: 7 })
})
expectTypeOf(people.get('a', { attributes: ['badge'] })).resolves.not.toExtend<undefined>()
expectTypeOf(people.get('a', { unless: 'W/"1"' })).resolves.extract<undefined>().toEqualTypeOf<undefined>()
void people.create({ userName: 'a' })
// @ts-expect-error: a person has a name
void people.create({ badge: 7 })
// @ts-expect-error: misspelt
void people.create({ userName: 'a', bagde: 7 })
void scim.resources('Users').create({ schemas: [], userName: 'a', 'urn:x:y': { any: 'thing' } })
void scim.resources('Users').list({ filter: ScimFilter.eq('active', true), sortOrder: 'descending' }).first().then((user) => {
  expectTypeOf(user?.name?.familyName).toEqualTypeOf<string | undefined>()
  expectTypeOf(user?.['urn:ietf:params:scim:schemas:extension:enterprise:2.0:User']?.department).toEqualTypeOf<string | undefined>()
})
expectTypeOf(people.list().count()).resolves.toEqualTypeOf<number>()
expectTypeOf(people.patch('a', new PatchOp().replace('badge', 7))).resolves.extract<undefined>().toEqualTypeOf<undefined>()
// @ts-expect-error: a change adds, replaces or removes
void people.patch('a', [{ op: 'set', path: 'badge' }])
