/**
 * The access tokens of a real OpenID provider, oidc-provider, through its discovery: its keys rotate while checks are made all
 * the time, it goes and comes back, and an authority's replica follows the validator that takes its tokens.
 */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { after, before, test } from 'node:test'
import { connect, days, type ExternalTokenValidator, externalVerifier, type Guard, type KeyOptions } from 'gatepass'
import { authority, PASSWORD } from './support.js'

// A verifier keeps no process alive, and a test that waits for keys has nothing else to live on.
const alive = setInterval(() => {}, 60_000)
after(() => clearInterval(alive))

type Jwk = { kid: string; alg: string; [member: string]: unknown }

const AUDIENCE = 'https://directory.acme.example'
const KEYS: KeyOptions = { cooldownMs: 100, refreshAheadMs: 200, refreshAfterMs: 1_000, staleIfErrorMs: 3_000, timeoutMs: 5_000 }
const KINDS = {
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: () => generateKeyPairSync('ed25519'),
  PS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
}

/** A provider whose keys are changed as its operator would: by another configuration, at the same place. */
class Rotating {
  readonly #server: Server
  readonly #port: number
  #listener: RequestListener = (_, response) => void response.writeHead(503).end()
  #made = 0

  private constructor(server: Server) {
    this.#server = server
    this.#port = (server.address() as AddressInfo).port
    server.on('request', (request, response) => this.#listener(request, response))
  }

  static async start(): Promise<Rotating> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new Rotating(server)
  }

  get issuer(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  newKey(alg: keyof typeof KINDS): Jwk {
    this.#made += 1
    return { ...KINDS[alg]().privateKey.export({ format: 'jwk' }), kid: `key-${this.#made}`, alg, use: 'sig' }
  }

  /** Publishes these keys from now on, and signs with the first. */
  async publish(...keys: [Jwk, ...Jwk[]]): Promise<void> {
    const { Provider } = await import('oidc-provider')
    const provider = new Provider(this.issuer, {
      jwks: { keys },
      clients: [
        {
          client_id: 'sync',
          client_secret: 'a secret of the test',
          grant_types: ['client_credentials'],
          redirect_uris: [],
          response_types: [],
          id_token_signed_response_alg: keys[0].alg,
        },
      ],
      enabledJWA: { idTokenSigningAlgValues: ['RS256', 'PS256', 'ES256', 'EdDSA'] },
      ttl: { ClientCredentials: 300 },
      features: {
        clientCredentials: { enabled: true },
        devInteractions: { enabled: false },
        resourceIndicators: {
          enabled: true,
          getResourceServerInfo: (_, resource) => ({
            scope: 'directory:read directory:write',
            audience: resource,
            accessTokenTTL: 300,
            accessTokenFormat: resource.endsWith('/opaque') ? 'opaque' : 'jwt',
            jwt: { sign: { alg: keys[0].alg, kid: keys[0].kid } as never },
          }),
        },
      },
    } as ConstructorParameters<typeof Provider>[1])
    this.#listener = provider.callback()
  }

  /** An access token, as a client gets one for itself. */
  async token(resource = AUDIENCE, scope = 'directory:read'): Promise<string> {
    const response = await fetch(`${this.issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa('sync:a+secret+of+the+test')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', resource, scope }),
    })
    const answer = (await response.json()) as { access_token: string }
    assert.equal(response.status, 200, JSON.stringify(answer))
    return answer.access_token
  }

  /** A validator that accepts them. */
  validator(more: Partial<ExternalTokenValidator> = {}): ExternalTokenValidator {
    return {
      name: 'provider',
      api: 'rest',
      discoveryUrl: `${this.issuer}/.well-known/openid-configuration`,
      expectedAudience: AUDIENCE,
      expectedScopes: ['directory:read'],
      tokenType: 'at+jwt',
      claimsMapping: ['uid=${client_id},ou=Services,o=acme'],
      ...more,
    }
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }

  async comeBack(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
  }
}

let provider: Rotating

before(async () => {
  provider = await Rotating.start()
})
after(() => provider?.stop())

function kidOf(token: string): string {
  return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid
}

async function said(guard: Guard, token: string): Promise<string> {
  const verdict = await guard.checkAsync(`Bearer ${token}`)
  return verdict.granted ? 'granted' : verdict.reason
}

async function until(true_: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await true_()); tries += 1) {
    assert.ok(tries < 1_000, 'in vain')
    await sleep(10)
  }
}

test('its access tokens are taken, whatever it signs them with, and no others of its', async () => {
  for (const alg of Object.keys(KINDS) as (keyof typeof KINDS)[]) {
    await provider.publish(provider.newKey(alg))
    await using verifier = await externalVerifier([provider.validator()], { keys: KEYS })
    const guard = verifier.guard({ api: 'rest', scopes: ['directory:read'] })
    const token = await provider.token()
    const access = await guard.requireAsync(`Bearer ${token}`)
    assert.deepEqual(
      [access.name, access.issuer, access.targetDn, access.scopes, access.claims?.client_id],
      ['provider', provider.issuer, 'uid=sync,ou=Services,o=acme', ['directory:read'], 'sync'],
      alg,
    )
    assert.equal(guard.require(`Bearer ${token}`).subject, access.claims?.sub)
    assert.equal(await said(guard, await provider.token('https://other.example')), 'wrong_audience')
    assert.equal(await said(guard, await provider.token(AUDIENCE, 'directory:write')), 'insufficient_scope')
    assert.equal(await said(guard, await provider.token(`${AUDIENCE}/opaque`)), 'malformed')
    await using strict = await externalVerifier([provider.validator({ tokenType: 'JWT' })], { keys: KEYS })
    assert.equal(await said(strict.guard({ api: 'rest' }), token), 'malformed')
  }
})

test('its keys rotate while checks are made all the time', async () => {
  const algs = ['ES256', 'RS256', 'EdDSA', 'PS256', 'ES256', 'RS256'] as const
  let key = provider.newKey('RS256')
  await provider.publish(key)
  await using verifier = await externalVerifier([provider.validator()], { keys: KEYS })
  const guard = verifier.guard({ api: 'rest', scopes: ['directory:read'] })
  assert.equal(await said(guard, await provider.token()), 'granted')

  /** Tokens that are presented, and when the key of each left, if it has. */
  const tokens = [await provider.token()]
  const left = new Map<string, number>()
  const seen: Record<string, number> = {}
  const wrong: string[] = []
  let running = true
  const present = async (at: number) => {
    for (let turn = at; running; turn += 1) {
      const token = tokens[turn % tokens.length] as string
      const goneOn = left.get(kidOf(token))
      // Keys that were fetched after it left do not have it.
      const refreshed = goneOn !== undefined && (verifier.keyHealth()[0]?.fetchedOn?.getTime() ?? 0) > goneOn
      const verdict = await said(guard, token)
      const state = refreshed ? 'refreshed' : left.has(kidOf(token)) ? 'leaving' : 'valid'
      seen[`${state} ${verdict}`] = (seen[`${state} ${verdict}`] ?? 0) + 1
      const right = {
        valid: ['granted', 'keys_unavailable'],
        leaving: ['granted', 'keys_unavailable', 'bad_signature'],
        refreshed: ['keys_unavailable', 'bad_signature'],
      }[state]
      if (!right.includes(verdict)) wrong.push(`${state} ${verdict} ${kidOf(token)}`)
      if (turn % 50 === 0) await sleep(1)
    }
  }
  const issue = async () => {
    while (running) {
      tokens.push(await provider.token())
      if (tokens.length > 40) tokens.shift()
      await sleep(5)
    }
  }
  const load = Promise.all([...[0, 7, 13, 29].map(present), issue()])
  load.catch(() => {}) // it is told below
  for (const alg of algs) {
    const next = provider.newKey(alg)
    // It signs with the new key at once: whoever has not asked again does not know it.
    await provider.publish(next, key)
    await sleep(300)
    const [gone, old] = [key.kid, signedBy(key)]
    key = next
    await provider.publish(key)
    left.set(gone, Date.now())
    if (old !== undefined) tokens.push(old)
    await until(() => (verifier.keyHealth()[0]?.fetchedOn?.getTime() ?? 0) > (left.get(gone) ?? 0))
    await sleep(200)
  }
  running = false
  await load
  assert.deepEqual(wrong, [])
  assert.ok((seen['valid granted'] ?? 0) > 500, JSON.stringify(seen))
  assert.ok((seen['refreshed bad_signature'] ?? 0) > 0, JSON.stringify(seen))
  // Each key was there at the end of one fetch: nobody who waited had to be refused.
  assert.ok((seen['valid keys_unavailable'] ?? 0) < (seen['valid granted'] ?? 0) / 100, JSON.stringify(seen))
  const { failures = -1, unavailable } = verifier.keyHealth()[0] ?? {}
  assert.deepEqual([failures, unavailable], [0, false])

  /** A token of this key that is still presented. */
  function signedBy({ kid }: Jwk): string | undefined {
    return tokens.find((token) => kidOf(token) === kid)
  }
})

test('without the provider its keys serve for a while', async () => {
  await provider.publish(provider.newKey('ES256'))
  await using verifier = await externalVerifier([provider.validator()], { keys: KEYS })
  const guard = verifier.guard({ api: 'rest' })
  const tokens = [await provider.token(), await provider.token(), await provider.token()] as const
  assert.equal(await said(guard, tokens[0]), 'granted')
  await provider.stop()
  await until(() => (verifier.keyHealth()[0]?.failures ?? 0) > 0)
  assert.equal(await said(guard, tokens[1]), 'granted')
  assert.equal(verifier.keyHealth()[0]?.unavailable, false)
  await until(() => verifier.keyHealth()[0]?.unavailable === true)
  assert.ok(verifier.keyHealth()[0]?.trouble?.retryable)
  const verdict = guard.check(`Bearer ${tokens[2]}`)
  assert.ok(!verdict.granted && verdict.reason === 'keys_unavailable' && verdict.answer('x').status === 503)
  // What was checked before is denied as well.
  assert.equal(await said(guard, tokens[0]), 'keys_unavailable')
  await provider.comeBack()
  await until(async () => (await said(guard, tokens[2])) === 'granted')
})

test('an authority has the validator, and a replica follows both', async () => {
  let key = provider.newKey('RS256')
  await provider.publish(key)
  const server = await authority()
  await using admin = await connect({ urls: server.url, login: { username: 'admin', password: PASSWORD } })
  const gateway = await admin.tokens.create('gateway', { api: 'config', roles: ['Directory Administrator'], expires: days(1) })
  const own = await admin.tokens.create('own', { api: 'rest', scopes: ['directory:read'], expires: days(1) })
  await using gp = await connect({ urls: server.url, credential: gateway.secret })
  await using verifier = await gp.verifier({ maxStalenessMs: 5_000, keys: KEYS })
  const guard = verifier.guard({ api: 'rest', scopes: ['directory:read'] })
  assert.equal(await said(guard, await provider.token()), 'malformed')
  await admin.validators.create(provider.validator())
  await until(async () => (await said(guard, await provider.token())) === 'granted')
  assert.equal(await said(guard, own.secret.reveal()), 'granted')
  const before = await provider.token()
  key = provider.newKey('ES256')
  await provider.publish(key)
  assert.equal(await said(guard, await provider.token()), 'granted')
  assert.equal(await said(guard, before), 'bad_signature')
  const last = await provider.token()
  assert.equal(await said(guard, last), 'granted')
  await admin.validators.delete('provider')
  await until(async () => (await said(guard, last)) === 'malformed')
  assert.equal(await said(guard, own.secret.reveal()), 'granted')
})
