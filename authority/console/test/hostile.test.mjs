// Names that want to be something else, and secrets that want to stay.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { accessible, authority, browser, generate, holds, page, row, signIn, stored } from './support.mjs'

let server
let chrome
let on
let token

before(async () => {
  server = await authority('--organization', '<b>Acme</b>')
  chrome = await browser()
  on = await page(chrome)
  token = await server.login()
  await signIn(on, server)
})
after(async () => {
  await chrome?.close()
  await server?.stop()
})

const SCRIPT = '<script>window.hit = 1</script><img src=x onerror="window.hit = 1">'
const QUOTES = `"'\`&amp;{{7*7}}\${window.hit=1}`
const RTL = 'invoice\u202Efdp.exe'
const LONG = 'x'.repeat(1000)
const EMOJI = '👩‍👩‍👧‍👦 ✓ 한국어 عربى'
const PATH = '../../a/b?c=d#e%2F..;f'
const NAMES = [SCRIPT, QUOTES, RTL, LONG, EMOJI, PATH]

async function make(name) {
  const body = { name, apiType: 'CONFIG', roles: ['Read Only'], description: name, expires: { days: 30 } }
  await server.api(token, 'POST', '/api/authentication-service/access_tokens', body)
}

test('names are text, whatever is in them', async () => {
  for (const name of NAMES) await make(name)
  await on.getByRole('button', { name: 'Refresh' }).click()
  await on.getByText(`${NAMES.length} tokens`).waitFor()
  const shown = await on.locator('tbody th').allTextContents()
  for (const name of [SCRIPT, QUOTES, LONG, EMOJI, PATH]) assert.ok(shown.includes(name), name.slice(0, 80))
  // What would turn the line round is shown, and does not.
  assert.ok(shown.includes('invoice‹U+202E›fdp.exe'))
  assert.equal(await on.evaluate(() => window.hit), undefined)
  assert.equal(await on.locator('b, main img, main script').count(), 0)
  await on.getByText('<b>Acme</b>').waitFor()
  // None makes the table or the page wider.
  assert.ok(await on.evaluate(() => document.documentElement.scrollWidth <= innerWidth))
  await accessible(on, 'hostile names')
})

test('whatever they are called, they are looked at, rotated, revoked and deleted', async () => {
  for (const name of NAMES) {
    const seen = name === RTL ? 'invoice‹U+202E›fdp.exe' : name
    await on.getByLabel('Search tokens').fill(Array.from(name).slice(0, 3).join(''))
    const line = on.locator('tbody tr').filter({ has: on.getByRole('button', { name: seen, exact: true }) })
    await line.getByRole('button', { name: seen, exact: true }).click()
    await on.getByRole('dialog').getByRole('button', { name: 'Close' }).click()
    await line.getByRole('button', { name: `Rotate ${seen}`, exact: true }).click()
    await on.getByRole('dialog').getByRole('button', { name: 'Rotate' }).click()
    await stored(on)
    await line.getByRole('button', { name: `Revoke ${seen}`, exact: true }).click()
    await on.getByRole('alertdialog').getByRole('button', { name: 'Revoke' }).click()
    await line.getByRole('button', { name: `Delete ${seen}`, exact: true }).click()
    const dialog = on.getByRole('alertdialog')
    assert.ok(await on.evaluate(() => document.querySelector('dialog').scrollWidth <= document.querySelector('dialog').clientWidth))
    await dialog.getByLabel('Type the name to confirm').fill(seen)
    await dialog.getByRole('button', { name: 'Delete' }).click()
    await dialog.waitFor({ state: 'detached' })
    await line.waitFor({ state: 'detached' })
  }
  const left = await server.api(token, 'GET', '/api/gatepass/v1/tokens')
  assert.deepEqual(left.tokens, [])
  await on.getByLabel('Search tokens').fill('')
  assert.equal(await on.evaluate(() => window.hit), undefined)
})

test('in the trail and among the roles they are text as well', async () => {
  const like = await server.api(token, 'GET', '/api/authentication-service/roles/Read%20Only')
  for (const name of [SCRIPT, LONG, RTL]) {
    await server.api(token, 'POST', '/api/authentication-service/roles', { ...like, name, defaultRole: false })
  }
  for (const view of ['Audit trail', 'Roles']) {
    await on.getByRole('link', { name: view }).click()
    await on.getByText(SCRIPT).first().waitFor()
    assert.equal(await on.evaluate(() => window.hit), undefined)
    assert.ok(await on.evaluate(() => document.documentElement.scrollWidth <= innerWidth), view)
    await accessible(on, view)
  }
  await on.getByRole('link', { name: 'Access tokens' }).click()
  await on.getByRole('button', { name: 'Generate access token' }).click()
  await on.getByRole('dialog').getByLabel('Role', { exact: true }).selectOption({ value: LONG })
  await accessible(on, 'generate')
  await on.keyboard.press('Escape')
})

test('a secret is gone with its dialog: nothing brings it back', async () => {
  const secret = await generate(on, 'fleeting')
  const listed = on.requests.filter((url) => url.includes(secret))
  assert.deepEqual(listed, [])
  // Escape does not lose it by accident.
  await on.keyboard.press('Escape')
  assert.ok(await on.getByLabel('The secret').isVisible())
  await stored(on)
  assert.ok(!(await holds(on, secret)))
  await row(on, 'fleeting').getByRole('button', { name: 'fleeting', exact: true }).click()
  assert.ok(!(await holds(on, secret)))
  await on.keyboard.press('Escape')
  await on.getByRole('link', { name: 'Users' }).click()
  for (const move of ['goBack', 'goForward', 'goBack', 'reload']) {
    await on[move]()
    assert.ok(!(await holds(on, secret)), move)
  }
})

test('leaving a secret that is shown drops it', async () => {
  await on.getByRole('link', { name: 'Users' }).click()
  await on.getByRole('heading', { name: 'Users' }).waitFor()
  await on.getByRole('link', { name: 'Access tokens' }).click()
  const secret = await generate(on, 'left')
  assert.ok(await holds(on, secret))
  await on.goBack()
  await on.getByRole('heading', { name: 'Users' }).waitFor()
  assert.ok(!(await holds(on, secret)))
  await on.goForward()
  await on.getByRole('heading', { name: 'Access tokens' }).waitFor()
  assert.ok(!(await holds(on, secret)))
  // Away from the console altogether, and back.
  const other = await generate(on, 'left-too')
  await on.goto('about:blank')
  await on.goBack()
  await on.getByRole('heading', { name: 'Access tokens' }).waitFor()
  assert.ok(!(await holds(on, other)))
  assert.ok(!server.log().includes(secret) && !server.log().includes(other))
})

test('the policy was never broken, and nothing was complained of', () => {
  assert.deepEqual(on.complaints, [])
})
