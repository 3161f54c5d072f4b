// Roles, users, the audit trail; and what is not there for whoever may not use it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { authority, browser, eventually, page, PASSWORD, signIn, stored, user } from './support.mjs'

let server
let chrome
let on

before(async () => {
  server = await authority()
  chrome = await browser()
  on = await page(chrome)
  await signIn(on, server)
})
after(async () => {
  await chrome?.close()
  await server?.stop()
})

const go = (title, of = on) => of.getByRole('link', { name: title }).click()

test('a role is created, shown in the matrix, changed, cloned and deleted', async () => {
  await go('Roles')
  const matrix = on.getByRole('region', { name: 'What each role permits' })
  await matrix.getByRole('button', { name: 'Read Only' }).waitFor()
  await on.getByRole('button', { name: 'Create role' }).click()
  let dialog = on.getByRole('dialog', { name: 'Create role' })
  await dialog.getByRole('textbox', { name: 'Name' }).fill('Token <Desk>')
  await dialog.getByRole('radiogroup', { name: 'Access tokens' }).getByLabel('Edit').check()
  await dialog.getByRole('radiogroup', { name: 'Tasks' }).getByLabel('View').check()
  await dialog.getByLabel('Issue SCIM tokens').check()
  await dialog.getByLabel('Issue REST tokens within').fill('ou=services,o=acme')
  await dialog.getByLabel('Grant scopes').fill('orders:read\norders:write')
  await dialog.getByRole('button', { name: 'Save role' }).click()
  await on.getByText('Token <Desk> is created.').waitFor()

  const token = await server.login()
  const path = '/api/authentication-service/roles/Token%20%3CDesk%3E'
  const made = await server.api(token, 'GET', path)
  assert.equal(made.administrationPermissions.accessTokensPermission, 'EDIT')
  assert.equal(made.tasksPermission, 'VIEW')
  assert.equal(made.settingsPermission, 'NONE')
  assert.deepEqual(made.gatepassPermissions, { issueScim: true, issueRest: ['ou=services,o=acme'], issueScopes: ['orders:read', 'orders:write'] })

  const cells = () => matrix.getByRole('row', { name: /Access tokens/ }).getByRole('cell').allTextContents()
  await eventually(async () => (await cells()).at(-1), 'Edit')
  await matrix.getByRole('button', { name: 'Token <Desk>' }).click()
  await on.getByRole('dialog').getByText('issue SCIM tokens', { exact: false }).waitFor()
  await on.getByRole('button', { name: 'Edit', exact: true }).click()
  dialog = on.getByRole('dialog', { name: 'Edit role' })
  assert.equal(await dialog.getByLabel('Grant scopes').inputValue(), 'orders:read\norders:write')
  await dialog.getByRole('radiogroup', { name: 'Tasks' }).getByLabel('None').check()
  await dialog.getByRole('button', { name: 'Save role' }).click()
  await on.getByText('Token <Desk> is changed.').waitFor()
  assert.equal((await server.api(token, 'GET', path)).tasksPermission, 'NONE')

  await matrix.getByRole('button', { name: 'Read Only' }).click()
  assert.equal(await on.getByRole('dialog').getByRole('button', { name: 'Delete' }).count(), 0)
  await on.getByRole('dialog').getByRole('button', { name: 'Clone' }).click()
  await on.getByRole('textbox', { name: 'Name' }).fill('Copy')
  await on.getByRole('button', { name: 'Save role' }).click()
  await matrix.getByRole('button', { name: 'Copy' }).click()
  await on.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await on.getByLabel('Type the name to confirm').fill('Copy')
  await on.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click()
  await on.getByText('Copy is deleted.').waitFor()
  await matrix.getByRole('button', { name: 'Copy' }).waitFor({ state: 'detached' })
})

test('a user is created, given roles, disabled, given another password and deleted', async () => {
  await go('Users')
  await on.getByRole('button', { name: 'Create user' }).click()
  const dialog = on.getByRole('dialog', { name: 'Create user' })
  await dialog.getByLabel('User name').fill('alice')
  await dialog.getByLabel('Password').fill(PASSWORD)
  await dialog.getByLabel('First name').fill('Alice')
  await dialog.getByLabel('E-mail').fill('alice@example.org')
  await dialog.getByLabel('Token <Desk>').check()
  await dialog.getByRole('button', { name: 'Save' }).click()
  await on.getByText('alice is created.').waitFor()
  const line = on.getByRole('row', { name: /^alice/ })
  await line.getByText('alice@example.org').waitFor()

  await on.getByRole('button', { name: 'Edit alice' }).click()
  await on.getByRole('dialog').getByLabel('Read Only').check()
  await on.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
  await on.getByText('alice is changed.').waitFor()
  const token = await server.login()
  const read = () => server.api(token, 'GET', '/api/authentication-service/users/alice')
  assert.deepEqual((await read()).roles.sort(), ['Read Only', 'Token <Desk>'])

  await on.getByRole('button', { name: 'Set the password of alice' }).click()
  await on.getByRole('dialog').getByLabel('Password').fill('another horse battery staple')
  await on.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
  await on.getByText('alice has another password', { exact: false }).waitFor()
  await server.login('alice', 'another horse battery staple')

  await on.getByRole('button', { name: 'Disable alice' }).click()
  await on.getByRole('alertdialog').getByRole('button', { name: 'Disable' }).click()
  await line.getByText('Disabled').waitFor()
  assert.equal((await read()).active, false)
  assert.equal((await read()).email, 'alice@example.org')
  await on.getByLabel('Search users').fill('nobody at all')
  await on.getByText('No user fits this search.').waitFor()
  await on.getByLabel('Search users').fill('')

  await on.getByRole('button', { name: 'Delete alice' }).click()
  await on.getByLabel('Type the name to confirm').fill('alice')
  await on.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click()
  await on.getByText('alice is deleted.').waitFor()

  // The last administrator stays, and the refusal is told.
  await on.getByRole('button', { name: 'Delete admin' }).click()
  await on.getByLabel('Type the name to confirm').fill('admin')
  await on.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click()
  await on.getByText('This is the last active Directory Administrator', { exact: false }).waitFor()
  await on.keyboard.press('Escape')
})

test('the trail is filtered, and read on to the oldest', async () => {
  const token = await server.login()
  for (let at = 0; at < 120; at += 1) {
    await server.api(token, 'POST', '/api/authentication-service/access_tokens', { name: `t${at}`, apiType: 'SCIM', expires: { days: 1 } })
  }
  await go('Audit trail')
  const lines = on.locator('tbody tr')
  await on.getByRole('button', { name: 'Show older entries' }).waitFor()
  assert.equal(await lines.count(), 100)
  assert.match(await lines.first().textContent(), /t119/)
  await on.getByRole('button', { name: 'Show older entries' }).click()
  await lines.nth(120).waitFor()
  await on.getByLabel('Action').selectOption('Roles')
  await on.getByRole('cell', { name: 'role.create' }).first().waitFor()
  assert.equal(await on.getByRole('cell', { name: /^token/ }).count(), 0)
  await on.getByLabel('Action').selectOption('All actions')
  await on.getByLabel('Subject').fill('t7')
  await on.getByLabel('Subject').press('Enter')
  await on.waitForFunction(() => document.querySelectorAll('tbody tr').length === 1)
  await on.getByLabel('Outcome').selectOption('Refused')
  await on.getByText('Nothing of this kind has happened.').waitFor()
})

test('who may only read sees nothing that they may not use, and the server refuses it', async () => {
  await user(server, 'reader', 'Read Only')
  const reader = await page(chrome)
  await signIn(reader, server, 'reader')
  await reader.getByText('120 tokens').waitFor()
  for (const name of [/Generate/, /Purge/, /Rotate/, /Revoke/, /Delete/]) {
    assert.equal(await reader.getByRole('button', { name }).count(), 0, String(name))
  }
  assert.equal(await reader.getByRole('checkbox').count(), 0)
  for (const view of ['Roles', 'Users', 'Audit trail']) {
    await go(view, reader)
    await reader.getByRole('heading', { name: view }).waitFor()
    assert.equal(await reader.getByRole('button', { name: /Create|Edit|Delete|Disable|Set the/ }).count(), 0)
  }
  const refused = await reader.evaluate(async () => {
    const headers = { 'content-type': 'application/json', 'gatepass-console': '1' }
    const body = JSON.stringify({ name: 'mine', apiType: 'SCIM', expires: { days: 1 } })
    return (await fetch('/api/authentication-service/access_tokens', { method: 'POST', headers, body })).status
  })
  assert.equal(refused, 403)
  await reader.context().close()
})

test('who holds little is offered little', async () => {
  await user(server, 'desk', 'Token <Desk>')
  const desk = await page(chrome)
  await signIn(desk, server, 'desk')
  await desk.getByRole('button', { name: 'Generate access token' }).click()
  const dialog = desk.getByRole('dialog')
  assert.deepEqual(await dialog.getByLabel('Role', { exact: true }).locator('option').allTextContents(), ['Token <Desk>'])
  await dialog.getByLabel('API').selectOption('REST')
  await dialog.getByText('within ou=services,o=acme', { exact: false }).waitFor()
  assert.deepEqual(await dialog.getByLabel('Scopes').locator('option').allTextContents(), ['orders:read', 'orders:write'])
  await dialog.getByLabel('Token name').fill('desk-made')
  await dialog.getByLabel('Target DN').fill('uid=root,o=elsewhere')
  await dialog.getByRole('button', { name: 'Generate' }).click()
  await dialog.getByText('This would give permissions that you do not hold yourself.').first().waitFor()
  await dialog.getByLabel('Target DN').fill('uid=sync,ou=services,o=acme')
  await dialog.getByLabel('Scopes').selectOption(['orders:read'])
  await dialog.getByRole('button', { name: 'Generate' }).click()
  assert.match(await desk.getByLabel('The secret').textContent(), /^gpr_/)
  await stored(desk)
  assert.deepEqual(await desk.getByRole('navigation', { name: 'Administration' }).getByRole('link').allTextContents(), ['Access tokens'])
  await desk.context().close()

  await user(server, 'nobody')
  const nobody = await page(chrome)
  await signIn(nobody, server, 'nobody')
  await nobody.getByRole('heading', { name: 'Nothing to see' }).waitFor()
  await nobody.context().close()
})

test('a server that does not answer is told of, and asked again', async () => {
  await go('Access tokens')
  await on.route('**/api/gatepass/v1/tokens*', (route) => route.abort())
  await on.context().route('**/api/gatepass/v1/tokens*', (route) => route.abort())
  await on.getByRole('button', { name: 'Refresh' }).click()
  await on.getByRole('alert').getByText('The server cannot be reached.', { exact: false }).waitFor()
  await on.unroute('**/api/gatepass/v1/tokens*')
  await on.context().unroute('**/api/gatepass/v1/tokens*')
  await on.getByRole('button', { name: 'Try again' }).click()
  await on.getByText('121 tokens').waitFor()
  assert.deepEqual(on.complaints, [])
})
