/** Through a real authority, a process of its own. */
import assert from 'node:assert/strict'
import { renameSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type CallMessage, channels, connect, days, env, file, type Gatepass, Secret, value } from 'gatepass'
import { type Authority, authority, fails, folder, PASSWORD } from './support.js'
import { port } from './http.js'

let server: Authority
let admin: Gatepass

before(async () => {
  server = await authority()
  admin = await connect({ urls: server.url, login: { username: 'admin', password: PASSWORD }, product: 'tests/1.0' })
})
after(() => admin?.close())

/** A new token that may manage tokens. */
async function config(name: string) {
  return await admin.tokens.create(name, { api: 'config', roles: ['Directory Administrator'], expires: days(1) })
}

test('tokens are managed as on a store', async () => {
  assert.equal((await admin.myself()).name, 'admin')
  const { secret, token } = await admin.tokens.create('nightly-sync', { api: 'rest', expires: days(90), scopes: ['orders:read'] })
  assert.equal(token.createdBy, 'admin')
  assert.ok((await admin.tokens.checkSecret(secret, { api: 'rest', scopes: ['orders:read'] })).granted)
  const kept: Secret[] = []
  const rotated = await admin.tokens.rotate('nightly-sync', { grace: 60_000, deliver: (given) => kept.push(given) })
  assert.ok(kept[0]?.equals(rotated.secret))
  await admin.tokens.revoke('nightly-sync')
  const verdict = await admin.tokens.checkSecret(secret, { api: 'rest' })
  assert.ok(!verdict.granted)
  assert.equal(verdict.reason, 'unknown')
  const actions = []
  for await (const { action } of admin.audit.list({ subject: 'nightly-sync' })) actions.push(action)
  assert.deepEqual(actions.slice(0, 2), ['token.create', 'token.rotate'])
  const answer = await admin.request('GET', '/authentication-service/access_tokens', { query: { limit: '1' } })
  assert.equal(answer.status, 200)
  assert.ok(Array.isArray(answer.body))
})

test('a server that is not followed is asked about each token', async () => {
  const { secret } = await admin.tokens.create('asked', { api: 'rest', expires: days(1), scopes: ['orders:read'] })
  const remote = admin.remoteVerifier({ maxStalenessMs: 60_000 })
  const guard = remote.guard({ api: 'rest', scopes: ['orders:read'] })
  const header = `Bearer ${secret.reveal()}`
  const verdicts = await Promise.all([guard.check(header), guard.check([header]), guard.checkSecret(secret)])
  assert.ok(verdicts.every((verdict) => verdict.granted && verdict.access.name === 'asked'))
  assert.ok((await guard.check(header)).granted)
  const { asked, cached } = remote.state
  assert.equal(asked, 1)
  assert.ok(cached >= 1)
  const reason = async (...values: Parameters<typeof guard.check>) => {
    const verdict = await guard.check(...values)
    return verdict.granted ? 'granted' : verdict.reason
  }
  assert.equal(await reason(undefined), 'missing')
  assert.equal(await reason([header, header]), 'invalid_header')
  const lacking = await remote.guard({ api: 'rest', scopes: ['orders:write'] }).check(header)
  assert.ok(!lacking.granted && lacking.scope === 'orders:write')
  await fails(() => guard.check(5 as never), { kind: 'invalid_input', code: 'wrong_type' })
  await fails(() => remote.guard({ api: 'config', scopes: ['nonsense'] }), { kind: 'invalid_input', code: 'unknown_scope', field: 'scopes' })
  await using nobody = await connect({ urls: 'http://127.0.0.1:1', credential: value('abc'), attempts: 1 })
  const untold = nobody.remoteVerifier({ deadlineMs: 2_000 }).guard({ api: 'rest' })
  await fails(() => untold.check(header), { kind: 'unavailable', code: 'unreachable' })
})

test('errors have the status and the id of the request', async () => {
  const error = await fails(() => admin.tokens.get('nobody'), { kind: 'not_found', code: 'token_not_found', field: 'name' })
  assert.equal(error.status, 404)
  assert.match(error.requestId ?? '', /./)
})

test('credentials are values, variables, files and functions', async () => {
  const { secret } = await config('every-way')
  process.env.GATEPASS_NODE_TEST = secret.reveal()
  const place = join(folder(), 'secret')
  writeFileSync(place, `${secret.reveal()}\n`)
  for (const credential of [
    value(secret),
    secret,
    env('GATEPASS_NODE_TEST'),
    file(place),
    () => secret,
    async () => secret.reveal(),
  ]) {
    await using gp = await connect({ urls: [new URL(server.url)], credential })
    assert.equal((await gp.myself()).name, 'every-way')
  }
  for (const credential of [env('GATEPASS_NODE_TEST_UNSET'), file('/nowhere/at/all')]) {
    await using gp = await connect({ urls: server.url, credential })
    await fails(() => gp.myself(), { kind: 'unauthorized', code: 'credential_missing', field: 'credential' })
  }
  const thrown = async (): Promise<string> => {
    throw new Error(`vault: ${secret.reveal()}`)
  }
  for (const credential of [thrown, () => thrown()]) {
    await using gp = await connect({ urls: server.url, credential })
    const error = await fails(() => gp.myself(), { kind: 'unauthorized', code: 'credential_missing', field: 'credential' })
    assert.ok(!`${error.message}${error.cause}`.includes(secret.reveal().slice(17)))
  }
  await fails(() => connect({ urls: server.url, credential: 5 as never }), {
    kind: 'invalid_input',
    code: 'wrong_type',
    field: 'credential',
  })
})

test('a rotated secret is taken up without a restart', async () => {
  const { secret } = await config('rotating')
  const place = join(folder(), 'secret')
  writeFileSync(place, secret.reveal())
  let asked = 0
  let latest = secret
  await using byFile = await connect({ urls: server.url, credential: file(place) })
  await using byFunction = await connect({
    urls: server.url,
    credential: async () => {
      asked += 1
      return latest
    },
  })
  await byFile.myself()
  await Promise.all([byFunction.myself(), byFunction.myself()])
  assert.equal(asked, 1)
  await admin.tokens.rotate('rotating', {
    deliver: (given) => {
      writeFileSync(`${place}.new`, given.reveal())
      renameSync(`${place}.new`, place)
      latest = given
    },
  })
  assert.equal((await byFile.myself()).name, 'rotating')
  assert.equal((await byFunction.myself()).name, 'rotating')
  assert.equal(asked, 2)
})

test('a call that is given up stops, and the process may end', async () => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1')
  await new Promise((resolve) => silent.once('listening', resolve))
  after(() => {
    silent.closeAllConnections()
    silent.close()
  })
  const url = `http://127.0.0.1:${port(silent).port}/api`
  await using gp = await connect({ urls: url, credential: value('abc'), attempts: 1, timeoutMs: 200 })
  const reason = new Error('enough')
  await assert.rejects(gp.tokens.get('x', { signal: AbortSignal.timeout(50) }), { name: 'TimeoutError' })
  const controller = new AbortController()
  setTimeout(() => controller.abort(reason), 20)
  await assert.rejects(gp.tokens.get('x', { signal: controller.signal }), reason)
  const error = await fails(() => gp.tokens.get('x'), { kind: 'timeout', code: 'timeout' })
  assert.ok(error.retryable)
})

test('calls are traced, and a trace goes with them', async () => {
  const seen: IncomingHttpHeaders[] = []
  const upstream = createServer((request, response) => {
    seen.push(request.headers)
    response.writeHead(404, { 'content-type': 'application/json' }).end('{}')
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => upstream.once('listening', resolve))
  after(() => {
    upstream.closeAllConnections()
    upstream.close()
  })
  await using gp = await connect({ urls: `http://127.0.0.1:${port(upstream).port}/api`, credential: value('abc') })
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const told: string[] = []
  const subscribers = {
    start: (message: CallMessage) => {
      told.push(`start ${message.operation}`)
      message.traceparent = traceparent
      message.tracestate = 'vendor=1'
    },
    end: () => {},
    asyncStart: () => {},
    asyncEnd: (message: CallMessage) => void told.push(`end ${message.operation}`),
    error: (message: CallMessage) => void told.push(`error ${(message.error as { code?: string }).code}`),
  }
  channels.call.subscribe(subscribers as never)
  await gp.tokens.get('x').catch(() => {})
  channels.call.unsubscribe(subscribers as never)
  await gp.tokens.get('x').catch(() => {})
  assert.deepEqual(told, ['start tokens.get', 'error token_not_found', 'end tokens.get'])
  const [first, last] = [seen[0], seen.at(-1)]
  assert.deepEqual([first?.traceparent, first?.tracestate], [traceparent, 'vendor=1'])
  assert.deepEqual([last?.traceparent, last?.tracestate], [undefined, undefined])
  assert.match(first?.['user-agent'] ?? '', /^gatepass\//)
})

