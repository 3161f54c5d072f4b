/** Processes, threads, and what becomes of them. */
import assert from 'node:assert/strict'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { connect, days } from 'gatepass'
import { authority, ended, folder, node, PACKAGE, PASSWORD, store } from './support.js'

const script = (code: string, env: NodeJS.ProcessEnv = {}, more: string[] = []) => node([...more, '-e', code], { env })

/** Runs a program that is a file. */
async function program(code: string, env: NodeJS.ProcessEnv, more: string[] = []) {
  const file = join(folder(), 'program.js')
  writeFileSync(file, code.replaceAll("require('gatepass')", `require(${JSON.stringify(PACKAGE)})`))
  return await node([...more, file], { env, within: 120_000 })
}

test('a process ends by itself, whatever is still open', async () => {
  const place = join(folder(), 'tokens.db')
  ended(await script("require('gatepass')"))
  ended(await script(`
    const { open, days } = require('gatepass')
    open(process.env.PLACE).then(async (gp) => {
      const verifier = await gp.verifier()
      const guard = verifier.guard({ api: 'rest' })
      verifier.on('stale', () => {})
      guard.check('Bearer x')
      await verifier.close()
      await gp.close()
      console.log('closed')
    })`, { PLACE: place }))
  const left = `
    const { open, connect, env } = require('gatepass')
    open(process.env.PLACE).then(async (gp) => {
      globalThis.held = [gp, await gp.verifier(), await gp.verifier({ startup: 'background' })]
      globalThis.held[1].on('stale', () => {})
      globalThis.other = await connect({ urls: 'http://127.0.0.1:1', credential: async () => 'abc' })
      globalThis.replica = await globalThis.other.verifier({ startup: 'background' })
      console.log('left open')
    })`
  assert.equal(ended(await script(left, { PLACE: place })), 'left open\n')
})

test('a process may be told to end in the middle of anything', async () => {
  const place = join(folder(), 'tokens.db')
  const code = `
    const { open, days } = require('gatepass')
    open(process.env.PLACE).then(async (gp) => {
      await gp.verifier()
      for (let n = 0; n < 50; n += 1) gp.tokens.create('t' + n, { api: 'rest', expires: days(1) }).catch(() => {})
      gp.verifier().then((verifier) => verifier.waitFor(1e9)).catch(() => {})
      setImmediate(() => process.exit(7))
    })`
  for (let time = 0; time < 5; time += 1) {
    const { code: status, signal, stderr } = await script(code, { PLACE: place })
    assert.deepEqual([status, signal, stderr], [7, null, ''])
  }
})

test('it is imported by either kind of module, and is the same one', async () => {
  const code = `
    import assert from 'node:assert'
    import { createRequire } from 'node:module'
    import gatepass, { GatepassError, Secret, days, open } from 'gatepass'
    import { protect } from 'gatepass/express'
    import { memoryStore } from 'gatepass/testing'
    import { middleware } from 'gatepass/web'
    const required = createRequire(import.meta.url)('gatepass')
    assert.strictEqual(required.GatepassError, GatepassError)
    assert.strictEqual(gatepass.open, open)
    assert.throws(() => new Secret(''), required.GatepassError)
    await using_(await memoryStore())
    async function using_(gp) { await gp[Symbol.asyncDispose]() }
    console.log([typeof days, typeof protect, typeof middleware].join())`
  const ran = await node(['--input-type=module', '-e', code])
  assert.equal(ended(ran), 'function,function,function\n')
})

test('edge runtimes are told by name, and so is a library that is missing', async () => {
  const tell = "try { require('gatepass') } catch (e) { console.log([e.name, e.code, e.kind].join()); console.log(e.message) }"
  for (const condition of ['workerd', 'edge-light', 'browser']) {
    const told = ended(await script(tell, {}, [`--conditions=${condition}`]))
    assert.match(told, /^GatepassError,unsupported_runtime,unsupported\n.*oauth2\/introspect/)
  }
  const alone = join(folder(), 'node_modules', 'gatepass')
  mkdirSync(alone, { recursive: true })
  cpSync(join(PACKAGE, 'dist'), join(alone, 'dist'), { recursive: true })
  cpSync(join(PACKAGE, 'package.json'), join(alone, 'package.json'))
  const told = ended(await node(['-e', tell], { cwd: join(alone, '..', '..') }))
  assert.match(told, /^GatepassError,native_missing,internal\n/)
  assert.match(told, /gatepass\.[a-z0-9-]+\.node: Cannot find module/)
  assert.match(told, /gatepass-[a-z0-9-]+: Cannot find module/)
  assert.match(told, /optional dependency/)
  // A library that cannot be loaded is told of, too.
  const broken = join(alone, `gatepass.${process.platform}-${process.arch}-gnu.node`)
  writeFileSync(broken, 'no library')
  assert.match(ended(await node(['-e', tell], { cwd: join(alone, '..', '..') })), /(file too short|invalid ELF|not a mach-o|not a valid)/i)
})

/** Workers that each do the same, then wait to be told to end. */
async function workers(count: number, code: string, data: object): Promise<{ ask(): Promise<string[]>; all: Worker[] }> {
  const body = `
    const { parentPort, workerData } = require('node:worker_threads')
    const gatepass = require(${JSON.stringify(PACKAGE)})
    const ready = (async () => { ${code} })()
    ready.then(() => parentPort.postMessage('ready'), (error) => parentPort.postMessage(String(error)))
    parentPort.on('message', async (message) => {
      if (message === 'ask') parentPort.postMessage(String(globalThis.answer()))
      else process.exit(0)
    })`
  const all = await Promise.all(
    Array.from({ length: count }, async () => {
      const worker = new Worker(body, { eval: true, workerData: data })
      const [message] = await new Promise<[string]>((resolve) => worker.once('message', (text) => resolve([text])))
      assert.equal(message, 'ready')
      return worker
    }),
  )
  const ask = () =>
    Promise.all(
      all.map((worker) => {
        const answered = new Promise<string>((resolve) => worker.once('message', resolve))
        worker.postMessage('ask')
        return answered
      }),
    )
  return { ask, all }
}

test('worker threads share one replica, and outlive each other', async () => {
  const server = await authority()
  const admin = await connect({ urls: server.url, login: { username: 'admin', password: PASSWORD } })
  const gateway = await admin.tokens.create('gateway', { api: 'config', roles: ['Directory Administrator'], expires: days(1) })
  const { secret } = await admin.tokens.create('sync', { api: 'rest', expires: days(1) })
  const follow = (credential: string) => `
    const gp = await gatepass.connect({ urls: workerData.url, credential: ${credential} })
    const verifier = await gp.verifier({ maxStalenessMs: 2000 })
    const guard = verifier.guard({ api: 'rest' })
    globalThis.answer = () => { const v = guard.check(workerData.header); return v.granted ? v.access.name : v.reason }`
  const data = { url: server.url, header: `Bearer ${secret.reveal()}`, secret: gateway.secret.reveal() }
  const { ask, all } = await workers(4, follow('gatepass.value(workerData.secret)'), data)
  assert.deepEqual(await ask(), ['sync', 'sync', 'sync', 'sync'])
  assert.equal((await admin.replicas.list()).length, 1)
  // The one that began it ends, the others go on.
  const [first, ...others] = all
  await first?.terminate()
  all.splice(0, 1)
  await new Promise((resolve) => setTimeout(resolve, 2_500))
  assert.deepEqual(await ask(), ['sync', 'sync', 'sync'])
  const revoked = await admin.tokens.revokeEverywhere(['sync'], { within: 5_000 })
  assert.ok(revoked.everywhere)
  assert.deepEqual(await ask(), ['revoked', 'revoked', 'revoked'])
  await Promise.all(others.map((worker) => worker.terminate()))

  // A function is asked by the thread that has it, so its replica is that thread's own.
  const own = await workers(2, follow('async () => workerData.secret'), data)
  assert.deepEqual(await own.ask(), ['revoked', 'revoked'])
  const connected = (await admin.replicas.list()).filter((replica) => replica.maxStalenessMillis === 2_000)
  assert.equal(connected.length, 3)
  await Promise.all(own.all.map((worker) => worker.terminate()))
  await admin.close()
})

test('worker threads share one store', async () => {
  const place = join(folder(), 'tokens.db')
  const code = `
    const gp = await gatepass.open(workerData.place)
    const verifier = await gp.verifier()
    const guard = verifier.guard({ api: 'rest' })
    const { secret } = await gp.tokens.create('of-' + require('node:worker_threads').threadId, { api: 'rest', expires: gatepass.days(1) })
    await verifier.waitFor(gp.revision)
    globalThis.answer = () => guard.checkSecret(secret).granted`
  const { ask, all } = await workers(4, code, { place })
  assert.deepEqual(await ask(), ['true', 'true', 'true', 'true'])
  await all[0]?.terminate()
  all.shift()
  assert.deepEqual(await ask(), ['true', 'true', 'true'])
  await Promise.all(all.map((worker) => worker.terminate()))
})

test('a cluster of processes checks against one store', async () => {
  const gp = await store()
  const { secret } = await gp.tokens.create('sync', { api: 'rest', expires: days(1) })
  const code = `
    const cluster = require('node:cluster'), http = require('node:http'), { open } = require('gatepass')
    if (cluster.isPrimary) {
      for (let n = 0; n < 2; n += 1) cluster.fork()
      let listening = 0
      cluster.on('listening', async (_, { port }) => {
        if (++listening < 2) return
        const seen = new Set()
        for (let n = 0; n < 20; n += 1) {
          const answer = await fetch('http://127.0.0.1:' + port, { headers: { authorization: process.env.HEADER, connection: 'close' } })
          seen.add(await answer.text())
        }
        console.log([...seen].length, [...seen].every((text) => text.startsWith('sync ')))
        for (const worker of Object.values(cluster.workers)) worker.kill()
      })
    } else {
      open(process.env.PLACE).then(async (gp) => {
        const guard = (await gp.verifier()).guard({ api: 'rest' })
        http.createServer((request, response) => {
          const verdict = guard.check(request.headersDistinct.authorization, request.socket.remoteAddress)
          response.end(verdict.granted ? verdict.access.name + ' ' + process.pid : verdict.reason)
        }).listen(0, '127.0.0.1')
      })
    }`
  const ran = await program(code, { PLACE: gp.place, HEADER: `Bearer ${secret.reveal()}` })
  assert.equal(ended(ran), '2 true\n')
})

test('a hundred reloads and a hundred threads leave nothing behind', async () => {
  const code = `
    const { Worker } = require('node:worker_threads')
    const once = async () => {
      for (const key of Object.keys(require.cache)) if (key.includes('dist')) delete require.cache[key]
      module.children.length = 0
      const { open, days } = require('gatepass')
      const gp = await open(process.env.PLACE)
      const verifier = await gp.verifier()
      const guard = verifier.guard({ api: 'rest' })
      for (let n = 0; n < 100; n += 1) guard.check(process.env.HEADER)
      await verifier.close()
      await gp.close()
    }
    const thread = () => new Promise((resolve, reject) => {
      const body = "require('" + process.cwd() + "').open(process.env.PLACE).then(async (gp) => { (await gp.verifier()).guard({ api: 'rest' }).check(process.env.HEADER); process.exit(0) })"
      new Worker(body, { eval: true }).once('exit', resolve).once('error', reject)
    })
    const rss = async () => {
      for (let n = 0; n < 10; n += 1) { gc(); await new Promise(setImmediate) }
      return process.memoryUsage.rss() / 1048576
    }
    const grows = async (work) => {
      for (let n = 0; n < 30; n += 1) await work()
      const before = await rss()
      for (let n = 0; n < 100; n += 1) await work()
      return Math.round(await rss() - before)
    }
    const files = () => require('node:fs').readdirSync('/proc/self/fd').length
    grows(once).then(async (reloads) => {
      const open = files()
      console.log(JSON.stringify({ reloads, threads: await grows(thread), files: files() - open }))
    })`
  const gp = await store()
  const { secret } = await gp.tokens.create('sync', { api: 'rest', expires: days(1) })
  const env = { PLACE: gp.place, HEADER: `Bearer ${secret.reveal()}` }
  // A small nursery: that V8 makes it larger meanwhile is no leak.
  const { reloads, threads, files } = JSON.parse(ended(await program(code, env, ['--expose-gc', '--max-semi-space-size=1'])))
  assert.ok(reloads < 8, `reloads took ${reloads} MiB`)
  assert.ok(threads < 32, `threads took ${threads} MiB`)
  assert.ok(files <= 2, `${files} files are open`)
})
