// Pictures of the console for the README.
//
// node scripts/screenshots.mjs
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import UPNG from 'upng-js'
import { authority, browser, page, signIn, user } from '../test/support.mjs'

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', 'screenshots')
/** Bytes of a picture, at the most. */
const MOST = 100_000
/** As many as a page of plain colours and grey letters needs. */
const COLOURS = 96

const TOKENS = [
  ['nightly-sync', 'REST', 365, { targetDn: 'uid=sync,ou=services,o=acme', scopes: ['orders:read'] }],
  ['hr-feed', 'SCIM', 180],
  ['deploy-pipeline', 'CONFIG', 90, { roles: ['Namespace Administrator'] }],
  ['badge-printer', 'SCIM', 9],
  ['monitoring', 'CONFIG', 365, { roles: ['Read Only'] }],
  ['vault-rotation', 'CONFIG', 60, { roles: ['Security Administrator'] }],
  ['partner-portal', 'REST', 60, { targetDn: 'uid=portal,ou=services,o=acme' }],
  ['migration-2025', 'CONFIG', 90, { roles: ['Schema Administrator'] }],
]

mkdirSync(folder, { recursive: true })
const server = await authority('--organization', 'Acme')
const chrome = await browser()

async function shoot(on, name) {
  await on.mouse.move(0, 0)
  await on.waitForTimeout(300)
  const taken = UPNG.decode(await on.screenshot())
  const png = Buffer.from(UPNG.encode(UPNG.toRGBA8(taken), taken.width, taken.height, COLOURS))
  assert.ok(png.length <= MOST, `${name}.png has ${png.length} bytes`)
  writeFileSync(join(folder, `${name}.png`), png)
}

try {
  const token = await server.login()
  for (const [name, apiType, days, more] of TOKENS) {
    await server.api(token, 'POST', '/api/authentication-service/access_tokens', { name, apiType, expires: { days }, ...more })
  }
  await server.api(token, 'POST', '/api/gatepass/v1/tokens/hr-feed/rotate', { graceMillis: 86_400_000 })
  await server.api(token, 'POST', '/api/gatepass/v1/tokens/migration-2025/revoke')
  await user(server, 'alice', 'Security Administrator')

  const light = await page(chrome, { colorScheme: 'light', viewport: { width: 1360, height: 640 } })
  await signIn(light, server)
  await light.getByText('8 tokens').waitFor()
  await shoot(light, 'tokens')

  const dark = await page(chrome, { colorScheme: 'dark', viewport: { width: 1100, height: 760 } })
  await signIn(dark, server)
  await dark.getByRole('button', { name: 'Generate access token' }).click()
  await dark.getByLabel('Token name').fill('audit-export')
  await shoot(dark, 'generate')

  const phone = await page(chrome, { colorScheme: 'light', viewport: { width: 390, height: 780 }, isMobile: true, hasTouch: true })
  await signIn(phone, server)
  await phone.getByText('8 tokens').waitFor()
  await shoot(phone, 'phone')

  await light.setViewportSize({ width: 1180, height: 640 })
  await light.getByRole('link', { name: 'Roles' }).click()
  await light.getByRole('button', { name: 'Read Only' }).waitFor()
  await shoot(light, 'roles')
} finally {
  await chrome.close()
  await server.stop()
}
