// External token validators: made, tried out on a JWT, switched off and deleted; a provider of the test's own has the keys.
import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'
import { accessible, authority, browser, eventually, holds, page, signIn, user } from './support.mjs'

const ISSUER = 'https://sso.acme.example'
const LIST = '/api/settings-service/external_token_validators'
const { publicKey, privateKey } = generateKeyPairSync('ed25519')

let server
let chrome
let on
let token
let provider
let keys
/** How often the keys were asked for. */
let fetches = 0

before(async () => {
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'k1', use: 'sig', alg: 'EdDSA' }
  provider = createServer((request, response) => {
    fetches += 1
    if (request.url !== '/keys') return response.writeHead(404).end()
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: [jwk] }))
  })
  provider.listen(0, '127.0.0.1')
  await once(provider, 'listening')
  keys = `http://127.0.0.1:${provider.address().port}/keys`
  server = await authority()
  token = await server.login()
  chrome = await browser()
  on = await page(chrome)
  await signIn(on, server)
  await on.getByRole('link', { name: 'External token validators' }).click()
})
after(async () => {
  await chrome?.close()
  await server?.stop()
  provider?.closeAllConnections()
  provider?.close()
})

const base64 = (value) => Buffer.from(value).toString('base64url')

/** A token as the provider makes it. */
function jwt(claims, key = privateKey) {
  const now = Math.floor(Date.now() / 1000)
  const said = { iss: ISSUER, sub: 'alice', aud: 'directory', scope: 'a:read b', iat: now, exp: now + 600, ...claims }
  const signed = `${base64(JSON.stringify({ alg: 'EdDSA', typ: 'at+jwt', kid: 'k1' }))}.${base64(JSON.stringify(said))}`
  return `${signed}.${sign(null, Buffer.from(signed), key).toString('base64url')}`
}

const line = (name, of = on) => of.getByRole('row').filter({ has: of.getByRole('rowheader', { name, exact: true }) })
const details = (name) => server.api(token, 'GET', `${LIST}/${encodeURIComponent(name)}`)

test('a validator is made, and what the server refuses is told at its field', async () => {
  await on.getByText('There is no validator', { exact: false }).waitFor()
  await on.getByRole('button', { name: 'New validator' }).click()
  const dialog = on.getByRole('dialog', { name: 'New validator' })
  const field = (label) => dialog.getByLabel(label, { exact: true })
  const save = () => dialog.getByRole('button', { name: 'Save validator' }).click()
  const wrong = async (label, words) => {
    await eventually(() => field(label).getAttribute('aria-invalid'), 'true')
    const described = (await field(label).getAttribute('aria-describedby')).split(' ').at(-1)
    assert.match(await dialog.locator(`[id="${described}"]`).textContent(), words)
    // It is where the focus is, so it is in view and read out.
    await eventually(() => field(label).evaluate((own) => own === document.activeElement), true)
    await accessible(on, label)
  }
  await field('Name').fill('acme sso')
  await field('OIDC provider').fill('Keycloak')
  await field('JSON Web Key Set URI').fill('http://sso.acme.example/keys')
  await field('Expected issuer').fill(ISSUER)
  await save()
  await wrong('JSON Web Key Set URI', /https/)
  await field('JSON Web Key Set URI').fill(keys)
  await field('Expected audience').fill('directory')
  await field('Expected scopes').fill('a:read')
  await field('Claims to user mapping').fill('uid=${sub')
  await save()
  await wrong('Claims to user mapping', /claim/i)
  await field('Claims to user mapping').fill('uid=${sub},ou=People,o=acme')
  await field('Clock skew in seconds').fill('60')
  await field('Maximum age in seconds').fill('900')
  await field('Token type').fill('at+jwt')
  await field('EdDSA').check()
  // Both examples are there to be seen.
  await dialog.getByText('ou=People,o=acme??sub?(mail=${email})').waitFor()
  await save()
  await on.getByText('acme sso is created.').waitFor()
  assert.deepEqual(await details('acme sso'), {
    name: 'acme sso',
    enabled: true,
    apiService: 'REST(adap)',
    oidcProvider: 'Keycloak',
    oidcDiscoveryUrl: '',
    jsonWebKeySetUri: keys,
    expectedAudience: 'directory',
    expectedScope: 'a:read',
    jwtValidationClock: 60,
    claimsMapper: { claimsExpressionList: ['uid=${sub},ou=People,o=acme'] },
    expectedIssuer: ISSUER,
    algorithms: ['EdDSA'],
    tokenType: 'at+jwt',
    maxAgeSeconds: 900,
  })
  const cells = await line('acme sso').getByRole('cell').allTextContents()
  assert.deepEqual(cells.slice(0, 5), ['REST', 'Keycloak', ISSUER, 'directory', 'Enabled'])
  // The focus is back where it came from.
  await eventually(() => on.evaluate(() => document.activeElement?.textContent), '+ New validator')
})

test('its keys are fetched when somebody asks', async () => {
  assert.deepEqual(on.requests.filter((url) => url.endsWith('/test')), [])
  await on.getByRole('button', { name: 'Check the keys of acme sso' }).click()
  await line('acme sso').getByText('1 key', { exact: true }).waitFor()
  assert.equal(on.requests.filter((url) => url.endsWith('/test')).length, 1)
  assert.ok(fetches > 0)
  const nowhere = { ...(await details('acme sso')), name: 'nowhere', jsonWebKeySetUri: keys.replace(/keys$/, 'none') }
  await server.api(token, 'POST', LIST, nowhere)
  await on.getByRole('link', { name: 'Roles' }).click()
  await on.getByRole('link', { name: 'External token validators' }).click()
  await on.getByRole('button', { name: 'Check the keys of nowhere' }).click()
  await line('nowhere').getByText('Not fetched').waitFor()
  await line('nowhere').getByText('404', { exact: false }).waitFor()
})

test('a pasted token is judged, shown as text, and gone with the dialog', async () => {
  const dialog = on.getByRole('dialog', { name: 'Test acme sso' })
  const open = () => on.getByRole('button', { name: 'Test acme sso' }).click()
  const facts = dialog.getByLabel('The token', { exact: true })
  const judge = async (pasted) => {
    await dialog.getByLabel('Token (optional)').fill(pasted)
    await facts.waitFor({ state: 'detached' })
    await dialog.getByRole('button', { name: 'Test' }).click()
    await facts.waitFor()
    return await facts.textContent()
  }
  await open()
  // The keys are looked at without a token.
  await dialog.getByText('1 key', { exact: true }).waitFor()
  assert.equal(await facts.count(), 0)
  const good = jwt({})
  const said = await judge(good)
  for (const part of ['Accepted', 'alice', 'uid=alice,ou=People,o=acme', 'a:read', ISSUER]) assert.ok(said.includes(part), `${part}: ${said}`)
  await accessible(on, 'a token is accepted')
  for (const [claims, reason] of [
    [{ aud: 'other' }, 'wrong_audience'],
    [{ iss: 'https://evil.example' }, 'untrusted_issuer'],
    [{ scope: 'b' }, 'insufficient_scope'],
    [{ exp: 1_000_000_000, iat: 999_999_999 }, 'expired'],
  ]) {
    const said = await judge(jwt(claims))
    assert.ok(said.includes('Refused') && said.includes(reason), said)
  }
  assert.match(await judge(jwt({}, generateKeyPairSync('ed25519').privateKey)), /bad_signature/)
  assert.match(await judge('no token'), /Refused/)
  // Claims are foreign text.
  const hostile = '<img src=x onerror="window.hit = 1">\u202Ecilla'
  const shown = await judge(jwt({ sub: hostile }))
  assert.ok(shown.includes('<img src=x onerror="window.hit = 1">‹U+202E›cilla'), shown)
  assert.equal(await on.evaluate(() => window.hit), undefined)
  assert.equal(await dialog.locator('img').count(), 0)

  await judge(good)
  const signature = good.split('.')[2]
  assert.ok(await holds(on, signature))
  await on.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  assert.ok(!(await holds(on, signature)))
  await open()
  assert.equal(await dialog.getByLabel('Token (optional)').inputValue(), '')
  await dialog.getByLabel('Token (optional)').fill(good)
  // Going elsewhere clears it as well.
  await on.goBack()
  await dialog.waitFor({ state: 'detached' })
  assert.ok(!(await holds(on, signature)))
  assert.deepEqual(on.requests.filter((url) => url.includes(signature)), [])
  assert.ok(!server.log().includes(signature))
  await on.getByRole('link', { name: 'External token validators' }).click()
})

test('a validator is changed, disabled, enabled and deleted', async () => {
  await on.getByRole('button', { name: 'Edit acme sso' }).click()
  const dialog = on.getByRole('dialog', { name: 'Edit validator' })
  const field = (label) => dialog.getByLabel(label, { exact: true })
  assert.equal(await field('Claims to user mapping').inputValue(), 'uid=${sub},ou=People,o=acme')
  assert.ok(await field('EdDSA').isChecked())
  assert.equal(await dialog.getByText('every other tenant', { exact: false }).count(), 0)
  await field('Any issuer').check()
  await dialog.getByText('every other tenant', { exact: false }).waitFor()
  assert.ok(await field('Expected issuer').isDisabled())
  await field('Maximum age in seconds').fill('')
  await field('Claims to user mapping').fill('uid=${sub},ou=People,o=acme\n\nou=People,o=acme??sub?(mail=${email})')
  await dialog.getByRole('button', { name: 'Save validator' }).click()
  await on.getByText('acme sso is changed.').waitFor()
  const { anyIssuer, expectedIssuer, maxAgeSeconds, claimsMapper, tokenType } = await details('acme sso')
  assert.deepEqual({ anyIssuer, expectedIssuer, maxAgeSeconds, tokenType }, { anyIssuer: true, expectedIssuer: undefined, maxAgeSeconds: undefined, tokenType: 'at+jwt' })
  assert.equal(claimsMapper.claimsExpressionList.length, 2)
  await line('acme sso').getByText('Any issuer').waitFor()

  // What somebody else has changed meanwhile stays.
  await server.api(token, 'PUT', `${LIST}/acme%20sso`, { ...(await details('acme sso')), oidcProvider: 'Okta' })
  for (const [deed, status, enabled] of [['Disable', 'Disabled', false], ['Enable', 'Enabled', true]]) {
    await on.getByRole('button', { name: `${deed} acme sso` }).click()
    await on.getByRole('alertdialog').getByRole('button', { name: deed }).click()
    await line('acme sso').getByText(status, { exact: true }).waitFor()
    assert.equal((await details('acme sso')).enabled, enabled)
  }
  assert.equal((await details('acme sso')).oidcProvider, 'Okta')

  await on.getByRole('button', { name: 'Delete acme sso' }).click()
  const remove = on.getByRole('alertdialog').getByRole('button', { name: 'Delete' })
  await on.getByLabel('Type the name to confirm').fill('acme')
  assert.ok(await remove.isDisabled())
  await on.getByLabel('Type the name to confirm').fill('acme sso')
  await remove.click()
  await on.getByText('acme sso is deleted.').waitFor()
  await line('acme sso').waitFor({ state: 'detached' })
  assert.equal((await server.api(token, 'GET', LIST)).length, 1)
})

test('who may only read sees them and changes nothing; who may not, sees nothing', async () => {
  await user(server, 'reader', 'Read Only')
  const reader = await page(chrome)
  await signIn(reader, server, 'reader')
  await reader.getByRole('link', { name: 'External token validators' }).click()
  await line('nowhere', reader).waitFor()
  assert.equal(await reader.locator('main').getByRole('button').count(), 0)
  const refused = await reader.evaluate(async (list) => {
    const headers = { 'content-type': 'application/json', 'gatepass-console': '1' }
    const ask = async (method, path, body) => (await fetch(path, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) })).status
    return [
      await ask('POST', list, { name: 'mine', apiService: 'SCIM', jsonWebKeySetUri: 'https://a.example/keys', anyIssuer: true }),
      await ask('DELETE', `${list}/nowhere`),
      await ask('POST', '/api/gatepass/v1/validators/nowhere/test', {}),
    ]
  }, LIST)
  assert.deepEqual(refused, [403, 403, 403])
  await reader.context().close()

  const like = await server.api(token, 'GET', '/api/authentication-service/roles/Read%20Only')
  await server.api(token, 'POST', '/api/authentication-service/roles', { ...like, name: 'No settings', defaultRole: false, settingsPermission: 'NONE' })
  await user(server, 'other', 'No settings')
  const other = await page(chrome)
  await signIn(other, server, 'other')
  await other.getByRole('link', { name: 'Roles' }).waitFor()
  assert.equal(await other.getByRole('link', { name: 'External token validators' }).count(), 0)
  await other.context().close()
})

test('the policy was never broken, and nothing was complained of', () => {
  assert.deepEqual(on.complaints, [])
})
