/** Tokens of other issuers: an issuer on loopback does all that one may do, and nothing gets through that should not. */
import 'reflect-metadata'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { after, test } from 'node:test'
import { Controller, Get, Module } from '@nestjs/common'
import { APP_GUARD, NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import express from 'express'
import fastify from 'fastify'
import {
  AccessDenied,
  connect,
  days,
  Dn,
  type ExternalTokenValidator,
  externalVerifier,
  type Guard,
  type KeyOptions,
  RestClient,
  type SubjectSearch,
  type SubjectSource,
  type Verifier,
} from 'gatepass'
import { protect } from 'gatepass/express'
import { gatepass } from 'gatepass/fastify'
import { CurrentAccess, GatepassGuard, GatepassModule } from 'gatepass/nest'
import { externalVerifierOf } from 'gatepass/testing'
import { handler, middleware, protect as checking } from 'gatepass/web'
import { Hono } from 'hono'
import { get, port } from './http.js'
import { Issuer } from './issuer.js'
import { authority, fails, PASSWORD, store } from './support.js'

// A verifier keeps no process alive, and a test that waits for keys has nothing else to live on.
const alive = setInterval(() => {}, 60_000)
after(() => clearInterval(alive))

const KEYS: KeyOptions = { cooldownMs: 100, refreshAheadMs: 100, refreshAfterMs: 10_000, staleIfErrorMs: 10_000, timeoutMs: 2_000 }

function said(guard: Guard, header: string): string {
  const verdict = guard.check(header)
  return verdict.granted ? 'granted' : verdict.reason
}

async function saidLater(guard: Guard, header: string): Promise<string> {
  const verdict = await guard.checkAsync(header)
  return verdict.granted ? 'granted' : verdict.reason
}

async function until(true_: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await true_()); tries += 1) {
    assert.ok(tries < 500, 'in vain')
    await sleep(10)
  }
}

test('what it says is told', async () => {
  const issuer = await Issuer.start()
  await using verifier = await externalVerifier([issuer.validator({ claimsMapping: ['uid=${sub},ou=People,o=acme'] })], { keys: KEYS })
  const guard = verifier.guard({ api: 'rest', scopes: ['orders:read'] })
  const token = issuer.token({ sub: 'ä+,x', groups: ['a', { b: null }], n: 1.5 })
  const access = await guard.requireAsync(`Bearer ${token}`)
  assert.deepEqual([access.name, access.api, access.subject, access.issuer], ['idp', 'rest', 'ä+,x', issuer.url])
  assert.equal(access.targetDn, 'uid=ä\\+\\,x,ou=People,o=acme')
  assert.deepEqual([access.scopes, access.allows('orders:read'), access.allows('orders')], [['orders:read'], true, false])
  const { groups, n } = access.claims as { groups: unknown; n: unknown }
  assert.deepEqual([groups, n], [['a', { b: null }], 1.5])
  // The same object is handed to every request of this token.
  assert.throws(() => ((access.claims as { groups: unknown[] }).groups[0] = 'b'), TypeError)
  assert.ok(access.expiresOn instanceof Date && access.id.length > 8)
  for (let times = 0; times < 3; times += 1) assert.deepEqual(guard.require(`Bearer ${token}`).claims, access.claims)
  assert.ok(guard.checkSecret(token).granted)
  assert.ok((await guard.checkSecretAsync(token)).granted)
  assert.equal(said(verifier.guard({ api: 'rest', scopes: ['orders:write'] }), `Bearer ${token}`), 'insufficient_scope')
  assert.equal(said(verifier.guard({ api: 'scim' }), `Bearer ${token}`), 'malformed')
  await assert.rejects(guard.requireAsync(issuer.header({ aud: 'other' })), (error) => error instanceof AccessDenied && error.reason === 'wrong_audience')
  const [health] = verifier.keyHealth()
  const { validator, keys, failures, fetches, unavailable, trouble } = health ?? {}
  assert.deepEqual([validator, keys, failures, fetches, unavailable, trouble], ['idp', 1, 0, 1, false, undefined])
  assert.ok(health?.fetchedOn instanceof Date && health.triedOn instanceof Date && health.url.startsWith(issuer.url))
  assert.deepEqual(verifier.validatorFaults(), [])
  assert.equal(verifier.counters().granted, 6)
})

test('a new key is waited for, and one that left is refused', async () => {
  const issuer = await Issuer.start()
  await using verifier = await externalVerifier([issuer.validator()], { keys: KEYS })
  const guard = verifier.guard({ api: 'rest' })
  const old = issuer.header()
  assert.equal(await saidLater(guard, old), 'granted')
  issuer.rotate()
  const next = issuer.header()
  await sleep(150)
  assert.equal(said(guard, next), 'keys_unavailable')
  // Many at a time wait for one answer.
  const before = issuer.asked
  issuer.delay = 100
  const all = await Promise.all(Array.from({ length: 50 }, () => saidLater(guard, next)))
  assert.deepEqual([...new Set(all)], ['granted'])
  assert.ok(issuer.asked <= before + 1, `${issuer.asked - before} fetches`)
  assert.equal(await saidLater(guard, old), 'bad_signature')
  issuer.delay = 0
  // Of keys that nobody has the provider is not asked more often than is allowed.
  const asked = issuer.asked
  const kids = Array.from({ length: 200 }, (_, n) => saidLater(guard, issuer.header({}, { kid: `none-${n}` })))
  assert.deepEqual([...new Set(await Promise.all(kids))], ['bad_signature'])
  assert.ok(issuer.asked - asked <= 3, `${issuer.asked - asked} fetches`)
})

test('where keys cannot be had nothing is granted, and it is told why', async () => {
  const codes = new Set<string | undefined>()
  for (const answer of ['html', 'huge', 'error', 'redirect', 'never'] as const) {
    const issuer = await Issuer.start()
    issuer.answer = answer
    await using verifier = await externalVerifier([issuer.validator()], { keys: { ...KEYS, timeoutMs: 300, cooldownMs: 300 } })
    const guard = verifier.guard({ api: 'rest' })
    const header = issuer.header()
    assert.equal(await saidLater(guard, header), 'keys_unavailable', answer)
    await until(() => verifier.keyHealth()[0]?.trouble !== undefined)
    const [{ failures, unavailable, keys, trouble } = assert.fail()] = verifier.keyHealth()
    assert.ok(failures >= 1 && unavailable && keys === 0 && trouble?.name === 'GatepassError', answer)
    codes.add(trouble?.code)
    const denied = guard.check(header)
    assert.ok(!denied.granted)
    const { status, retryAfter } = denied.answer('x')
    assert.equal(status, 503)
    assert.ok((retryAfter ?? 0) > 0)
    issuer.answer = 'keys'
    await until(async () => (await saidLater(guard, header)) === 'granted')
  }
  assert.ok(codes.size >= 4, [...codes].join())
})

test('keys serve for a while where the provider is gone, and no longer', async () => {
  const issuer = await Issuer.start()
  const keys = { cooldownMs: 100, refreshAheadMs: 50, refreshAfterMs: 200, staleIfErrorMs: 1_500, timeoutMs: 500 }
  await using verifier = await externalVerifier([issuer.validator()], { keys })
  const guard = verifier.guard({ api: 'rest' })
  const header = issuer.header()
  assert.equal(await saidLater(guard, header), 'granted')
  await issuer.stop()
  await until(() => (verifier.keyHealth()[0]?.failures ?? 0) > 0)
  assert.equal(said(guard, issuer.header({ sub: 'bob' })), 'granted')
  await until(() => verifier.keyHealth()[0]?.unavailable === true)
  assert.equal(said(guard, issuer.header({ sub: 'eve' })), 'keys_unavailable')
  await issuer.listen()
  assert.equal(await saidLater(guard, issuer.header({ sub: 'eve' })), 'granted')
})

test('waiting is given up, and ends with what it waits for', async () => {
  const issuer = await Issuer.start()
  issuer.answer = 'never'
  const verifier = await externalVerifier([issuer.validator()], { keys: KEYS })
  const guard = verifier.guard({ api: 'rest' })
  const header = issuer.header()
  const reason = new Error('enough')
  await assert.rejects(guard.checkAsync(header, undefined, { signal: AbortSignal.abort(reason) }), reason)
  const controller = new AbortController()
  const waiting = guard.requireAsync(header, '127.0.0.1', { signal: controller.signal })
  setTimeout(() => controller.abort(reason), 50)
  const begun = Date.now()
  await assert.rejects(waiting, reason)
  assert.ok(Date.now() - begun < 1_500)
  assert.equal(guard.counters().keys_unavailable, 0)
  const late = guard.checkAsync(header)
  await verifier.close()
  const verdict = await late
  assert.ok(!verdict.granted && verdict.reason === 'keys_unavailable')
  const closed = { kind: 'closed', code: 'closed' } as const
  await fails(() => guard.checkAsync(header), closed)
  await fails(() => guard.requireAsync(header), closed)
  await fails(() => guard.checkSecretAsync(header.slice(7)), closed)
  await fails(() => verifier.keyHealth(), closed)
  await fails(() => verifier.validatorFaults(), closed)
})

test('hostile tokens, and calls that are none', async () => {
  const issuer = await Issuer.start()
  await using verifier = await externalVerifier([issuer.validator()], { keys: KEYS })
  const guard = verifier.guard({ api: 'rest' })
  await guard.requireAsync(issuer.header())
  const [header = '', claims = '', signature = ''] = issuer.token().split('.')
  const deep = Buffer.from('['.repeat(3000)).toString('base64url')
  const forged = (alg: string) => Buffer.from(JSON.stringify({ alg, typ: 'JWT' })).toString('base64url')
  for (const token of [
    `${'a'.repeat(1 << 20)}.${'b'.repeat(1 << 20)}.c`,
    `${header}.${claims}.`,
    `${header}.${claims}.${signature}A`,
    `${header}..${signature}`,
    `${header}.${deep}.${signature}`,
    `${deep}.${claims}.${signature}`,
    `${forged('none')}.${claims}.`,
    `${forged('HS256')}.${claims}.${signature}`,
    `${header}.${claims}.${signature}.${signature}.${signature}`,
    `${header}.${claims}.\ud800`,
    issuer.token({ exp: '9' }),
    issuer.token({ sub: 7 }),
    issuer.token({ pad: 'x'.repeat(9000) }),
  ]) {
    for (const verdict of [guard.check(`Bearer ${token}`), guard.checkSecret(token), await guard.checkAsync(`Bearer ${token}`)]) {
      assert.ok(!verdict.granted && verdict.reason !== 'keys_unavailable', token.slice(0, 100))
    }
  }
  const wrong = (field: string, code = 'wrong_type') => ({ kind: 'invalid_input', code, field }) as const
  await fails(() => guard.checkAsync(7 as never), wrong('authorization'))
  await fails(() => guard.checkAsync(issuer.header(), 7 as never), wrong('peer'))
  assert.equal(await saidLater(guard, [issuer.header(), issuer.header()] as never), 'invalid_header')
  assert.equal(await saidLater(guard, undefined as never), 'missing')
  await fails(() => externalVerifier(7 as never), wrong('validators'))
  await fails(() => externalVerifier([null as never]), wrong('validators', 'malformed'))
  await fails(() => externalVerifier([], { subjects: 7 as never }), wrong('subjects'))
  await fails(() => externalVerifier([], { keys: { cooldown: 7 } as never }), wrong('options', 'malformed'))
  await fails(() => externalVerifier([], { keys: { cooldownMs: 1 } }), wrong('cooldown', 'cooldown_out_of_range'))
  await fails(() => externalVerifier([], { keys: { certificateAuthorities: ['x'] } }), wrong('certificateAuthority', 'certificate_malformed'))
  const refused: [Partial<ExternalTokenValidator>, string, string][] = [
    [{ expectedAudence: 'x' } as never, 'malformed', 'validators'],
    [{ api: 'config' as never }, 'api_without_validators', 'api'],
    [{ name: '' }, 'validator_name_malformed', 'name'],
    [{ discoveryUrl: 'http://idp.example/' }, 'url_insecure', 'discoveryUrl'],
    [{ discoveryUrl: undefined, jwksUrl: 'https://idp.example/jwks' }, 'issuer_required', 'expectedIssuer'],
    [{ clockSkew: 3_601_000 }, 'clock_skew_out_of_range', 'clockSkew'],
    [{ clockSkew: -1 }, 'span_malformed', 'clockSkew'],
    [{ maxAge: 1 }, 'max_age_out_of_range', 'maxAge'],
    [{ algorithms: ['HS256' as never] }, 'unknown_algorithm', 'algorithms'],
    [{ expectedScopes: ['a b'] }, 'scope_malformed', 'expectedScopes'],
    [{ claimsMapping: ['uid=${'] }, 'expression_malformed', 'claimsMapping'],
  ]
  for (const [more, code, field] of refused) {
    await fails(() => externalVerifier([issuer.validator(more)]), wrong(field, code))
    await fails(() => externalVerifierOf([issuer.validator(more)]), wrong(field, code))
  }
  await fails(() => externalVerifierOf([issuer.validator()], { keys: { 'http://x/': [] } }), { kind: 'protocol', code: 'jwks_malformed' })
})

test('whom a token acts as is found by a function, or by a client', async () => {
  const issuer = await Issuer.start()
  const validator = issuer.validator({ claimsMapping: ['ou=People,o=acme??one?(mail=${email})'] })
  const searches: SubjectSearch[] = []
  const found: Record<string, () => ReturnType<Exclude<SubjectSource, { search: unknown }>>> = {
    one: () => ['uid=one,o=acme'],
    dn: async () => [new Dn('uid=dn,o=acme')],
    two: () => ['uid=a,o=acme', 'uid=b,o=acme'],
    none: async () => [],
    throws: () => {
      throw new Error('no directory')
    },
    rejects: () => Promise.reject(new Error('no directory')),
    wrong: () => 7 as never,
    wrongMember: () => [7 as never],
  }
  const subjects = (search: SubjectSearch) => {
    searches.push(search)
    const [, name = ''] = /^\(mail=([a-zA-Z]+)/.exec(search.filter) ?? []
    return (found[name] ?? assert.fail(search.filter))()
  }
  await using verifier = await externalVerifier([validator], { keys: KEYS, subjects })
  const guard = verifier.guard({ api: 'rest' })
  const asked = (email: string) => guard.checkAsync(issuer.header({ email }))
  const one = await asked('one*)(x')
  assert.ok(one.granted)
  assert.equal(one.access.targetDn, 'uid=one,o=acme')
  assert.deepEqual(searches, [{ base: 'ou=People,o=acme', scope: 'one', filter: '(mail=one\\2a\\29\\28x)' }])
  const dn = await asked('dn')
  assert.equal(dn.granted && dn.access.targetDn, 'uid=dn,o=acme')
  assert.equal(await saidLater(guard, issuer.header({ email: 'two' })), 'unknown')
  assert.equal(await saidLater(guard, issuer.header({ email: 'none' })), 'unknown')
  for (const email of ['throws', 'rejects', 'wrong', 'wrongMember']) {
    const begun = Date.now()
    assert.equal(await saidLater(guard, issuer.header({ email })), 'keys_unavailable', email)
    assert.ok(Date.now() - begun < 4_000)
  }
  // What was found is kept, and asked for once by many.
  const before = searches.length
  await Promise.all(Array.from({ length: 20 }, () => asked('one*)(x')))
  assert.equal(searches.length, before)
  // Without anybody to ask nothing is granted.
  await using alone = await externalVerifier([validator], { keys: KEYS })
  assert.equal(await saidLater(alone.guard({ api: 'rest' }), issuer.header({ email: 'one' })), 'keys_unavailable')
})

test('a client of the directory finds whom a token acts as', async () => {
  const issuer = await Issuer.start()
  const server = await authority(undefined, undefined, 20)
  await using gp = await connect({ urls: server.url, login: { username: 'admin', password: PASSWORD } })
  const { secret } = await gp.tokens.create('directory', { api: 'rest', expires: days(1) })
  await using rest = new RestClient(server.data.rest, { credential: secret })
  const person = await rest.search('o=acme', { filter: '(mail=*)' }).first()
  const validator = issuer.validator({ claimsMapping: ['o=acme??sub?(mail=${email})', 'o=acme??sub?(uid=${sub})'] })
  await gp.validators.create(validator)
  await using follower = await gp.verifier({ keys: KEYS, subjects: rest })
  await using verifier = await externalVerifier([validator], { keys: KEYS, subjects: rest })
  for (const each of [follower, verifier]) {
    const guard = each.guard({ api: 'rest' })
    const access = await guard.requireAsync(issuer.header({ email: person?.first('mail') }))
    assert.equal(access.targetDn, person?.dn)
    assert.equal(await saidLater(guard, issuer.header({ sub: '*' })), 'unknown')
  }
  await rest.close()
  await fails(() => externalVerifier([validator], { subjects: rest }), { kind: 'closed', code: 'closed' })
})

/** What is done to validators, on a store as on a server. */
async function administered(gp: Awaited<ReturnType<typeof connect>>, issuer: Issuer, verifier: Verifier): Promise<void> {
  const guard = verifier.guard({ api: 'rest' })
  const { secret, revision } = await gp.tokens.create('own', { api: 'rest', scopes: ['orders:read'], expires: days(1) })
  await verifier.waitFor(revision)
  assert.equal(said(guard, issuer.header()), 'malformed')
  const all: ExternalTokenValidator = issuer.validator({
    provider: 'Keycloak',
    expectedIssuer: issuer.url,
    scopeClaim: 'scope',
    expectedScopes: ['orders:read'],
    clockSkew: 5_000,
    algorithms: ['ES256'],
    tokenType: 'JWT',
    maxAge: days(1),
    claimsMapping: ['uid=${sub},o=acme'],
  })
  const expected = { ...all, enabled: true, anyIssuer: false, maxAge: 86_400_000 }
  assert.deepEqual(await gp.validators.create(all), expected)
  await fails(() => gp.validators.create(all), { kind: 'conflict', code: 'validator_exists', field: 'name' })
  assert.deepEqual(await gp.validators.list(), [expected])
  assert.deepEqual(await gp.validators.get('idp'), expected)
  const token = issuer.header()
  await until(async () => (await saidLater(guard, token)) === 'granted')
  assert.deepEqual(verifier.keyHealth().map(({ validator, keys }) => [validator, keys]), [['idp', 1]])
  // One guard takes both kinds.
  assert.deepEqual([guard.require(`Bearer ${secret.reveal()}`).name, guard.require(token).name], ['own', 'idp'])
  assert.equal(guard.require(`Bearer ${secret.reveal()}`).claims, undefined)
  assert.equal(guard.require(`Bearer ${secret.reveal()}`).subject, undefined)
  const stored = await gp.validators.get('idp')
  assert.deepEqual(await gp.validators.update({ ...stored, expectedAudience: 'elsewhere' }), { ...expected, expectedAudience: 'elsewhere' })
  await until(() => said(guard, token) === 'wrong_audience')
  await gp.validators.update({ ...all, enabled: false })
  await until(() => said(guard, token) === 'malformed')
  await gp.validators.update(all)
  await until(async () => (await saidLater(guard, token)) === 'granted')
  await gp.validators.delete('idp')
  await until(() => said(guard, token) === 'malformed')
  assert.deepEqual(await gp.validators.list(), [])
  for (const work of [() => gp.validators.delete('idp'), () => gp.validators.get('idp'), () => gp.validators.update(all)]) {
    await fails(work, { kind: 'not_found', code: 'validator_not_found', field: 'name' })
  }
  await fails(() => gp.validators.create({ ...all, expectedAudence: 'x' } as never), { kind: 'invalid_input', code: 'malformed', field: 'validator' })
  await fails(() => gp.validators.create({ ...all, jwksUrl: 'ftp://x/' }), { kind: 'invalid_input', code: 'url_insecure', field: 'jwksUrl' })
  await assert.rejects(gp.validators.list({ signal: AbortSignal.abort(new Error('enough')) }), /enough/)
}

test('validators are kept in a store', async () => {
  const [issuer, gp] = [await Issuer.start(), await store()]
  await using verifier = await gp.verifier({ keys: KEYS })
  await administered(gp, issuer, verifier)
  await fails(() => gp.verifier({ keys: { timeoutMs: 1 } }), { kind: 'invalid_input', code: 'timeout_out_of_range', field: 'timeout' })
})

test('validators are kept by an authority, and its replicas follow', async () => {
  const [issuer, server] = [await Issuer.start(), await authority()]
  await using gp = await connect({ urls: server.url, login: { username: 'admin', password: PASSWORD } })
  await using verifier = await gp.verifier({ keys: KEYS, maxStalenessMs: 5_000 })
  await administered(gp, issuer, verifier)
})

test('middleware takes both kinds, waits for keys, and answers 503 where there are none', async () => {
  const [issuer, gp] = [await Issuer.start(), await store()]
  await gp.validators.create(issuer.validator())
  const { secret } = await gp.tokens.create('own', { api: 'rest', expires: days(1) })
  const keys = { ...KEYS, timeoutMs: 400, cooldownMs: 100, refreshAfterMs: 500, staleIfErrorMs: 500 }
  const servers: { name: string; fetch(header: string): Promise<{ status: number; body: string; headers: Headers }> }[] = []

  const requirement = { api: 'rest' } as const
  await using verifier = await gp.verifier({ keys })
  const guard = verifier.guard(requirement)
  const app = express()
  app.get('/', protect(guard), (request, response) => void response.json({ name: request.access?.name }))
  const listening = app.listen(0, '127.0.0.1')
  await once(listening, 'listening')
  after(() => listening.close())
  servers.push({ name: 'express', fetch: (header) => get(port(listening), '/', [['authorization', header]]) })

  const server = fastify()
  server.register(gatepass, { verifier, api: 'rest' })
  server.get('/', async (request) => ({ name: request.access?.name }))
  await server.listen({ port: 0, host: '127.0.0.1' })
  after(() => server.close())
  servers.push({ name: 'fastify', fetch: (header) => get(port(server.server), '/', [['authorization', header]]) })

  @Controller()
  class Root {
    @Get()
    root(@CurrentAccess() access: { name: string }): object {
      return { name: access.name }
    }
  }
  @Module({
    imports: [GatepassModule.forRoot({ verifier, api: 'rest' })],
    controllers: [Root],
    providers: [{ provide: APP_GUARD, useExisting: GatepassGuard }],
  })
  class App {}
  const nest = await NestFactory.create(App, new ExpressAdapter(), { logger: false })
  await nest.listen(0, '127.0.0.1')
  after(() => nest.close())
  servers.push({ name: 'nest', fetch: (header) => get(port(nest.getHttpServer()), '/', [['authorization', header]]) })

  const asked = (header: string) => new Request('http://x/', { headers: { authorization: header } })
  const answered = async (response: Response) => ({ status: response.status, body: await response.text(), headers: response.headers })
  const handle = handler(guard, (_, access) => Response.json({ name: access.name }))
  servers.push({ name: 'web', fetch: async (header) => answered(await handle(asked(header))) })
  const hono = new Hono<{ Variables: { access: { name: string } } }>()
  hono.use(middleware(guard) as never)
  hono.get('/', (context) => context.json({ name: context.get('access').name }))
  servers.push({ name: 'hono', fetch: async (header) => answered(await hono.request(asked(header))) })

  for (const { name, fetch } of servers) {
    const [both, own] = [await fetch(issuer.header()), await fetch(`Bearer ${secret.reveal()}`)]
    assert.deepEqual([both.status, JSON.parse(both.body)], [200, { name: 'idp' }], name)
    assert.deepEqual([own.status, JSON.parse(own.body)], [200, { name: 'own' }], name)
    issuer.rotate()
    const rotated = await fetch(issuer.header())
    assert.deepEqual([rotated.status, JSON.parse(rotated.body)], [200, { name: 'idp' }], name)
    assert.equal((await fetch(issuer.header({ aud: 'other' }))).status, 401, name)
  }
  await issuer.stop()
  await until(() => verifier.keyHealth()[0]?.unavailable === true)
  for (const { name, fetch } of servers) {
    const before = verifier.counters().keys_unavailable
    const { status, headers } = await fetch(issuer.header())
    assert.equal(status, 503, name)
    assert.ok(Number(headers.get('retry-after')) > 0, name)
    assert.equal((await fetch(`Bearer ${secret.reveal()}`)).status, 200, name)
    assert.equal(verifier.counters().keys_unavailable, before + 1, name)
  }
  const told = checking(guard)(asked(issuer.header()))
  assert.equal(!told.granted && told.response.status, 503)
})
