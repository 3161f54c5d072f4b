// For everybody: in light and dark, on a phone, without a mouse, by what axe knows of screen readers.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { accessible, authority, browser, eventually, page, PASSWORD, signIn, user } from './support.mjs'

let server
let chrome

before(async () => {
  server = await authority()
  chrome = await browser()
  const token = await server.login()
  const create = (body) => server.api(token, 'POST', '/api/authentication-service/access_tokens', body)
  await create({ name: 'nightly-sync', apiType: 'REST', targetDn: 'uid=sync,ou=services,o=acme', scopes: ['orders:read'], expires: { days: 5 } })
  await create({ name: 'hr-feed', apiType: 'SCIM', expires: { days: 60 } })
  await create({ name: 'deploy', apiType: 'CONFIG', roles: ['Security Administrator'], expires: { days: 365 } })
  await create({ name: 'old', apiType: 'SCIM', expires: { days: 1 } })
  await create({ name: 'over', apiType: 'SCIM', expires: { at: new Date(Date.now() + 1200).toISOString() } })
  await server.api(token, 'POST', '/api/gatepass/v1/tokens/old/revoke')
  await server.api(token, 'POST', '/api/gatepass/v1/tokens/hr-feed/rotate', { graceMillis: 3_600_000 })
  const keys = { jsonWebKeySetUri: 'http://127.0.0.1:1/keys', anyIssuer: true }
  await server.api(token, 'POST', '/api/settings-service/external_token_validators', { name: 'acme-sso', apiService: 'SCIM', ...keys })
  await user(server, 'reader', 'Read Only')
  await new Promise((done) => setTimeout(done, 1300))
})
after(async () => {
  await chrome?.close()
  await server?.stop()
})

/** Each view and dialog, by what is pressed to get there. */
const VIEWS = [
  ['Access tokens', (on) => on.getByRole('link', { name: 'Access tokens' }).click()],
  ['generate', (on) => on.getByRole('button', { name: 'Generate access token' }).click(), true],
  ['a date', async (on) => {
    await on.getByRole('button', { name: 'Generate access token' }).click()
    await on.getByLabel('API').last().selectOption('REST')
    await on.getByLabel('Through a date').check()
    await on.getByText('Description and networks').click()
  }, true],
  ['details', (on) => on.getByRole('button', { name: 'deploy', exact: true }).click(), true],
  ['rotate', async (on) => {
    await on.getByRole('button', { name: 'hr-feed', exact: true }).click()
    await on.getByRole('dialog').getByRole('button', { name: 'Rotate' }).click()
  }, true],
  ['delete', async (on) => {
    await on.getByRole('button', { name: 'old', exact: true }).click()
    await on.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  }, true],
  ['purge', (on) => on.getByRole('button', { name: 'Purge…' }).click(), true],
  ['nothing found', (on) => on.getByLabel('Search tokens').fill('nothing at all')],
  ['Roles', (on) => on.getByRole('link', { name: 'Roles' }).click()],
  ['a role', (on) => on.getByRole('button', { name: 'Read Only' }).click(), true],
  ['role editor', (on) => on.getByRole('button', { name: 'Create role' }).click(), true],
  ['Users', (on) => on.getByRole('link', { name: 'Users' }).click()],
  ['user editor', (on) => on.getByRole('button', { name: 'Create user' }).click(), true],
  ['External token validators', async (on) => {
    await on.getByRole('link', { name: 'External token validators' }).click()
    await on.getByRole('button', { name: 'Check the keys of acme-sso' }).click()
    await on.getByText('Not fetched').waitFor()
  }],
  ['validator editor', (on) => on.getByRole('button', { name: 'New validator' }).click(), true],
  ['any issuer', async (on) => {
    await on.getByRole('button', { name: 'Edit acme-sso' }).click()
    await on.getByText('every other tenant', { exact: false }).waitFor()
  }, true],
  ['validator test', async (on) => {
    await on.getByRole('button', { name: 'Test acme-sso' }).click()
    await on.getByLabel('Token (optional)').fill('no token')
    await on.getByRole('dialog').getByRole('button', { name: 'Test' }).click()
    await on.getByText('Refused').waitFor()
  }, true],
  ['delete a validator', (on) => on.getByRole('button', { name: 'Delete acme-sso' }).click(), true],
  ['Audit trail', (on) => on.getByRole('link', { name: 'Audit trail' }).click()],
  ['password', (on) => on.getByRole('button', { name: /Change password|password/i }).first().click(), true],
]

for (const [name, options] of [
  ['light', { colorScheme: 'light' }],
  ['dark', { colorScheme: 'dark' }],
  ['a phone', { colorScheme: 'light', viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true }],
]) {
  test(`axe finds nothing in any view: ${name}`, async () => {
    const on = await page(chrome, options)
    await on.goto(`${server.url}/`)
    await on.getByLabel('Password').waitFor()
    await accessible(on, 'sign in')
    await signIn(on, server)
    for (const [view, open, dialog] of VIEWS) {
      await open(on)
      if (dialog) await on.locator('dialog[open]').waitFor()
      await on.waitForTimeout(150)
      await accessible(on, view)
      const wide = await on.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      assert.ok(wide <= 0, `${view} is ${wide} px wider than the screen`)
      if (dialog) {
        await on.keyboard.press('Escape')
        await on.locator('dialog').waitFor({ state: 'detached' })
      }
    }
    assert.deepEqual(on.complaints, [])
    await on.context().close()
  })
}

test('the colours are the system’s until somebody chooses, and the choice stays', async () => {
  const on = await page(chrome, { colorScheme: 'dark' })
  await signIn(on, server)
  const back = () => on.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)
  const dark = await back()
  await on.getByLabel('Colours').selectOption('Light')
  const light = await back()
  assert.notEqual(light, dark)
  await on.reload()
  await on.getByLabel('Colours').waitFor()
  assert.equal(await back(), light)
  await on.context().close()
})

test('a token is generated, copied and revoked without a mouse', async () => {
  const on = await page(chrome)
  await on.goto(`${server.url}/`)
  await on.getByLabel('User name').waitFor()
  const type = (text) => on.keyboard.type(text)
  const press = async (...keys) => {
    for (const key of keys) await on.keyboard.press(key)
  }
  // The first field has the focus already.
  await type('admin')
  await press('Tab')
  await type(PASSWORD)
  await press('Enter')
  await on.getByText('5 tokens').waitFor()
  const focused = () => on.evaluate(() => (document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '').trim())
  const tabTo = async (name, most = 40) => {
    for (let at = 0; at < most; at += 1) {
      await press('Tab')
      if ((await focused()) === name) return
    }
    assert.fail(`the focus never comes to ${name}`)
  }
  await tabTo('+ Generate access token')
  // Where the focus is can be seen.
  assert.notEqual(await on.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), 'none')
  await press('Enter')
  await on.getByRole('dialog').waitFor()
  await type('by-keyboard')
  await press('Tab', 'ArrowDown')
  await on.getByRole('dialog').getByLabel('Scopes').waitFor()
  await press('Enter')
  if ((await on.getByLabel('The secret').count()) === 0) {
    // Enter on a drop-down may open it: it is closed again, and the form sent from its last button.
    await press('Escape')
    await tabTo('Generate')
    await press('Enter')
  }
  await on.getByLabel('The secret').waitFor()
  assert.equal(await focused(), 'Copy secret')
  await press('Enter')
  await on.getByText(/Copied\.|Selected/).waitFor()
  await tabTo('I have stored it')
  await press('Enter')
  await on.getByLabel('The secret').waitFor({ state: 'detached' })
  // The focus is back where it came from.
  assert.equal(await focused(), '+ Generate access token')
  await on.getByText('6 tokens').waitFor()
  await tabTo('Search tokens')
  await type('by-keyboard')
  await on.getByText('1 of 6 tokens').waitFor()
  await tabTo('Revoke by-keyboard')
  await press('Enter')
  await on.getByRole('alertdialog').waitFor()
  await tabTo('Revoke', 5)
  await press('Enter')
  await on.getByText('by-keyboard is revoked.').waitFor()
  await on.context().close()
})

test('every status has its word', async () => {
  const on = await page(chrome)
  await signIn(on, server)
  const chips = async (name) => {
    const line = on.locator('tbody tr').filter({ has: on.getByRole('button', { name, exact: true }) })
    return await line.locator('.chip').allTextContents()
  }
  await on.getByText('6 tokens').waitFor()
  assert.deepEqual(await chips('nightly-sync'), ['Expiring soon'])
  assert.deepEqual(await chips('hr-feed'), ['Active', 'In grace'])
  assert.deepEqual(await chips('deploy'), ['Active'])
  assert.deepEqual(await chips('old'), ['Revoked'])
  assert.deepEqual(await chips('over'), ['Expired'])
  for (const [status, names] of [['Expired', ['over']], ['In grace', ['hr-feed']], ['Expiring soon', ['nightly-sync']], ['Active', ['deploy', 'hr-feed', 'nightly-sync']]]) {
    await on.getByLabel('Status').selectOption(status)
    await on.getByText(`${names.length} of 6 tokens`).waitFor()
    await eventually(() => on.locator('tbody th button').allTextContents(), names)
  }
  await on.context().close()
})

test('instants are in the zone of whoever looks, and in UTC for whoever hovers', async () => {
  const token = await server.login()
  const { createdOn, expiresOn } = await server.api(token, 'GET', '/api/authentication-service/access_tokens/deploy')
  const seen = []
  for (const timezoneId of ['Asia/Tokyo', 'America/Los_Angeles']) {
    const on = await page(chrome, { timezoneId })
    await signIn(on, server)
    const times = on.locator('tbody tr').filter({ has: on.getByRole('button', { name: 'deploy', exact: true }) }).locator('time')
    await times.first().waitFor()
    assert.equal(await times.nth(0).getAttribute('datetime'), createdOn)
    assert.equal(await times.nth(1).getAttribute('title'), `${expiresOn.slice(0, 19).replace('T', ' ')} UTC`)
    seen.push(await times.nth(1).textContent())
    await on.context().close()
  }
  assert.notEqual(seen[0], seen[1])
})
