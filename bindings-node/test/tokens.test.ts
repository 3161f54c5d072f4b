/** Tokens, roles, users and the audit trail, on a store. */
import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { at, days, idempotencyKey, never, on, open } from 'gatepass'
import { ManualClock } from 'gatepass/testing'
import { fails, folder, store } from './support.js'

const NOON = new Date('2026-03-01T12:00:00Z')

test('a token is made, found, listed, rotated, revoked, deleted', async () => {
  const clock = new ManualClock(NOON)
  const gp = await store({ clock, actor: 'setup' })
  const { token, secret, revision } = await gp.tokens.create('nightly-sync', {
    api: 'rest',
    expires: days(90),
    scopes: ['orders:write', 'orders:read'],
    targetDn: 'uid=sync,ou=svc,o=acme',
    networks: ['10.0.0.0/8', '::1'],
    notBefore: new Date('2026-03-01T13:00:00Z'),
    description: 'for the night',
    metadata: { team: 'a' },
  })
  assert.deepEqual(token, {
    id: secret.id,
    name: 'nightly-sync',
    api: 'rest',
    roles: [],
    scopes: ['orders:read', 'orders:write'],
    targetDn: 'uid=sync,ou=svc,o=acme',
    networks: ['10.0.0.0/8', '::1/128'],
    description: 'for the night',
    metadata: { team: 'a' },
    createdOn: NOON,
    createdBy: 'setup',
    notBefore: new Date('2026-03-01T13:00:00Z'),
    expiresOn: new Date('2026-05-30T12:00:00Z'),
    status: 'not_yet_valid',
    inGrace: false,
  })
  assert.ok(Object.isFrozen(token) && Object.isFrozen(token.scopes))
  assert.equal(gp.revision, revision)
  assert.equal(typeof gp.place, 'string')
  assert.deepEqual(await gp.tokens.get('nightly-sync'), token)

  clock.advance(2 * 3_600_000)
  const rotated = await gp.tokens.rotate('nightly-sync', { grace: days(1), expires: at('2026-04-01T00:00:00Z') })
  assert.equal(rotated.secret.id, secret.id)
  assert.ok(!rotated.secret.equals(secret))
  assert.equal(rotated.token.status, 'active')
  assert.ok(rotated.token.inGrace)
  assert.deepEqual(rotated.token.graceUntil, new Date(NOON.getTime() + 2 * 3_600_000 + 86_400_000))
  assert.deepEqual(rotated.token.expiresOn, new Date('2026-04-01T00:00:00Z'))
  await fails(() => gp.tokens.rotate('nightly-sync'), { kind: 'conflict', code: 'rotation_in_grace' })
  await gp.tokens.rotate('nightly-sync', { force: true })

  const changed = await gp.tokens.revoke('nightly-sync')
  assert.equal(changed.token.status, 'revoked')
  assert.ok(changed.revision > rotated.revision)
  assert.equal(await gp.tokens.delete('nightly-sync'), changed.revision + 1)
  await fails(() => gp.tokens.get('nightly-sync'), { kind: 'not_found', code: 'token_not_found', field: 'name' })
})

test('lists are read as they are asked for, and filters say what is wanted', async () => {
  const gp = await store({ policy: { maxDays: null, allowNever: true } })
  for (let number = 0; number < 25; number += 1) {
    const name = `token-${String(number).padStart(2, '0')}`
    await gp.tokens.create(name, { api: number % 5 === 0 ? 'scim' : 'rest', expires: number < 3 ? days(5) : never })
  }
  const names = async (filter?: Parameters<typeof gp.tokens.list>[0]) => {
    const found: string[] = []
    for await (const { name } of gp.tokens.list(filter)) found.push(name)
    return found
  }
  assert.equal((await names()).length, 25)
  assert.equal((await names({ api: 'scim' })).length, 5)
  assert.deepEqual(await names({ expiresWithin: days(7) }), ['token-00', 'token-01', 'token-02'])
  assert.deepEqual(await names({ expiresWithin: 60_000 }), [])
  assert.deepEqual(await names({ nameContains: 'N-1', status: 'active' }), [...Array(10).keys()].map((n) => `token-1${n}`))
  const first = await gp.tokens.page({ limit: 10 })
  const second = await gp.tokens.page({ limit: 20, cursor: first.next })
  assert.equal(first.tokens.length + second.tokens.length, 25)
  assert.equal(second.next, undefined)
  // Left early, an iterator asks for no more.
  for await (const { name } of gp.tokens.list()) {
    assert.equal(name, 'token-00')
    break
  }
  await gp.tokens.revokeAll(['token-00', 'token-01'])
  await fails(() => gp.tokens.revokeAll(['token-02', 'nobody']), {
    kind: 'not_found',
    code: 'token_not_found',
    field: 'names[1]',
  })
  assert.equal((await gp.tokens.get('token-02')).status, 'active')
  // What was revoked within the clock's present tick is kept: "before" is never later than now.
  await sleep(50)
  assert.equal(await gp.tokens.purge(new Date(Date.now() + 60_000)), 2)
})

test('a policy is told who breaks it', async () => {
  const place = `${folder()}/tokens.db`
  const lax = await open(place, { policy: { maxDays: null, allowNever: true } })
  await lax.tokens.create('for-ever', { api: 'rest', expires: never })
  await lax.tokens.create('short', { api: 'rest', expires: days(1) })
  await using strict = await open(place)
  assert.deepEqual((await strict.tokens.violations()).map(({ name }) => name), ['for-ever'])
  await lax.close()
})

test('a delivery that fails leaves the old secret good, and tells why', async () => {
  const gp = await store()
  const { secret } = await gp.tokens.create('nightly-sync', { api: 'rest', expires: days(9) })
  const check = async (tried: typeof secret) => (await gp.tokens.checkSecret(tried, { api: 'rest' })).granted
  const down = new Error('the vault is down')
  let offered = secret
  for (const deliver of [
    (given: typeof secret) => {
      offered = given
      throw down
    },
    async (given: typeof secret) => {
      offered = given
      await Promise.reject(down)
    },
  ]) {
    const error = await fails(() => gp.tokens.rotate('nightly-sync', { deliver }), {
      kind: 'unavailable',
      code: 'delivery_failed',
    })
    assert.equal(error.cause, down)
    assert.ok(error.retryable)
    assert.ok(await check(secret))
    assert.ok(!(await check(offered)))
  }
  const kept: string[] = []
  const { secret: fresh, token } = await gp.tokens.rotate('nightly-sync', {
    grace: 60_000,
    deliver: async (given) => {
      assert.ok(await check(secret))
      kept.push(given.reveal())
    },
  })
  assert.deepEqual(kept, [fresh.reveal()])
  assert.ok(token.inGrace)
  assert.ok((await check(secret)) && (await check(fresh)))
})

test('asked again with the same key, an answer is the same', async () => {
  const gp = await store()
  const key = idempotencyKey()
  const ask = () => gp.tokens.create('once', { api: 'rest', expires: days(9), idempotencyKey: key })
  const [first, second] = [await ask(), await ask()]
  assert.ok(first.secret.equals(second.secret))
  await fails(() => gp.tokens.create('other', { api: 'rest', expires: days(9), idempotencyKey: key }), {
    kind: 'conflict',
    code: 'idempotency_mismatch',
    field: 'idempotencyKey',
  })
})

test('a secret that was found elsewhere is ended by it', async () => {
  const gp = await store()
  const { secret } = await gp.tokens.create('leaked', { api: 'rest', expires: days(9) })
  assert.equal(await gp.tokens.revokeLeaked(secret), true)
  assert.equal(await gp.tokens.revokeLeaked(secret.reveal()), false)
  const verdict = await gp.tokens.checkSecret(secret, { api: 'rest' })
  assert.ok(!verdict.granted)
  assert.equal(verdict.reason, 'revoked')
  assert.equal(verdict.tokenId, secret.id)
})

test('signals give a call up with their own reason', async () => {
  const gp = await store()
  const before = AbortSignal.abort('changed my mind')
  await assert.rejects(gp.tokens.get('x', { signal: before }), (reason) => reason === 'changed my mind')
  await assert.rejects(gp.verifier({ signal: AbortSignal.abort() }), { name: 'AbortError' })
  const verifier = await gp.verifier()
  await assert.rejects(verifier.waitFor(1_000_000, { signal: AbortSignal.timeout(30) }), { name: 'TimeoutError' })
  const controller = new AbortController()
  const waiting = verifier.waitFor(1_000_000, { signal: controller.signal })
  const reason = new Error('shutting down')
  setTimeout(() => controller.abort(reason), 20)
  await assert.rejects(waiting, reason)
  // One that is never used leaves nothing behind on the signal.
  const quiet = new AbortController()
  await gp.tokens.page({ signal: quiet.signal })
  assert.equal(getEventListeners(quiet.signal, 'abort').length, 0)
})

test('roles are read and changed, and what is not known of them is kept', async () => {
  const gp = await store()
  assert.equal((await gp.roles.list()).length, 5)
  const made = await gp.roles.create({ name: 'dev', settingsPermission: 'VIEW', fromTheFuture: { a: 1 } })
  assert.equal(made.settingsPermission, 'VIEW')
  assert.deepEqual(made.fromTheFuture, { a: 1 })
  await gp.roles.update({ ...made, settingsPermission: 'EDIT' })
  assert.equal((await gp.roles.get('dev')).settingsPermission, 'EDIT')
  assert.equal((await gp.roles.clone('dev', 'dev2')).settingsPermission, 'EDIT')
  await gp.tokens.create('deploy', { api: 'config', roles: ['dev'], expires: days(1) })
  await fails(() => gp.roles.delete('dev'), { kind: 'conflict', code: 'role_in_use', field: 'name' })
  await gp.roles.delete('dev2')
  await fails(() => gp.roles.create({ name: 'readonly' }), { kind: 'conflict', code: 'default_role', field: 'name' })
})

test('users are added, changed and removed', async () => {
  const gp = await store()
  const user = await gp.users.create('jane', { firstName: 'Jane', email: 'jane@acme.example', roles: ['Read Only'] })
  assert.equal(user.passwordOn, undefined)
  assert.ok(user.createdOn instanceof Date)
  const changed = await gp.users.update('jane', { email: null, active: false, password: 'three words, or four' })
  assert.deepEqual([changed.firstName, changed.email, changed.active], ['Jane', undefined, false])
  assert.ok(changed.passwordOn instanceof Date)
  await fails(() => gp.users.setPassword('jane', 'short'), {
    kind: 'invalid_input',
    code: 'password_too_short',
    field: 'password',
  })
  assert.deepEqual((await gp.users.list()).map(({ username }) => username), ['jane'])
  assert.equal((await gp.users.get('jane')).roles[0], 'Read Only')
  await gp.users.delete('jane')
  await fails(() => gp.users.get('jane'), { kind: 'not_found', code: 'user_not_found', field: 'username' })
})

test('the audit trail says what was done', async () => {
  const gp = await store({ actor: 'setup' })
  for (let number = 0; number < 120; number += 1) await gp.tokens.create(`t${number}`, { api: 'rest', expires: on('2027-01-01') })
  const entries = []
  for await (const entry of gp.audit.list({ action: 'token.' })) entries.push(entry)
  assert.equal(entries.length, 120)
  assert.equal(entries[0]?.actor, 'owner:setup')
  assert.ok(entries[0]?.happened instanceof Date)
  assert.equal(entries[0]?.subject, 't0')
  assert.equal(await gp.audit.last(), entries.at(-1)?.number)
  assert.equal((await gp.audit.page({ outcome: 'done', since: new Date(0), limit: 7 })).length, 7)
  assert.deepEqual(await gp.audit.page({ outcome: 'refused' }), [])
})

test('what needs a server says so on a store', async () => {
  const gp = await store()
  await fails(() => gp.myself(), { kind: 'unsupported', code: 'needs_server' })
  await fails(() => gp.request('GET', '/settings-service/x'), { kind: 'unsupported', code: 'needs_server' })
})
