// The main job, in a minute: an authority on a new store, and tokens that are issued, used, checked, rotated and revoked.
//
// node examples/quickstart.mjs      (the program `gatepass` is looked for on the path, or named by GATEPASS_PROGRAM)
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, days } from 'gatepass'

/** @param {string} url @param {string} password */
async function tour(url, password) {
  console.log('— signed in')
  const gp = await connect({ urls: url, login: { username: 'admin', password } })
  const me = await gp.myself()
  console.log(`${me.kind} ${me.name}: ${me.roles.join(', ')}`)

  console.log('— issued, and used')
  const deploy = await gp.tokens.create('node-deploy', { api: 'config', roles: ['Read Only'], expires: days(90) })
  const sync = await gp.tokens.create('node-sync', { api: 'rest', scopes: ['orders:read'], expires: days(60) })
  console.log(`issued   node-sync ${sync.secret}, until ${sync.token.expiresOn?.toISOString()}`)
  const deploying = await connect({ urls: url, credential: deploy.secret })
  const { status } = await deploying.request('GET', '/authentication-service/access_tokens')
  console.log(`answered GET access_tokens, called with node-deploy: ${status}`)

  console.log('— checked, in this process')
  const verifier = await gp.verifier({ maxStalenessMs: 10_000 })
  const guard = verifier.guard({ api: 'rest', scopes: ['orders:read'] })
  /** @type {(what: string, secret: typeof sync.secret, expected: string) => void} */
  const check = (what, secret, expected) => {
    const verdict = guard.check(`Bearer ${secret.reveal()}`)
    const said = verdict.granted ? 'granted' : verdict.reason
    console.log(`${verdict.granted ? 'granted ' : 'denied  '} ${what}${verdict.granted ? '' : `: ${said}`}`)
    assert.equal(said, expected)
  }
  await verifier.waitFor(sync.revision)
  check('the secret', sync.secret, 'granted')
  check('one for another API', deploy.secret, 'wrong_api')

  console.log('— rotated, with a second of grace')
  /** @type {(typeof sync.secret)[]} */
  const vault = []
  const rotated = await gp.tokens.rotate('node-sync', { grace: 1_000, deliver: (secret) => vault.push(secret) })
  await verifier.waitFor(rotated.revision)
  check('the new secret', rotated.secret, 'granted')
  check('the old one, in its grace', sync.secret, 'granted')
  await sleep(1_100)
  check('the old one, afterwards', sync.secret, 'superseded')

  console.log('— revoked, everywhere')
  const { everywhere, receipts } = await gp.tokens.revokeEverywhere(['node-sync', 'node-deploy'], { within: days(1) })
  console.log(`confirmed by ${receipts.length} replica, everywhere: ${everywhere}`)
  check('the new secret', rotated.secret, 'revoked')
  await verifier.close()
  await gp.close()
}

const folder = mkdtempSync(join(tmpdir(), 'gatepass-quickstart-'))
const password = process.env.GATEPASS_ADMIN_PASSWORD || randomBytes(16).toString('hex')
const program = process.env.GATEPASS_PROGRAM ?? 'gatepass'
const server = spawn(program, ['serve', '--store', join(folder, 'tokens.db'), '--listen', '127.0.0.1:0'], {
  env: { ...process.env, GATEPASS_ADMIN_PASSWORD: password },
  stdio: ['ignore', 'pipe', 'ignore'],
})
try {
  console.log('— an authority on a new store')
  const [url] = await once(createInterface({ input: server.stdout }), 'line')
  console.log(`listens on ${url}`)
  await tour(url, password)
} finally {
  server.kill('SIGTERM')
  await once(server, 'exit')
  rmSync(folder, { recursive: true })
}
console.log('quickstart ok')
