// How fast the console is with 100 000 tokens, in a real browser.
//
// node bench/main.mjs RESULTS
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { authority, browser, page, signIn } from '../test/support.mjs'

const [results] = process.argv.slice(2)
const TOKENS = Number(process.env.GATEPASS_CONSOLE_TOKENS ?? 100_000)

/** A row as `cargo xtask bench` reads it; without a bar it is there to be read. */
function row(name, unit, value, most) {
  const ok = most === undefined || value <= most
  return { name: `console: ${name}`, unit, value, peer: '', peer_value: null, ratio: null, bar: most === undefined ? null : `<= ${most}`, ok }
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1]

async function fill(server, count) {
  const token = await server.login()
  let next = 0
  const one = async () => {
    for (let at = next++; at < count; at = next++) {
      const config = at % 3 === 0
      await server.api(token, 'POST', '/api/authentication-service/access_tokens', {
        name: `service-${String((at * 7919) % count).padStart(6, '0')}-${['sync', 'feed', 'deploy', 'report'][at % 4]}`,
        apiType: config ? 'CONFIG' : at % 3 === 1 ? 'SCIM' : 'REST',
        ...(config ? { roles: [['Read Only', 'Schema Administrator'][at % 2]] } : { scopes: ['orders:read'] }),
        expires: { days: 1 + (at % 360) },
      })
    }
  }
  await Promise.all(Array.from({ length: 64 }, one))
}

/** Bytes on the wire until the first page is there. */
async function weigh(chrome, server) {
  const on = await page(chrome)
  const cdp = await on.context().newCDPSession(on)
  await cdp.send('Network.enable')
  let bytes = 0
  cdp.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength))
  await on.goto(`${server.url}/`)
  await on.getByLabel('Password').waitFor()
  await on.waitForLoadState('networkidle')
  await on.context().close()
  return bytes / 1024
}

/** Milliseconds from asking for the page until something can be typed into it, from an empty cache. */
async function start(chrome, server) {
  const on = await page(chrome)
  await on.addInitScript(() => {
    const look = () => {
      const field = document.querySelector('input[name="username"]')
      if (field && document.activeElement === field) globalThis.ready = performance.now()
      else requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
  })
  await on.goto(`${server.url}/`)
  const ready = await on.waitForFunction(() => globalThis.ready)
  const value = await ready.jsonValue()
  await on.context().close()
  return value
}

/** Keeps how long the main thread was busy with one thing; the browser tells from 50 ms on. */
async function watch(on) {
  await on.evaluate(() => {
    globalThis.long = []
    new PerformanceObserver((list) => globalThis.long.push(...list.getEntries().map(({ duration }) => duration))).observe({ entryTypes: ['longtask'] })
  })
}

async function longest(on) {
  await on.waitForTimeout(300)
  const value = await on.evaluate(() => Math.max(0, ...globalThis.long))
  await on.evaluate(() => (globalThis.long = []))
  return value
}

/** What the page's own thread spends on one thing at the most, in milliseconds of the processor. */
function busiest(trace) {
  const { traceEvents } = JSON.parse(trace.toString())
  const thread = ({ pid, tid }) => `${pid} ${tid}`
  const pages = new Set(traceEvents.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain').map(thread))
  const tasks = traceEvents.filter((event) => event.ph === 'X' && event.name.endsWith('RunTask') && pages.has(thread(event)))
  assert.ok(tasks.some(({ tdur }) => tdur > 0), 'the trace has no tasks')
  return Math.max(...tasks.map(({ tdur = 0 }) => tdur)) / 1000
}

/**
 * The longest task of the page's thread in the median of three rounds. By the processor's time, for by the clock a task takes as
 * long as other programs let it; the clock's is there to be read.
 */
async function longestOf(on, what, round, times = 3) {
  const [spent, passed] = [[], []]
  for (let at = 0; at < times; at += 1) {
    await chrome.startTracing(on, { categories: ['toplevel', 'disabled-by-default-devtools.timeline', 'devtools.timeline'] })
    await round()
    passed.push(await longest(on))
    spent.push(busiest(await chrome.stopTracing()))
  }
  rows.push(row(`longest task while ${what}`, 'ms', median(spent), 100))
  rows.push(row(`longest task while ${what}, by the clock (0: none of 50)`, 'ms', median(passed)))
}

const server = await authority()
const chrome = await browser()
const rows = []
try {
  const weight = await weigh(chrome, server)
  rows.push(row('first page, compressed', 'KiB', weight, 100))
  await start(chrome, server)
  const starts = []
  for (let at = 0; at < 5; at += 1) starts.push(await start(chrome, server))
  rows.push(row('first page, until it can be typed into', 'ms', median(starts), 1000))

  await fill(server, TOKENS)
  const on = await page(chrome)
  await signIn(on, server)
  await watch(on)
  const total = `${TOKENS.toLocaleString('en-GB')} tokens`
  const began = performance.now()
  await longestOf(on, `${total} load`, async () => {
    await on.locator('tbody th').first().waitFor()
    await on.getByText(total, { exact: true }).waitFor({ timeout: 120_000 })
    rows.push(row(`all of ${total} there`, 's', (performance.now() - began) / 1000))
  }, 1)

  const box = on.getByRole('region', { name: 'Access tokens' })
  await longestOf(on, `${total} are scrolled`, async () => {
    await box.hover()
    for (let at = 0; at < 100; at += 1) await on.mouse.wheel(0, 400 + at * 40)
    for (let at = 0; at < 40; at += 1) {
      await box.evaluate((region, part) => region.scrollTo(0, region.scrollHeight * part), ((at * 37) % 100) / 100)
      await on.waitForTimeout(15)
    }
    await on.locator('tbody th').first().waitFor()
  })

  const answers = []
  const search = on.getByLabel('Search tokens')
  const found = async (text, shown) => {
    const began = performance.now()
    await search.fill(text)
    await on.getByText(shown).waitFor()
    answers.push(performance.now() - began)
  }
  const of = (count) => new RegExp(`^${count.toLocaleString('en-GB')} of ${total}$`)
  await longestOf(on, `${total} are filtered and sorted`, async () => {
    await search.pressSequentially('sync 4', { delay: 30 })
    await found('feed', of(TOKENS / 4))
    await found('000123', of(1))
    await found('', /^[\d,]+ tokens$/)
    await on.getByLabel('Status').selectOption('Expiring soon')
    await on.getByLabel('Status').selectOption('Any status')
    for (const column of ['Expires', 'API', 'Role', 'Status', 'Created', 'Token name']) {
      await on.getByRole('columnheader', { name: column }).getByRole('button').click()
      await on.waitForTimeout(400)
    }
  })
  await longestOf(on, `${total} are selected`, async () => {
    await on.getByLabel('Select all tokens').check()
    await on.getByText(`${total} selected`).waitFor()
    await on.getByRole('button', { name: 'Select none' }).click()
  })
  rows.push(row(`a filter of ${total} answered`, 'ms', median(answers)))
} finally {
  await chrome.close()
  await server.stop()
}
writeFileSync(join(results, 'console.json'), `${JSON.stringify(rows, null, 2)}\n`)
