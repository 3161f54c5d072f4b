// The session: what the browser has of it, how it is kept, and how it ends without losing anything.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { authority, browser, eventually, generate, page, PASSWORD, row, signIn, stored, user } from './support.mjs'

let server
let chrome

before(async () => {
  server = await authority()
  chrome = await browser()
})
after(async () => {
  await chrome?.close()
  await server?.stop()
})

const cookieOf = async (on) => (await on.context().cookies()).find(({ name }) => name === 'gatepass')

/** Ends the session on the server, as if somebody else had. */
async function endSession(on) {
  const { value } = await cookieOf(on)
  await server.api(value, 'DELETE', '/api/gatepass/v1/self')
}

test('no script can read the session, and none is stored', async () => {
  const on = await page(chrome)
  await signIn(on, server)
  const cookie = await cookieOf(on)
  assert.deepEqual(
    { httpOnly: cookie.httpOnly, sameSite: cookie.sameSite, path: cookie.path, expires: cookie.expires },
    { httpOnly: true, sameSite: 'Strict', path: '/', expires: -1 },
  )
  const found = await on.evaluate(() => [document.cookie, JSON.stringify({ ...localStorage, ...sessionStorage })].join())
  assert.ok(!found.includes(cookie.value.slice(0, 20)))
  await on.reload()
  await on.getByRole('button', { name: 'Sign out' }).waitFor()
  await on.context().close()
})

test('signed out, the page has nothing of before, and the session is over', async () => {
  const on = await page(chrome)
  await signIn(on, server)
  await generate(on, 'seen')
  await stored(on)
  const { value } = await cookieOf(on)
  await on.getByRole('button', { name: 'Sign out' }).click()
  await on.getByLabel('Password').waitFor()
  assert.equal(await on.getByText('seen').count(), 0)
  assert.equal(await cookieOf(on), undefined)
  const answer = await server.raw('GET', '/api/gatepass/v1/self', { headers: { authorization: `Bearer ${value}` } })
  assert.equal(answer.status, 401)
  await on.context().close()
})

test('a session that ends under somebody asks for the password, and what was typed is still there', async () => {
  const on = await page(chrome)
  await signIn(on, server)
  await on.getByRole('button', { name: 'Generate access token' }).click()
  const dialog = on.getByRole('dialog', { name: 'Generate access token' })
  await dialog.getByLabel('Token name').fill('half-typed')
  await dialog.getByLabel('API').selectOption('SCIM')
  await endSession(on)
  await dialog.getByRole('button', { name: 'Generate' }).click()
  const again = on.getByRole('alertdialog', { name: 'Your session has ended' })
  await again.getByLabel('Password').fill('wrong')
  await again.getByRole('button', { name: 'Sign in' }).click()
  await again.getByText('The name or the password is wrong.').waitFor()
  await again.getByLabel('Password').fill(PASSWORD)
  await again.getByRole('button', { name: 'Sign in' }).click()
  // What was asked for is done now.
  assert.match(await on.getByLabel('The secret').textContent(), /^gps_/)
  await stored(on)
  await row(on, 'half-typed').waitFor()
  assert.deepEqual(on.complaints, [])
  await on.context().close()
})

test('the list asks again as well, and goes on by itself', async () => {
  const on = await page(chrome)
  await signIn(on, server)
  await on.getByText(/\d tokens?$/).first().waitFor()
  await endSession(on)
  await on.getByRole('button', { name: 'Refresh' }).click()
  const again = on.getByRole('alertdialog', { name: 'Your session has ended' })
  await again.getByLabel('Password').fill(PASSWORD)
  await again.getByRole('button', { name: 'Sign in' }).click()
  await again.waitFor({ state: 'detached' })
  await on.getByText(/^\d tokens?$/).first().waitFor()
  await on.context().close()
})

test('whoever signs in as somebody else does not get the page of the one before', async () => {
  await user(server, 'reader', 'Read Only')
  const on = await page(chrome)
  await signIn(on, server)
  await on.getByRole('button', { name: 'Generate access token' }).click()
  await on.getByLabel('Token name').fill('not-yours')
  await endSession(on)
  await on.getByRole('dialog').getByRole('button', { name: 'Generate' }).click()
  const again = on.getByRole('alertdialog', { name: 'Your session has ended' })
  await again.getByLabel('User name').fill('reader')
  await again.getByLabel('Password').fill(PASSWORD)
  await again.getByRole('button', { name: 'Sign in' }).click()
  await on.getByText('reader').waitFor()
  await on.getByRole('dialog').waitFor({ state: 'detached' })
  assert.equal(await on.getByText('not-yours').count(), 0)
  await on.context().close()
})

test('while it is used the session is renewed before its hour is over, and otherwise it is not', async () => {
  const on = await page(chrome)
  await on.clock.install()
  await signIn(on, server)
  const renewals = () => on.renewed
  on.renewed = 0
  on.on('request', (request) => {
    if (request.method() === 'PUT' && request.url().endsWith('/console/session')) on.renewed += 1
  })
  await on.clock.runFor(10 * 60_000)
  assert.equal(renewals(), 0)
  const before = (await cookieOf(on)).value
  await on.getByLabel('Search tokens').press('a')
  await new Promise((done) => setTimeout(done, 1100)) // tokens of one second are alike
  const answered = on.waitForResponse((response) => response.request().method() === 'PUT')
  await on.clock.runFor(25 * 60_000)
  assert.equal((await answered).status(), 200)
  assert.equal(renewals(), 1)
  assert.ok((await cookieOf(on)).value !== before)
  // Nobody has touched it since.
  await on.clock.runFor(50 * 60_000)
  assert.equal(renewals(), 1)
  await on.context().close()
})

test("one's own password is changed with the old one, and ends the other sessions", async () => {
  await user(server, 'changer', 'Read Only')
  const [on, other] = [await page(chrome), await page(chrome)]
  await signIn(on, server, 'changer')
  await signIn(other, server, 'changer')
  const next = 'another horse battery staple'
  await on.getByRole('button', { name: 'Change password' }).click()
  const dialog = on.getByRole('dialog', { name: 'Change password' })
  await dialog.getByLabel('Current password').fill('no such password')
  await dialog.getByLabel('New password', { exact: true }).fill(next)
  await dialog.getByLabel('New password again').fill(`${next}!`)
  await dialog.getByText('It differs from the one above.').waitFor()
  await dialog.getByLabel('New password again').fill(next)
  await dialog.getByRole('button', { name: 'Change password' }).click()
  await dialog.getByText('This is not your current password.').first().waitFor()
  await dialog.getByLabel('Current password').fill(PASSWORD)
  await dialog.getByRole('button', { name: 'Change password' }).click()
  await on.getByText('Your password is changed.', { exact: false }).waitFor()
  await on.getByRole('link', { name: 'Roles' }).click()
  await on.getByRole('region', { name: 'What each role permits' }).waitFor()
  await other.getByRole('link', { name: 'Roles' }).click()
  await other.getByRole('alertdialog', { name: 'Your session has ended' }).waitFor()
  await on.context().close()
  await other.context().close()
})

test('a page of another site gets nothing done, whatever it has the browser send', async () => {
  const on = await page(chrome)
  await signIn(on, server)
  const { createServer } = await import('node:http')
  const evil = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<!doctype html><title>evil</title>'))
  await new Promise((done) => evil.listen(0, '127.0.0.1', done))
  const port = evil.address().port
  const other = await on.context().newPage()
  await other.goto(`http://127.0.0.1:${port}/`)
  const path = `${server.url}/api/authentication-service/access_tokens`
  const outcomes = await other.evaluate(async (path) => {
    const body = JSON.stringify({ name: 'forged', apiType: 'SCIM', expires: { days: 1 } })
    const tries = [
      { headers: { 'content-type': 'application/json', 'gatepass-console': '1' } },
      { headers: { 'content-type': 'text/plain' }, mode: 'no-cors' },
    ]
    const send = (one) => fetch(path, { method: 'POST', credentials: 'include', body, ...one }).then((r) => r.type, () => 'refused')
    return await Promise.all(tries.map(send))
  }, path)
  assert.deepEqual(outcomes, ['refused', 'opaque'])
  // It cannot be shown within another page either.
  await other.setContent(`<iframe src="${server.url}/"></iframe>`)
  const framed = () => other.frames().find((frame) => frame !== other.mainFrame())?.url()
  await eventually(framed, 'chrome-error://chromewebdata/')
  const token = await server.login()
  const made = await server.raw('GET', '/api/authentication-service/access_tokens/forged', { headers: { authorization: `Bearer ${token}` } })
  assert.equal(made.status, 404)
  evil.closeAllConnections()
  evil.close()
  await on.context().close()
})
