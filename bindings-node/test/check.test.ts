/** The check: whatever it is given, and whatever changes meanwhile. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Access, channels, days, Denied, Granted, type Guard, type Secret } from 'gatepass'
import { ManualClock } from 'gatepass/testing'
import { fails, store } from './support.js'

const bearer = (secret: Secret) => `Bearer ${secret.reveal()}`

function reason(guard: Guard, ...asked: Parameters<Guard['check']>): string {
  const verdict = guard.check(...asked)
  return verdict.granted ? 'granted' : verdict.reason
}

async function orders() {
  const gp = await store()
  const issued = await gp.tokens.create('nightly-sync', {
    api: 'rest',
    expires: days(9),
    scopes: ['orders:read'],
    targetDn: 'uid=sync,ou=svc,o=acme',
  })
  const verifier = await gp.verifier()
  return { gp, verifier, guard: verifier.guard({ api: 'rest', scopes: ['orders:read'] }), ...issued }
}

test('a header is taken as it came', async () => {
  const { guard, secret } = await orders()
  const header = bearer(secret)
  assert.equal(reason(guard, header), 'granted')
  assert.equal(reason(guard, [header]), 'granted')
  assert.equal(reason(guard, undefined), 'missing')
  assert.equal(reason(guard, null), 'missing')
  assert.equal(reason(guard, []), 'missing')
  assert.equal(reason(guard, [header, header]), 'invalid_header')
  assert.equal(reason(guard, `  ${header}\t`), 'granted')
  assert.equal(reason(guard, Buffer.from(header).toString()), 'granted')
  assert.ok(guard.checkSecret(secret).granted)
  assert.ok(guard.checkSecret(secret.reveal()).granted)
})

test('whatever is given, it is denied or refused, and nothing breaks', async () => {
  const { guard, secret } = await orders()
  const header = bearer(secret)
  for (const [given, expected] of [
    ['\ud800', 'missing'],
    ['Bearer \ud800\udc00', 'invalid_header'],
    [`Bearer ${'a'.repeat(1 << 20)}`, 'invalid_header'],
    ['ä'.repeat(1 << 20), 'invalid_header'],
    [`${header}\ud800`, 'invalid_header'],
    [`${header}\0`, 'invalid_header'],
    // Characters of two bytes whose lower one is that of the right character.
    [[...header].map((c) => String.fromCharCode(c.charCodeAt(0) + 0x100)).join(''), 'missing'],
    [`Bearer ${[...secret.reveal()].map((c) => String.fromCharCode(c.charCodeAt(0) + 0x4100)).join('')}`, 'invalid_header'],
    [`${header.slice(0, -1)}${String.fromCharCode(header.charCodeAt(header.length - 1) + 0x100)}`, 'invalid_header'],
  ] as const) {
    assert.equal(reason(guard, given), expected, inspectable(given))
    assert.equal(reason(guard, [given]), expected, inspectable(given))
  }
  const wrong = { kind: 'invalid_input', code: 'wrong_type', field: 'authorization' } as const
  for (const given of [5, 5n, true, {}, Symbol('x'), () => header, new Map(), new String(header), [5], [[header]]]) {
    await fails(() => guard.check(given as never), wrong)
  }
  await fails(() => guard.checkSecret(undefined as never), wrong)
  await fails(() => guard.check(header, 5 as never), { ...wrong, field: 'peer' })
  const thrown = new Error('from a getter')
  const throwing = Object.defineProperty([0], 0, {
    get() {
      throw thrown
    },
  })
  assert.throws(() => guard.check(throwing as never), thrown)
  // Nothing of this has done any harm.
  assert.equal(reason(guard, header), 'granted')
})

const inspectable = (given: string) => JSON.stringify(given.slice(0, 80))

test('the same token gives the same object, until something about it changes', async () => {
  const { gp, verifier, guard, secret } = await orders()
  const header = bearer(secret)
  const seen = [1, 2, 3, 4].map(() => guard.check(header) as Granted)
  assert.equal(seen[2], seen[3])
  assert.ok(seen.every((verdict) => verdict.access.targetDn === 'uid=sync,ou=svc,o=acme'))
  const { revision, token } = await gp.tokens.rotate('nightly-sync', { grace: 60_000, expires: days(20) })
  await verifier.waitFor(revision)
  const after = guard.check(header) as Granted
  assert.deepEqual(after.access.expiresOn, token.expiresOn)
  assert.notDeepEqual(seen[3]?.access.expiresOn, token.expiresOn)
  const revoked = await gp.tokens.revoke('nightly-sync')
  await verifier.waitFor(revoked.revision)
  assert.equal(reason(guard, header), 'revoked')
  const denied = guard.check(header)
  assert.ok(!denied.granted)
  assert.equal(denied.tokenId, secret.id)
})

test('a changed role shows at once in what is permitted', async () => {
  const gp = await store()
  await gp.roles.create({ name: 'dev', settingsPermission: 'EDIT' })
  const { secret } = await gp.tokens.create('deploy', { api: 'config', roles: ['dev'], expires: days(1) })
  const verifier = await gp.verifier()
  const guard = verifier.guard({ api: 'config', scopes: ['SCOPE_SETTINGS_VIEW'] })
  for (let time = 0; time < 3; time += 1) assert.ok(guard.require(bearer(secret)).allows('SCOPE_SETTINGS_EDIT'))
  await gp.roles.update({ name: 'dev', settingsPermission: 'VIEW' })
  await verifier.waitFor(gp.revision)
  const access = guard.require(bearer(secret))
  assert.ok(access.allows('SCOPE_SETTINGS_VIEW') && !access.allows('SCOPE_SETTINGS_EDIT') && !access.allows('no_scope'))
  assert.deepEqual(access.roles, ['dev'])
})

test('many tokens keep to their own objects', async () => {
  const gp = await store()
  const secrets = new Map<string, string>()
  const names = Array.from({ length: 500 }, (_, number) => `token-${number}`)
  await Promise.all(
    names.map(async (name) => {
      const { secret } = await gp.tokens.create(name, { api: 'rest', expires: days(1) })
      secrets.set(name, bearer(secret))
    }),
  )
  const guard = (await gp.verifier()).guard({ api: 'rest' })
  for (let round = 0; round < 4; round += 1) {
    for (const [name, header] of secrets) assert.equal(guard.require(header).name, name)
  }
})

test('the peer is asked only where a token is bound to networks', async () => {
  const gp = await store()
  const bound = await gp.tokens.create('bound', { api: 'rest', expires: days(1), networks: ['10.0.0.0/8'] })
  const free = await gp.tokens.create('free', { api: 'rest', expires: days(1) })
  const guard = (await gp.verifier()).guard({ api: 'rest' })
  let asked = 0
  const peer = (address: string | undefined) => () => {
    asked += 1
    return address
  }
  assert.equal(reason(guard, bearer(free.secret), peer('10.1.2.3')), 'granted')
  assert.equal(reason(guard, 'Bearer x', peer('10.1.2.3')), 'malformed')
  assert.equal(asked, 0)
  assert.equal(reason(guard, bearer(bound.secret), peer('10.1.2.3')), 'granted')
  assert.equal(reason(guard, bearer(bound.secret), peer('::ffff:10.1.2.3')), 'granted')
  assert.equal(reason(guard, bearer(bound.secret), peer('11.1.2.3')), 'network_not_allowed')
  assert.equal(reason(guard, bearer(bound.secret), peer(undefined)), 'network_not_allowed')
  assert.equal(asked, 4)
  for (const nowhere of [undefined, null, '', 'localhost', 'fe80::1%eth0', 'x'.repeat(1 << 20)]) {
    assert.equal(reason(guard, bearer(bound.secret), nowhere), 'network_not_allowed')
  }
  assert.equal(reason(guard, bearer(bound.secret), '10.1.2.3'), 'granted')
  const boom = new Error('boom')
  assert.throws(() => guard.check(bearer(bound.secret), () => { throw boom }), boom)
  await fails(() => guard.check(bearer(bound.secret), () => 5 as never), {
    kind: 'invalid_input',
    code: 'wrong_type',
    field: 'peer',
  })
})

test('verdicts show what they are, and cannot be changed', async () => {
  const { guard, secret } = await orders()
  const granted = guard.check(bearer(secret))
  assert.ok(granted instanceof Granted && granted.access instanceof Access)
  assert.throws(() => Object.assign(granted, { granted: false }), TypeError)
  assert.throws(() => Object.assign(granted.access, { targetDn: 'cn=admin' }), TypeError)
  assert.throws(() => (granted.access.scopes as string[]).push('everything'), TypeError)
  assert.deepEqual(JSON.parse(JSON.stringify(granted)).access.scopes, ['orders:read'])
  const denied = guard.check(undefined)
  assert.ok(denied instanceof Denied)
  assert.throws(() => Object.assign(denied, { reason: 'granted' }), TypeError)
  assert.deepEqual(JSON.parse(JSON.stringify(denied)), { granted: false, reason: 'missing' })
})

test('scopes that are lacking are named to the outside', async () => {
  const { verifier, secret } = await orders()
  const guard = verifier.guard({ api: 'rest', scopes: new Set(['orders:write', 'orders:read']) })
  const denied = guard.check(bearer(secret))
  assert.ok(!denied.granted)
  assert.equal(denied.scope, 'orders:write orders:read')
  assert.match(denied.answer('orders').wwwAuthenticate ?? '', /scope="orders:write orders:read"/)
  assert.equal(denied.answer('orders').status, 403)
  assert.deepEqual(guard.scopes, ['orders:write', 'orders:read'])
  await fails(() => verifier.guard({ api: 'rest', scopes: 'orders:read' as never }), {
    kind: 'invalid_input',
    code: 'wrong_type',
    field: 'scopes',
  })
})

test('what is stale is denied, and what expires is seen to', async () => {
  const clock = new ManualClock('2026-03-01T12:00:00Z')
  const gp = await store({ clock })
  const { secret } = await gp.tokens.create('short', { api: 'rest', expires: days(1) })
  const verifier = await gp.verifier()
  const guard = verifier.guard({ api: 'rest' })
  assert.equal(reason(guard, bearer(secret)), 'granted')
  clock.advance(2_000)
  assert.equal(reason(guard, bearer(secret)), 'stale')
  const stale = guard.check(bearer(secret))
  assert.ok(!stale.granted)
  assert.deepEqual([stale.answer('x').status, stale.answer('x').retryAfter], [503, 1])
  clock.advance(86_400_000)
  for (let tries = 0; reason(guard, bearer(secret)) === 'stale' && tries < 200; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  assert.equal(reason(guard, bearer(secret)), 'expired')
})

test('verdicts are counted by reason, and published to who subscribes', async () => {
  const { verifier, guard, secret } = await orders()
  const other = verifier.guard({ api: 'scim' })
  const published: unknown[] = []
  const listen = (message: unknown) => published.push(message)
  guard.check(bearer(secret))
  guard.check(undefined)
  channels.check.subscribe(listen)
  const denied = guard.check('Bearer x')
  other.check(bearer(secret))
  channels.check.unsubscribe(listen)
  guard.check(bearer(secret))
  assert.equal(published.length, 2)
  assert.deepEqual(published[0], { guard, verdict: denied })
  const { granted, missing, malformed, wrong_api } = guard.counters()
  assert.deepEqual([granted, missing, malformed, wrong_api], [2, 1, 1, 0])
  assert.equal(other.counters().wrong_api, 1)
  assert.deepEqual([verifier.counters().granted, verifier.counters().wrong_api], [2, 1])
})
