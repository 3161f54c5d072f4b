// What people come for: from signing in to the last token revoked.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { accessible, authority, browser, eventually, generate, holds, page, row, signIn, stored } from './support.mjs'

let server
let chrome
let on

before(async () => {
  server = await authority()
  chrome = await browser()
  on = await page(chrome, { permissions: ['clipboard-read', 'clipboard-write'] })
})
after(async () => {
  await chrome?.close()
  await server?.stop()
})

/** Whether the secret opens its API, by introspection. */
async function opens(secret) {
  const headers = { authorization: `Bearer ${await server.login()}` }
  const body = new URLSearchParams({ token: secret })
  const answer = await fetch(`${server.url}/oauth2/introspect`, { method: 'POST', headers, body })
  assert.equal(answer.status, 200)
  return (await answer.json()).active
}

/** What was copied, read by another page: the console itself may not. */
async function clipboard() {
  const other = await on.context().newPage()
  await other.goto(`${server.url}/healthz`)
  const text = await other.evaluate(() => navigator.clipboard.readText())
  await other.close()
  return text
}

test('a wrong password is told as one, and the right one signs in', async () => {
  await on.goto(`${server.url}/`)
  await on.getByLabel('User name').fill('admin')
  await on.getByLabel('Password').fill('wrong')
  await on.getByRole('button', { name: 'Sign in' }).click()
  await on.getByText('The name or the password is wrong.').waitFor()
  assert.equal(await on.getByLabel('Password').inputValue(), '')
  await signIn(on, server)
  await on.getByText('There is no access token yet.').waitFor()
})

const secrets = {}

test('a token for each API, its secret copied and then gone', async () => {
  secrets.rest = await generate(on, 'nightly-sync', {
    api: 'REST',
    fill: async (dialog) => {
      await dialog.getByLabel('Target DN').fill('uid=sync,ou=services,o=acme')
      await dialog.getByLabel('Scopes').fill('orders:read orders:write')
      await dialog.getByLabel('180 days').check()
      await dialog.getByText(/Expires in 180 days: .* UTC/).waitFor()
    },
  })
  assert.match(secrets.rest, /^gpr_/)
  await on.getByRole('button', { name: 'Copy secret' }).click()
  await on.getByText('Copied.').waitFor()
  assert.equal(await clipboard(), secrets.rest)
  assert.ok(await holds(on, secrets.rest))
  await stored(on)
  assert.ok(!(await holds(on, secrets.rest)))

  secrets.scim = await generate(on, 'hr-feed', { api: 'SCIM', fill: (dialog) => dialog.getByLabel('Scopes').fill('people:write') })
  assert.match(secrets.scim, /^gps_/)
  await stored(on)

  secrets.config = await generate(on, 'deploy', {
    api: 'CONFIG',
    fill: async (dialog) => {
      assert.equal(await dialog.getByLabel('Target DN').count(), 0)
      assert.equal(await dialog.getByLabel('Scopes').count(), 0)
      await dialog.getByLabel('Role', { exact: true }).selectOption('Security Administrator')
      const spelled = dialog.getByLabel('What this role may do')
      await spelled.getByText('Attribute encryption', { exact: false }).waitFor()
      assert.match(await spelled.textContent(), /May change.*Access tokens.*May view/)
    },
  })
  assert.match(secrets.config, /^gpc_/)
  await stored(on)

  const cells = await row(on, 'deploy').getByRole('cell').allTextContents()
  assert.deepEqual([cells[1], cells[2]], ['Configuration', 'Security Administrator'])
  for (const secret of Object.values(secrets)) assert.ok(await opens(secret))
})

test('a date is good through its end, in the zone that is chosen', async () => {
  const year = new Date().getFullYear() + 1
  const date = `${year}-01-31`
  await generate(on, 'dated', {
    fill: async (dialog) => {
      await dialog.getByLabel('Through a date').check()
      await dialog.getByLabel('Last day').fill(date)
      await dialog.getByText(`${date} 23:00:00 UTC`, { exact: false }).waitFor()
    },
  })
  await on.getByRole('dialog').getByText(`${date} 23:00:00 UTC`, { exact: false }).waitFor()
  await stored(on)
  const token = await server.login()
  const kept = await server.api(token, 'GET', '/api/authentication-service/access_tokens/dated')
  assert.equal(kept.expiresOn, `${date}T23:00:00.000Z`)
})

test('a name that is taken is refused where it was typed, and nothing is lost', async () => {
  await on.getByRole('button', { name: 'Generate access token' }).click()
  const dialog = on.getByRole('dialog')
  await dialog.getByLabel('Token name').fill('deploy')
  await dialog.getByRole('button', { name: 'Generate' }).click()
  await dialog.getByText('This name is taken.').first().waitFor()
  assert.equal(await dialog.getByLabel('Token name').getAttribute('aria-invalid'), 'true')
  assert.equal(await dialog.getByLabel('Token name').inputValue(), 'deploy')
  await on.keyboard.press('Escape')
})

test('an answer that is lost is asked for again, and makes no second token', async () => {
  let lost = 0
  await on.route('**/access_tokens', async (route) => {
    if (route.request().method() !== 'POST' || lost > 0) return await route.continue()
    lost += 1
    await route.fetch()
    await route.abort()
  })
  await on.getByRole('button', { name: 'Generate access token' }).click()
  const dialog = on.getByRole('dialog')
  await dialog.getByLabel('Token name').fill('lost')
  await dialog.getByLabel('API').selectOption('SCIM')
  await dialog.getByRole('button', { name: 'Generate' }).click()
  await dialog.getByText('The server cannot be reached.', { exact: false }).waitFor()
  await dialog.getByRole('button', { name: 'Generate' }).click()
  const secret = await on.getByLabel('The secret').textContent()
  assert.ok(await opens(secret))
  await on.unroute('**/access_tokens')
  await stored(on)
})

test('rotated with grace both secrets are good, and the table says so', async () => {
  await row(on, 'nightly-sync').getByRole('button', { name: 'Rotate nightly-sync' }).click()
  const dialog = on.getByRole('dialog', { name: 'Rotate secret' })
  await dialog.getByLabel('The old secret stays good for').selectOption('1 hour')
  await dialog.getByRole('button', { name: 'Rotate' }).click()
  const next = await on.getByLabel('The secret').textContent()
  assert.notEqual(next, secrets.rest)
  await stored(on)
  assert.ok(!(await holds(on, next)))
  await row(on, 'nightly-sync').getByText('In grace').waitFor()
  assert.ok((await opens(secrets.rest)) && (await opens(next)))

  // Again, within the grace: only with a word for it.
  await row(on, 'nightly-sync').getByRole('button', { name: 'Rotate nightly-sync' }).click()
  await on.getByLabel('An earlier rotation is in its grace. End the older secret now.').check()
  await on.getByLabel('The old secret stays good for').selectOption('None: it ends at once')
  await on.getByRole('dialog').getByRole('button', { name: 'Rotate' }).click()
  const last = await on.getByLabel('The secret').textContent()
  await stored(on)
  assert.deepEqual([await opens(secrets.rest), await opens(next), await opens(last)], [false, false, true])
})

test('the details say all that is known, and lead to the trail', async () => {
  await row(on, 'nightly-sync').getByRole('button', { name: 'nightly-sync', exact: true }).click()
  const dialog = on.getByRole('dialog', { name: 'nightly-sync' })
  for (const text of ['uid=sync,ou=services,o=acme', 'orders:read orders:write']) await dialog.getByText(text).waitFor()
  await dialog.getByRole('link', { name: 'Audit trail' }).click()
  await on.getByRole('cell', { name: 'token.rotate' }).first().waitFor()
  assert.equal(await on.getByRole('cell', { name: 'token.create' }).count(), 1)
  await on.goBack()
})

test('revoked at once, and deleted only with the name typed', async () => {
  await row(on, 'hr-feed').getByRole('button', { name: 'Revoke hr-feed' }).click()
  await on.getByRole('alertdialog').getByRole('button', { name: 'Revoke' }).click()
  await row(on, 'hr-feed').getByText('Revoked').waitFor()
  assert.ok(!(await opens(secrets.scim)))
  await row(on, 'hr-feed').getByRole('button', { name: 'Delete hr-feed' }).click()
  const dialog = on.getByRole('alertdialog', { name: 'Delete token' })
  const button = dialog.getByRole('button', { name: 'Delete' })
  await dialog.getByLabel('Type the name to confirm').fill('hr-fee')
  assert.ok(await button.isDisabled())
  await dialog.getByLabel('Type the name to confirm').fill('hr-feed')
  await button.click()
  await on.getByText('hr-feed is deleted.').waitFor()
  assert.equal(await row(on, 'hr-feed').count(), 0)
})

test('many are revoked at once, those that are gone already too', async () => {
  const token = await server.login()
  const names = Array.from({ length: 30 }, (_, at) => `batch-${at}`)
  for (const name of names) {
    await server.api(token, 'POST', '/api/authentication-service/access_tokens', { name, apiType: 'SCIM', expires: { days: 3 } })
  }
  await on.getByRole('button', { name: 'Refresh' }).click()
  await on.getByLabel('Search tokens').fill('batch-')
  await on.getByText('30 of 34 tokens').waitFor()
  await server.api(token, 'DELETE', '/api/authentication-service/access_tokens/batch-7')
  await on.getByLabel('Select all tokens that fit').check()
  await on.getByText('30 tokens selected').waitFor()
  await on.getByRole('group', { name: 'Selected tokens' }).getByRole('button', { name: 'Revoke' }).click()
  await on.getByRole('alertdialog').getByRole('button', { name: 'Revoke' }).click()
  await on.getByText('30 tokens revoked.').waitFor()
  await on.getByText('29 of 33 tokens').waitFor()
  await on.getByLabel('Status').selectOption('Active')
  await on.getByText('No token fits this search.').waitFor()
  await on.getByRole('button', { name: 'Show all' }).click()
  const listed = await server.api(token, 'GET', '/api/gatepass/v1/tokens?status=revoked&limit=1000')
  assert.equal(listed.tokens.length, 29)
})

test('more than a request takes are revoked in several, with progress', async () => {
  const token = await server.login()
  const create = (at) =>
    server.api(token, 'POST', '/api/authentication-service/access_tokens', { name: `load-${at}`, apiType: 'SCIM', expires: { days: 3 } })
  const count = 1100
  let next = 0
  const one = async () => {
    for (let at = next++; at < count; at = next++) await create(at)
  }
  await Promise.all(Array.from({ length: 32 }, one))
  await on.getByRole('button', { name: 'Refresh' }).click()
  await on.getByLabel('Search tokens').fill('load-')
  await on.getByText('1,100 of 1,133 tokens').waitFor()
  const sizes = []
  on.on('request', (request) => {
    if (request.url().endsWith('/tokens/revoke')) sizes.push(request.postDataJSON().names.length)
  })
  await on.getByLabel('Select all tokens that fit').check()
  await on.getByRole('group', { name: 'Selected tokens' }).getByRole('button', { name: 'Revoke' }).click()
  await on.getByRole('alertdialog').getByRole('button', { name: 'Revoke' }).click()
  await on.getByRole('progressbar', { name: 'Revoked so far' }).waitFor()
  await on.getByText('1,100 tokens revoked.').waitFor()
  assert.deepEqual(sizes, [1000, 100])
  await on.getByLabel('Status').selectOption('Revoked')
  await on.getByText('1,100 of 1,133 tokens').waitFor()
  await on.getByRole('button', { name: 'Next' }).click()
  await on.getByRole('button', { name: 'load-20', exact: true }).waitFor()
  await on.getByLabel('Status').selectOption('Any status')
  await on.getByLabel('Search tokens').fill('')
})

test('what has been over for long is purged', async () => {
  await on.getByRole('button', { name: 'Purge…' }).click()
  const dialog = on.getByRole('alertdialog', { name: 'Purge old tokens' })
  const today = await on.evaluate(() => new Date().toLocaleDateString('sv'))
  await dialog.getByLabel('Day').fill(today)
  await dialog.getByRole('button', { name: 'Purge' }).click()
  await on.getByText('1,129 tokens purged.').waitFor()
  await on.getByText('4 tokens', { exact: true }).waitFor()
})

test('columns sort, and say how', async () => {
  const names = () => on.locator('tbody th button').allTextContents()
  const heading = on.getByRole('columnheader', { name: 'Token name' })
  await eventually(names, ['dated', 'deploy', 'lost', 'nightly-sync'])
  assert.equal(await heading.getAttribute('aria-sort'), 'ascending')
  await heading.getByRole('button').click()
  await eventually(names, ['nightly-sync', 'lost', 'deploy', 'dated'])
  assert.equal(await heading.getAttribute('aria-sort'), 'descending')
  await on.getByRole('columnheader', { name: 'Expires' }).getByRole('button').click()
  await eventually(async () => (await names()).at(-1), 'nightly-sync')
  await on.getByRole('columnheader', { name: 'API' }).getByRole('button').click()
  await eventually(names, ['deploy', 'dated', 'nightly-sync', 'lost'])
  await heading.getByRole('button').click()
})

test('nobody else is asked for anything, and nothing is complained of', async () => {
  assert.ok(on.requests.length > 10)
  assert.deepEqual(on.requests.filter((url) => !url.startsWith(`${server.url}/`)), [])
  assert.deepEqual(on.complaints, [])
  await accessible(on, 'tokens')
})
