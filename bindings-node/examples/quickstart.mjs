// The main job, in a minute: an authority on a new store, and tokens that are issued, used, checked, rotated and revoked;
// each at its own API, of which two are a sandbox's.
//
// node examples/quickstart.mjs      (the program `gatepass` is looked for on the path, or named by GATEPASS_PROGRAM)
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, days, Filter, GatepassError, PatchOp, RestClient, ScimClient } from 'gatepass'

/** @typedef {import('gatepass').Secret} Secret */
/** @typedef {{ config: string, rest: string, scim: string }} Urls */

/** @param {Urls} urls @param {string} password */
async function tour(urls, password) {
  const url = urls.config
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

  console.log('— used, each at its own API, and refused at the two others')
  const people = await gp.tokens.create('node-people', { api: 'scim', expires: days(30) })
  await apart(urls, { config: deploy.secret, rest: sync.secret, scim: people.secret })

  console.log('— checked, in this process')
  const verifier = await gp.verifier({ maxStalenessMs: 10_000 })
  const guard = verifier.guard({ api: 'rest', scopes: ['orders:read'] })
  /** @type {(what: string, secret: Secret, expected: string) => void} */
  const check = (what, secret, expected) => {
    const verdict = guard.check(`Bearer ${secret.reveal()}`)
    const said = verdict.granted ? 'granted' : verdict.reason
    console.log(`${verdict.granted ? 'granted ' : 'denied  '} ${what}${verdict.granted ? '' : `: ${said}`}`)
    assert.equal(said, expected)
  }
  await verifier.waitFor(sync.revision)
  check('the secret', sync.secret, 'granted')
  check('one for another API', deploy.secret, 'wrong_api')

  console.log('— a token of another issuer, accepted for as long as a validator says so')
  await external(gp, verifier)

  console.log('— rotated, with a second of grace')
  /** @type {Secret[]} */
  const vault = []
  const rotated = await gp.tokens.rotate('node-sync', { grace: 1_000, deliver: (secret) => vault.push(secret) })
  await verifier.waitFor(rotated.revision)
  check('the new secret', rotated.secret, 'granted')
  check('the old one, in its grace', sync.secret, 'granted')
  await sleep(1_100)
  check('the old one, afterwards', sync.secret, 'superseded')

  console.log('— revoked, everywhere')
  const { everywhere, receipts } = await gp.tokens.revokeEverywhere(['node-sync', 'node-deploy', 'node-people'], { within: days(1) })
  console.log(`confirmed by ${receipts.length} replica, everywhere: ${everywhere}`)
  check('the new secret', rotated.secret, 'revoked')
  await verifier.close()
  await gp.close()
}

/** @param {import('gatepass').Gatepass} gp @param {import('gatepass').Verifier} verifier */
async function external(gp, verifier) {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const provider = createServer((_, response) => void response.end(JSON.stringify({ keys: [publicKey.export({ format: 'jwk' })] })))
  provider.listen(0, '127.0.0.1')
  await once(provider, 'listening')
  const address = /** @type {import('node:net').AddressInfo} */ (provider.address())
  const expectedIssuer = `http://127.0.0.1:${address.port}`
  const claims = { iss: expectedIssuer, sub: 'ada', aud: 'orders', exp: Math.floor(Date.now() / 1000) + 60, scope: 'orders:read' }
  const signed = [{ alg: 'EdDSA', typ: 'at+jwt' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  const header = `Bearer ${signed}.${sign(null, Buffer.from(signed), privateKey).toString('base64url')}`
  const guard = verifier.guard({ api: 'rest', scopes: ['orders:read'] })

  const claimsMapping = ['uid=${sub},o=acme']
  await gp.validators.create({ name: 'node-sso', api: 'rest', jwksUrl: expectedIssuer, expectedIssuer, expectedAudience: 'orders', claimsMapping })
  while (!(await guard.checkAsync(header)).granted) await sleep(10)
  const access = await guard.requireAsync(header)
  console.log(`granted  ${access.subject} of ${access.name}, as ${access.targetDn}`)
  await gp.validators.delete('node-sso')
  while (guard.check(header).granted) await sleep(10)
  console.log('denied   the same, without its validator')
  provider.close()
}

/** @param {Urls} urls @param {{ config: Secret, rest: Secret, scim: Secret }} secrets */
async function apart(urls, secrets) {
  /** What each API is asked. @type {{ [api: string]: (credential: Secret) => Promise<string> }} */
  const uses = {
    config: async (credential) => {
      const gp = await connect({ urls: urls.config, credential })
      const { body } = await gp.request('GET', '/authentication-service/access_tokens')
      return `${Array.isArray(body) && body.length} tokens`
    },
    rest: async (credential) => {
      const rest = new RestClient(urls.rest, { credential })
      let found = 0
      for await (const person of rest.search('o=acme', { filter: Filter.present('mail') })) found += person.get('mail')?.length ?? 0
      await rest.close()
      return `${found} mail addresses`
    },
    scim: async (credential) => {
      const scim = new ScimClient(urls.scim, { credential })
      const users = scim.resources('Users')
      const user = await users.list().first()
      const changed = user && (await users.patch(user.id, new PatchOp().replace('title', 'Gardener')))
      await scim.close()
      return `${changed?.displayName ?? changed?.userName} is a ${changed?.title}`
    },
  }
  for (const [api, secret] of Object.entries(secrets)) {
    for (const [at, use] of Object.entries(uses)) {
      const said = await use(secret).catch((error) => {
        if (GatepassError.is(error, 'unauthorized')) return error.status
        throw error
      })
      console.log(`${said === 401 ? 'refused ' : 'granted '} ${api.padEnd(6)} at ${at}: ${said}`)
      assert.equal(said === 401, api !== at)
    }
  }
}

const folder = mkdtempSync(join(tmpdir(), 'gatepass-quickstart-'))
const password = process.env.GATEPASS_ADMIN_PASSWORD || randomBytes(16).toString('hex')
const program = process.env.GATEPASS_PROGRAM ?? 'gatepass'
const options = ['--store', join(folder, 'tokens.db'), '--listen', '127.0.0.1:0', '--sandbox', '--sandbox-people', '50']
const server = spawn(program, ['serve', ...options], {
  env: { ...process.env, GATEPASS_ADMIN_PASSWORD: password },
  stdio: ['ignore', 'pipe', 'ignore'],
})
try {
  console.log('— an authority on a new store')
  /** @type {string[]} */
  const lines = []
  for await (const line of createInterface({ input: server.stdout })) if (lines.push(line) === 3) break
  const [config = '', rest = '', scim = ''] = lines
  console.log(`listens on ${config}, with a sandbox at ${rest} and ${scim}`)
  await tour({ config, rest, scim }, password)
} finally {
  server.kill('SIGTERM')
  await once(server, 'exit')
  rmSync(folder, { recursive: true })
}
console.log('quickstart ok')
