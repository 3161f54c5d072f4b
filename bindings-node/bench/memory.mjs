// What eight worker threads hold that follow the same store of a million tokens, beside what one does.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, renameSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { days, open } from 'gatepass'
import { memoryOf, row } from './rows.mjs'

const COUNT = 1_000_000
const AT_ONCE = 2_000

/** A store of a million tokens; made once, for that takes minutes. */
async function filled(place) {
  if (existsSync(place)) return
  const gp = await open(`${place}.new`)
  for (let from = (await gp.tokens.page({ limit: 1 })).tokens.length; from < COUNT; from += AT_ONCE) {
    await Promise.all(
      Array.from({ length: AT_ONCE }, (_, number) =>
        gp.tokens.create(`service-${from + number}`.padEnd(24, '-'), { api: 'rest', expires: days(360), scopes: ['orders:read'] }),
      ),
    )
  }
  await gp.close()
  renameSync(`${place}.new`, place)
}

async function worker(place) {
  const gp = await open(place)
  const verifier = await gp.verifier({ maxStalenessMs: 60_000 })
  globalThis.held = [gp, verifier, verifier.guard({ api: 'rest' })]
  globalThis.held[2].check('Bearer x')
  return verifier.state.tokens
}

/** Memory in MiB that is in no file, with so many workers. */
async function resident(place, count) {
  const child = fork(fileURLToPath(import.meta.url), ['workers', place, String(count)], { execArgv: ['--expose-gc'] })
  const [{ anonymous, tokens }] = await once(child, 'message')
  child.kill()
  if (tokens.some((found) => found !== COUNT)) throw new Error(`the workers have ${tokens} tokens`)
  return anonymous
}

export async function memory(place) {
  await filled(place)
  const [none, one, eight] = [await resident(place, 0), await resident(place, 1), await resident(place, 8)]
  const [ofOne, ofEight] = [one - none, eight - none]
  return [row('8 worker threads, 1 M tokens, memory', 'MiB', ofEight, '1 worker thread', ofOne, ofEight / ofOne)]
}

if (!isMainThread) parentPort.postMessage(await worker(workerData))
else if (process.argv[2] === 'workers') {
  const [place, count] = process.argv.slice(3)
  const workers = Array.from({ length: Number(count) }, () => new Worker(new URL(import.meta.url), { workerData: place }))
  const tokens = await Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0]))
  await new Promise((resolve) => setTimeout(resolve, 3_000))
  process.send({ anonymous: memoryOf('RssAnon'), tokens })
  setInterval(() => {}, 60_000)
}
