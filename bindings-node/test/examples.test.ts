/** The examples, each run as a user runs it. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { connect, days, type Gatepass, open, ScimClient, ScimFilter, Secret } from 'gatepass'
import { atTheEnd, type Authority, authority, ended, folder, node, PACKAGE, PASSWORD, program } from './support.js'
import { get } from './http.js'

const ran = new Set<string>()

function example(name: string): string {
  ran.add(name)
  return join(PACKAGE, 'examples', name)
}

/** An authority, an administrator, and a file with the secret of a token that may do everything. */
async function world(): Promise<{ server: Authority; admin: Gatepass; token: string }> {
  const server = await authority()
  const admin = await connect({ urls: server.url, login: { username: 'admin', password: PASSWORD } })
  const { secret } = await admin.tokens.create('service', { api: 'config', roles: ['Directory Administrator'], expires: days(300) })
  const token = join(folder(), 'gatepass.token')
  writeFileSync(token, secret.reveal())
  return { server, admin, token }
}

/** Starts a server that prints its URL, and is stopped by a signal. */
async function start(file: string, env: NodeJS.ProcessEnv): Promise<{ port: number; child: ChildProcess; stop(): Promise<string> }> {
  const child = spawn(process.execPath, [file], { env: { ...process.env, ...env, PORT: '0' }, stdio: ['ignore', 'pipe', 'inherit'] })
  atTheEnd(() => child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  const [url] = await Promise.race([once(lines, 'line'), once(child, 'exit').then(([code]) => assert.fail(`ended with ${code}`))])
  let last = ''
  lines.on('line', (line) => {
    last = line
  })
  const stop = async () => {
    child.kill('SIGTERM')
    const [code] = await once(child, 'close')
    assert.equal(code, 0)
    return last
  }
  return { port: Number(new URL(url).port), child, stop }
}

test('quickstart', async () => {
  const printed = ended(await node([example('quickstart.mjs')], { env: { GATEPASS_PROGRAM: program() } }))
  assert.ok(printed.endsWith('quickstart ok\n'), printed)
})

test('Express gateway, with readiness and graceful shutdown', async () => {
  const { server, admin, token } = await world()
  const { secret } = await admin.tokens.create('sync', { api: 'rest', scopes: ['orders:read'], expires: days(1) })
  const gateway = await start(example('express-gateway.mjs'), { GATEPASS_URLS: server.url, GATEPASS_TOKEN_FILE: token })
  const ask = (path: string, ...values: string[]) =>
    get(gateway, path, values.map((value): [string, string] => ['Authorization', value]))
  assert.equal((await ask('/livez')).status, 200)
  for (let tries = 0; (await ask('/readyz')).status !== 200; tries += 1) {
    assert.ok(tries < 100, 'never ready')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const granted = await ask('/orders', `Bearer ${secret.reveal()}`)
  assert.equal(JSON.parse(granted.body).for, 'sync')
  assert.equal((await ask('/orders')).status, 401)
  assert.match((await ask('/metrics')).body, /checks\{verdict="granted"\} 1\nchecks\{verdict="missing"\} 1\n/)
  await admin.tokens.revokeEverywhere(['sync'], { within: 5_000 })
  assert.equal((await ask('/orders', `Bearer ${secret.reveal()}`)).status, 401)
  assert.equal(await gateway.stop(), 'closed')
  assert.equal((await admin.tokens.get('sync')).lastUsedFrom, '127.0.0.1')
  await admin.close()
})

test('Fastify API', async () => {
  const store = join(folder(), 'tokens.db')
  await using gp = await open(store)
  const { secret } = await gp.tokens.create('sync', { api: 'rest', scopes: ['orders:read'], expires: days(1) })
  const api = await start(example('fastify-api.mjs'), { GATEPASS_STORE: store })
  const ask = (path: string, ...values: string[]) =>
    get(api, path, values.map((value): [string, string] => ['Authorization', value]))
  assert.equal((await ask('/livez')).status, 200)
  assert.equal((await ask('/readyz')).status, 200)
  assert.equal(JSON.parse((await ask('/orders', `Bearer ${secret.reveal()}`)).body).for, 'sync')
  assert.equal((await ask('/orders')).status, 401)
  assert.equal(await api.stop(), 'closed')
})

test('rotation script', async () => {
  const { server, admin, token } = await world()
  const before = await admin.tokens.create('nightly/sync', { api: 'rest', expires: days(3) })
  await admin.tokens.create('young', { api: 'rest', expires: days(90) })
  const secrets = folder()
  const run = async () =>
    ended(await node([example('rotate.mjs'), secrets], { env: { GATEPASS_URL: server.url, GATEPASS_TOKEN_FILE: token } }))
  assert.match(await run(), /^rotated nightly\/sync, until /)
  assert.deepEqual(readdirSync(secrets), ['nightly%2Fsync.secret'])
  const fresh = new Secret(readFileSync(join(secrets, 'nightly%2Fsync.secret'), 'utf8'))
  for (const secret of [fresh, before.secret]) assert.ok((await admin.tokens.checkSecret(secret, { api: 'rest' })).granted)
  assert.equal(await run(), '')
  await admin.close()
})

test('people', async () => {
  const server = await authority(undefined, undefined, 1_500)
  const admin = await connect({ urls: server.url, login: { username: 'admin', password: PASSWORD } })
  const { secret: rest } = await admin.tokens.create('rest', { api: 'rest', expires: days(1) })
  const { secret: scim } = await admin.tokens.create('scim', { api: 'scim', expires: days(1) })
  const file = join(folder(), 'people.ndjson')
  const env = { ADAP_URL: server.data.rest, ADAP_TOKEN: rest.reveal(), SCIM_URL: server.data.scim, SCIM_TOKEN: scim.reveal() }
  await using client = new ScimClient(server.data.scim, { credential: scim })
  const leaver = (await client.resources('Users').list({ filter: ScimFilter.eq('active', true) }).first())?.userName ?? ''
  const printed = await node([example('people.mjs'), file, leaver, 'nobody'], { env })
  assert.deepEqual([printed.code, printed.stdout, printed.stderr], [1, `1500 people\n${leaver} signs in no more\n`, 'there is no nobody\n'])
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line))
  assert.equal(new Set(lines.map(({ dn }) => dn)).size, 1_500)
  const [user] = await client.resources('Users').list({ filter: ScimFilter.eq('userName', leaver) }).all()
  assert.equal(user?.active, false)
  await admin.close()
})

test('OpenTelemetry', async () => {
  const { server, admin, token } = await world()
  const env = { GATEPASS_URL: server.url, GATEPASS_TOKEN_FILE: token }
  const printed = ended(await node([example('opentelemetry.mjs')], { env }))
  const trace = /token service, in trace ([0-9a-f]{32})/.exec(printed)?.[1]
  assert.match(printed, new RegExp(`traceId: '${trace}'[^]*name: 'gatepass myself'`))
  await admin.close()
})

test('every example was run', () => {
  const all = readdirSync(join(PACKAGE, 'examples')).filter((name) => name.endsWith('.mjs'))
  assert.deepEqual([...ran].sort(), all.sort())
})
