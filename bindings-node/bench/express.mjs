// What a guard costs an Express route: the server's own CPU time for a request, with and without, by turns.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Agent, get } from 'node:http'
import { fileURLToPath } from 'node:url'
import { median, row } from './rows.mjs'

const PAIRS = 200
const REQUESTS = 200

async function server() {
  const { default: express } = await import('express')
  const { protect } = await import('gatepass/express')
  const { tokens } = await import('./check.mjs')
  const { guard, headers } = tokens(1_000)
  const app = express()
  const answer = (_, response) => void response.json({ orders: [1, 2, 3], total: 3 })
  app.get('/open', answer)
  app.get('/guarded', protect(guard), answer)
  const listening = app.listen(0, '127.0.0.1', () => process.send({ port: listening.address().port, headers }))
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send({ cpu: user + system })
  })
}

export async function express() {
  const child = fork(fileURLToPath(import.meta.url), ['server'])
  const [{ port, headers }] = await once(child, 'message')
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  const ask = (path, number) =>
    new Promise((resolve, reject) => {
      const authorization = headers[number % headers.length]
      get({ port, path, agent, headers: { authorization } }, (response) => {
        if (response.statusCode !== 200) reject(new Error(`answered ${response.statusCode}`))
        response.resume().once('end', resolve)
      }).once('error', reject)
    })
  const cpu = async () => {
    child.send('cpu')
    const [{ cpu }] = await once(child, 'message')
    return cpu
  }
  const measure = async (path) => {
    const before = await cpu()
    for (let sent = 0; sent < REQUESTS; sent += 8) {
      await Promise.all(Array.from({ length: 8 }, (_, number) => ask(path, sent + number)))
    }
    return ((await cpu()) - before) / REQUESTS
  }
  for (let warm = 0; warm < 5; warm += 1) {
    await measure('/open')
    await measure('/guarded')
  }
  const [open, guarded] = [[], []]
  for (let pair = 0; pair < PAIRS; pair += 1) {
    // Each goes first as often as the other.
    for (const path of pair % 2 ? ['/open', '/guarded'] : ['/guarded', '/open']) {
      ;(path === '/open' ? open : guarded).push(await measure(path))
    }
  }
  child.kill()
  agent.destroy()
  const ratio = median(guarded.map((time, pair) => time / open[pair]))
  return [row('Express route with a guard, CPU', 'µs', median(guarded), 'the same without', median(open), ratio, 1.03)]
}

if (process.argv[2] === 'server') await server()
