/** A verifier on a server: what it promises, seen from outside. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { channels, connect, days, file, type Gatepass, type StateMessage, value } from 'gatepass'
import { authority, fails, folder, PASSWORD, store } from './support.js'

// A verifier keeps no process alive, and a test that waits for its event has nothing else to live on.
const alive = setInterval(() => {}, 60_000)
after(() => clearInterval(alive))

async function signedIn(url: string): Promise<Gatepass> {
  return await connect({ urls: url, login: { username: 'admin', password: PASSWORD } })
}

/** What is denied until then, for a moment at the most. */
async function until(true_: () => boolean): Promise<void> {
  for (let tries = 0; !true_(); tries += 1) {
    assert.ok(tries < 500, 'in vain')
    await sleep(10)
  }
}

test('it hears of changes, says so, and goes stale and recovers with its server', async () => {
  const place = join(folder(), 'tokens.db')
  const server = await authority(place)
  const admin = await signedIn(server.url)
  const gateway = await admin.tokens.create('gateway', { api: 'config', roles: ['Directory Administrator'], expires: days(1) })
  await using gp = await connect({ urls: [server.url], credential: value(gateway.secret) })
  await using verifier = await gp.verifier({ maxStalenessMs: 1_000, startup: 'wait', usageIntervalMs: 200 })
  const guard = verifier.guard({ api: 'rest', scopes: ['orders:read'] })

  const { secret, revision } = await admin.tokens.create('sync', { api: 'rest', scopes: ['orders:read'], expires: days(1) })
  const header = `Bearer ${secret.reveal()}`
  await verifier.waitFor(revision)
  assert.equal(guard.require(header, '127.0.0.9').name, 'sync')
  const { stale, connected, tokens, place: whom, credentialExpiresOn, trouble } = verifier.state
  assert.deepEqual([stale, connected, tokens >= 1, trouble], [false, true, true, undefined])
  assert.ok(whom.startsWith('http://127.0.0.1'))
  assert.deepEqual(credentialExpiresOn, gateway.token.expiresOn)

  const [replica] = await admin.replicas.list()
  assert.equal(replica?.actor, 'token:gateway')
  assert.ok(replica?.connected && replica.confirmedOn instanceof Date)

  const used = async () => (await admin.tokens.get('sync')).lastUsedFrom
  for (let tries = 0; (await used()) !== '127.0.0.9'; tries += 1) {
    assert.ok(tries < 100, 'its use is not reported')
    await sleep(50)
  }

  const revoked = await admin.tokens.revokeEverywhere(['sync'], { within: 5_000 })
  assert.ok(revoked.everywhere)
  assert.deepEqual(revoked.receipts.map(({ state }) => state), ['confirmed'])
  const denied = guard.check(header)
  assert.ok(!denied.granted && denied.reason === 'revoked')

  const published: StateMessage[] = []
  const listen = (message: unknown) => published.push(message as StateMessage)
  channels.stale.subscribe(listen)
  const becameStale = once(verifier, 'stale')
  await admin.close()
  await server.stop()
  const [state] = await becameStale
  channels.stale.unsubscribe(listen)
  assert.equal(state.stale, true)
  assert.equal(published[0]?.verifier, verifier)
  const refused = guard.check(header)
  assert.ok(!refused.granted && refused.reason === 'stale')
  assert.equal(refused.answer('x').status, 503)
  assert.equal(verifier.state.connected, false)
  assert.equal(verifier.state.trouble?.name, 'GatepassError')

  const recovered = once(verifier, 'recovered')
  await authority(place, new URL(server.url).host)
  await recovered
  await until(() => !verifier.state.stale)
  const again = guard.check(header)
  assert.ok(!again.granted && again.reason === 'revoked')
})

test('of several authorities any will do', async () => {
  const place = join(folder(), 'tokens.db')
  const [first, second] = [await authority(place), await authority(place)]
  const admin = await signedIn(second.url)
  const { secret } = await admin.tokens.create('gateway', { api: 'config', roles: ['Directory Administrator'], expires: days(1) })
  await using gp = await connect({ urls: [first.url, new URL(second.url)], credential: secret })
  for (let tries = 0; (await gp.myself().catch(() => undefined)) === undefined; tries += 1) {
    assert.ok(tries < 100, 'the other authority does not hear of it')
    await sleep(20)
  }
  await using verifier = await gp.verifier({ maxStalenessMs: 3_000 })
  await first.stop()
  const { revision } = await admin.tokens.create('late', { api: 'rest', expires: days(1) })
  await verifier.waitFor(revision, { signal: AbortSignal.timeout(10_000) })
  assert.equal(verifier.state.stale, false)
  await admin.close()
})

test('in the background it denies until it knows', async () => {
  const place = join(folder(), 'tokens.db')
  const server = await authority(place)
  const secretFile = join(folder(), 'secret')
  await using gp = await connect({ urls: server.url, credential: file(secretFile) })
  await fails(() => gp.verifier({ deadlineMs: 100 }), { kind: 'unauthorized', code: 'credential_missing', field: 'credential' })
  await using verifier = await gp.verifier({ startup: 'background' })
  const guard = verifier.guard({ api: 'rest' })
  assert.ok(verifier.state.stale)
  const recovered = once(verifier, 'recovered')
  const admin = await signedIn(server.url)
  const { secret } = await admin.tokens.create('gateway', { api: 'config', roles: ['Directory Administrator'], expires: days(1) })
  const rest = await admin.tokens.create('sync', { api: 'rest', expires: days(1) })
  const before = guard.checkSecret(rest.secret)
  assert.ok(!before.granted && before.reason === 'stale')
  writeFileSync(secretFile, secret.reveal())
  await recovered
  assert.ok(guard.checkSecret(rest.secret).granted)
  await admin.close()
})

test('what cannot be asked for is refused', async () => {
  const gp = await store()
  const invalid = (code: string, field: string) => ({ kind: 'invalid_input', code, field }) as const
  await fails(() => gp.verifier({ maxStalenessMs: 1 }), invalid('max_staleness_out_of_range', 'maxStaleness'))
  await fails(() => gp.verifier({ startup: 'never' as 'wait' }), invalid('unknown_startup', 'startup'))
  await fails(() => gp.verifier({ deadlineMs: -1 }), invalid('span_malformed', 'deadlineMs'))
  await fails(() => gp.verifier({ maxStaleness: 5 } as never), invalid('malformed', 'options'))
})
