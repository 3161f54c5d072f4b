// An authority, a process of its own, and a real browser on its console.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { chromium } from 'playwright-core'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..')
const require = createRequire(import.meta.url)

/** A password that is good enough for an administrator. */
export const PASSWORD = 'correct horse battery staple'

function program() {
  return process.env.GATEPASS_TEST_PROGRAM ?? join(root, 'target', 'debug', 'gatepass')
}

function chromiumProgram() {
  const named = process.env.CHROMIUM
  assert.ok(named, 'CHROMIUM names no browser: run this by `cargo xtask console test`')
  return named
}

process.once('SIGTERM', () => process.exit(1))

/** Starts an authority on a new store; what is to end with it is told at the end of the tests. */
export async function authority(...more) {
  const folder = mkdtempSync(join(tmpdir(), 'gatepass-console-'))
  const store = join(folder, 'tokens.db')
  const env = { ...process.env, GATEPASS_ADMIN_PASSWORD: PASSWORD, GATEPASS_LOG: 'warn' }
  const process_ = spawn(program(), ['serve', '--store', store, '--listen', '127.0.0.1:0', ...more], { env })
  // Whatever ends this process ends that one.
  process.once('exit', () => process_.kill())
  let log = ''
  process_.stderr.on('data', (data) => (log += data))
  const lines = createInterface({ input: process_.stdout })
  const [url] = await Promise.race([
    once(lines, 'line'),
    once(process_, 'exit').then(() => assert.fail(`the authority has ended:\n${log}`)),
  ])
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const server = {
    url,
    log: () => log,
    stop: async () => {
      agent.destroy()
      if (process_.exitCode === null) {
        process_.kill('SIGTERM')
        await once(process_, 'exit')
      }
      rmSync(folder, { recursive: true, force: true })
    },
    /** A request as it is, with the headers that are said and no others. */
    raw: (method, path, { headers = {}, body } = {}) =>
      new Promise((resolve, reject) => {
        const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
        const said = bytes ? { 'content-type': 'application/json', 'content-length': bytes.length, ...headers } : headers
        const sent = request(url + path, { method, headers: said, agent }, (response) => {
          const parts = []
          response.on('data', (part) => parts.push(part))
          response.on('error', reject)
          response.on('end', () => {
            const all = Buffer.concat(parts)
            const { statusCode: status, headers } = response
            resolve({ status, headers, bytes: all, text: all.toString(), json: () => JSON.parse(all.toString()) })
          })
        })
        sent.on('error', reject)
        sent.end(bytes)
      }),
  }
  /** A session of the API's, as a program has it. */
  server.login = async (name = 'admin', password = PASSWORD) => {
    const basic = Buffer.from(`${name}:${password}`).toString('base64')
    const answer = await server.raw('POST', '/api/authentication-service/login', { headers: { authorization: `Basic ${basic}` } })
    assert.equal(answer.status, 200, answer.text)
    return answer.json().token
  }
  /** A request by such a session. */
  server.api = async (token, method, path, body) => {
    const answer = await server.raw(method, path, { headers: { authorization: `Bearer ${token}` }, body })
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`)
    return answer.text === '' ? undefined : answer.json()
  }
  return server
}

/** A user with these roles. */
export async function user(server, username, ...roles) {
  const token = await server.login()
  const body = { username, password: PASSWORD, active: true, roles }
  await server.api(token, 'POST', '/api/authentication-service/users', body)
}

/** One for all tests of a file. */
export async function browser() {
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  return await chromium.launch({ executablePath: chromiumProgram(), args })
}

/**
 * A page in a profile of its own. What the browser complains of is kept in `page.complaints`: scripts that fail, and what the
 * content security policy has stopped.
 */
export async function page(chrome, options = {}) {
  const context = await chrome.newContext({ timezoneId: 'Europe/Paris', locale: 'en-GB', viewport: { width: 1360, height: 800 }, ...options })
  const made = await context.newPage()
  made.setDefaultTimeout(Number(process.env.GATEPASS_TEST_PATIENCE ?? 15_000))
  made.complaints = []
  made.requests = []
  made.on('pageerror', (error) => made.complaints.push(String(error)))
  made.on('console', (message) => {
    // The browser itself says of each refusal that there was one.
    if (!/Failed to load resource/.test(message.text())) made.complaints.push(message.text())
  })
  made.on('request', (request) => made.requests.push(request.url()))
  return made
}

export async function signIn(on, server, name = 'admin', password = PASSWORD) {
  await on.goto(`${server.url}/`)
  await on.getByLabel('User name').fill(name)
  await on.getByLabel('Password').fill(password)
  await on.getByRole('button', { name: 'Sign in' }).click()
  await on.getByRole('button', { name: 'Sign out' }).waitFor()
}

const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')

/** Fails where axe finds that somebody cannot use the page as it is now. */
export async function accessible(on, what) {
  // Evaluated by the test, and no part of the page: its policy stays as it is.
  await on.evaluate(AXE)
  const { violations } = await on.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }))
  const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join('; ')}`)
  assert.deepEqual(told, [], what)
}

/** Generates a token by the dialog, and gives the secret that was shown. */
export async function generate(on, name, { api = 'REST', fill = async () => {} } = {}) {
  await on.getByRole('button', { name: 'Generate access token' }).click()
  const dialog = on.getByRole('dialog', { name: 'Generate access token' })
  await dialog.getByLabel('Token name').fill(name)
  await dialog.getByLabel('API').selectOption(api)
  await fill(dialog)
  await dialog.getByRole('button', { name: 'Generate' }).click()
  const secret = await on.getByLabel('The secret').textContent()
  return secret
}

export async function stored(on) {
  await on.getByRole('button', { name: 'I have stored it' }).click()
  await on.getByLabel('The secret').waitFor({ state: 'detached' })
}

/** Whether something is anywhere in the page, its fields and what it keeps. */
export async function holds(on, text) {
  return await on.evaluate(async (text) => {
    const fields = [...document.querySelectorAll('input, textarea')].map((field) => field.value)
    const kept = [JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage }), JSON.stringify(history.state)]
    const all = [document.documentElement.outerHTML, location.href, document.title, window.name, ...fields, ...kept]
    return all.some((one) => one.includes(text))
  }, text)
}

/** Waits until something is so, and fails with what it is instead. */
export async function eventually(read, expected) {
  const patience = Date.now() + 10_000
  for (;;) {
    const found = await read()
    if (isDeepStrictEqual(found, expected) || Date.now() > patience) {
      assert.deepEqual(found, expected)
      return
    }
    await new Promise((done) => setTimeout(done, 20))
  }
}

/** The row of a token. */
export function row(on, name) {
  return on.getByRole('row').filter({ has: on.getByRole('button', { name, exact: true }) })
}
