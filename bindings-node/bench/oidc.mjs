// How long a check of a token of another issuer takes, beside the libraries that Node.js has for it: each token is checked once
// in a round, by all in turn, so that no cache helps; then ours from its cache.
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { createVerifier } from 'fast-jwt'
import { externalVerifierOf } from 'gatepass/testing'
import { importJWK, jwtVerify } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import { median, row } from './rows.mjs'

const ISSUER = 'https://sso.acme.example'
const AUDIENCE = 'https://directory.acme.example'
const URL = `${ISSUER}/jwks`
const ROUNDS = 12
/** Rounds that are not counted. */
const WARM = 3

/** What signs, and how much faster than the fastest library a check has to be. */
const KINDS = {
  RS256: { make: () => generateKeyPairSync('rsa', { modulusLength: 2048 }), hash: 'sha256', faster: 2 },
  ES256: { make: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }), hash: 'sha256', faster: 1.5 },
  EdDSA: { make: () => generateKeyPairSync('ed25519'), hash: null, faster: 2 },
}

/** Access tokens as providers make them: 700 to 900 bytes. */
function tokens(alg, count) {
  const { publicKey, privateKey } = KINDS[alg].make()
  const now = Math.floor(Date.now() / 1000)
  const encoded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const made = Array.from({ length: count }, (_, number) => {
    const claims = {
      iss: ISSUER,
      sub: `00u${number}`.padEnd(20, 'x'),
      aud: AUDIENCE,
      iat: now,
      exp: now + 3600,
      jti: randomUUID(),
      client_id: 'nightly-sync',
      scope: 'openid profile email directory:read directory:write',
      email: `user-${number}@acme.example`,
      groups: ['engineering', 'directory-operators', 'on-call'],
    }
    const signed = `${encoded({ alg, typ: 'at+jwt', kid: 'key-1' })}.${encoded(claims)}`
    const key = { key: privateKey, dsaEncoding: 'ieee-p1363' }
    return `${signed}.${sign(KINDS[alg].hash, Buffer.from(signed), key).toString('base64url')}`
  })
  const flat = (text) => Buffer.from(text).toString('latin1')
  return { publicKey, sent: made.map(flat), headers: made.map((token) => flat(`Bearer ${token}`)) }
}

/** A guard that has seen no token. */
function guardOf(publicKey) {
  const keys = { [URL]: { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'key-1', use: 'sig' }] } }
  const validator = { name: 'sso', api: 'rest', jwksUrl: URL, expectedIssuer: ISSUER, expectedAudience: AUDIENCE }
  return externalVerifierOf([validator], { keys }).guard({ api: 'rest', scopes: ['directory:read'] })
}

function granted(guard, header) {
  if (!guard.check(header).granted) throw new Error('denied')
}

/** Each library, with all that a check of ours looks at, as far as it can. */
async function peers(alg, publicKey) {
  const pem = publicKey.export({ type: 'spki', format: 'pem' })
  const fast = createVerifier({ key: pem, algorithms: [alg], allowedIss: ISSUER, allowedAud: AUDIENCE })
  const key = await importJWK(publicKey.export({ format: 'jwk' }), alg)
  const options = { algorithms: [alg], issuer: ISSUER, audience: AUDIENCE }
  const all = { 'fast-jwt': (token) => fast(token), jose: (token) => jwtVerify(token, key, options) }
  // It knows no EdDSA.
  if (alg !== 'EdDSA') all.jsonwebtoken = (token) => jsonwebtoken.verify(token, publicKey, options)
  return all
}

/** Nanoseconds for each token. */
async function timed(all, work) {
  const begun = process.hrtime.bigint()
  for (const one of all) {
    const done = work(one)
    if (done instanceof Promise) await done
  }
  return Number(process.hrtime.bigint() - begun) / all.length
}

export async function oidc(count = 2_000) {
  const rows = []
  for (const alg of Object.keys(KINDS)) {
    const { publicKey, sent, headers } = tokens(alg, count)
    const others = await peers(alg, publicKey)
    const [ours, cached, theirs] = [[], [], Object.fromEntries(Object.keys(others).map((name) => [name, []]))]
    for (let round = 0; round < ROUNDS; round += 1) {
      const guard = guardOf(publicKey)
      ours.push(await timed(headers, (header) => granted(guard, header)))
      for (const [name, verify] of Object.entries(others)) theirs[name].push(await timed(sent, verify))
      // A few that come again and again: JavaScript has the objects once it has seen them twice.
      const few = headers.slice(0, 200)
      for (let times = 0; times < 3; times += 1) await timed(few, (header) => granted(guard, header))
      const again = Array.from({ length: 20 }, () => few).flat()
      cached.push(await timed(again, (header) => granted(guard, header)))
    }
    const of = (times) => median(times.slice(WARM))
    const ratio = (mine, their) => median(mine.slice(WARM).map((time, at) => time / their.slice(WARM)[at]))
    const fastest = Object.keys(theirs).reduce((best, name) => (of(theirs[name]) < of(theirs[best]) ? name : best))
    for (const [name, times] of Object.entries(theirs)) {
      const bar = name === fastest ? 1 / KINDS[alg].faster : undefined
      rows.push(row(`Node.js, OIDC, ${alg}, uncached`, 'ns', of(ours), name, of(times), ratio(ours, times), bar))
    }
    rows.push(row(`Node.js, OIDC, ${alg}, cached`, 'ns', of(cached), 'uncached', of(ours), ratio(cached, ours), 1 / 20))
  }
  return rows
}
