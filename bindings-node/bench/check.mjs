// How long a check takes, beside what Node.js itself needs to hash the token, and a JWT library with its cache.
import { createHash, hash } from 'node:crypto'
import { createSigner, createVerifier } from 'fast-jwt'
import { Grants, Guard } from '#dist/guard.js'
import { native } from '#dist/native.js'
import { median, row } from './rows.mjs'

/** Tokens as DESIGN section 12 has them: names of 24 bytes, 30 % with a target DN, 5 % in their grace. */
export function tokens(count) {
  const now = new Date().toISOString()
  const issue = (deed) => native.issue(JSON.stringify(deed), '"owner"', '[]', undefined, now)
  const records = []
  const secrets = []
  for (let number = 0; number < count; number += 1) {
    const name = `service-${number}`.padEnd(24, '-')
    const targetDn = number % 10 < 3 ? `uid=u${number},ou=svc,o=acme` : undefined
    let made = issue({ create: { asked: { name, api: 'rest', scopes: ['orders:read'], expires: { days: 90 }, targetDn } } })
    if (number % 20 === 0) made = issue({ rotate: { record: JSON.parse(made.record()), asked: { grace: 86_400_000 } } })
    records.push(made.record())
    secrets.push(made.secret().reveal())
  }
  const verifier = native.fixedVerifier(`[${records.join()}]`, '[]', undefined, true)
  const grants = new Grants()
  const guard = new Guard(verifier.guard('rest', ['orders:read'], grants.native), 'rest', ['orders:read'], grants)
  // In random order, and each a string of its own, as a server reads them.
  for (let at = count - 1; at > 0; at -= 1) {
    const other = Math.floor(Math.random() * (at + 1))
    ;[secrets[at], secrets[other]] = [secrets[other], secrets[at]]
  }
  const flat = (text) => Buffer.from(text).toString('latin1')
  return { guard, secrets: secrets.map(flat), headers: secrets.map((secret) => flat(`Bearer ${secret}`)) }
}

/** JWTs, and what verifies them as fast as any library for Node.js does: from its cache. */
export function jwts(count) {
  const key = 'a secret of thirty-two bytes, no less'
  const sign = createSigner({ key, expiresIn: 3_600_000 })
  const sent = Array.from({ length: count }, (_, number) => sign({ sub: `service-${number}` }))
  return { sent, verify: createVerifier({ key, cache: true }) }
}

/** Nanoseconds of each, by turns, round by round. */
function inTurn(works, count, rounds = 15) {
  const times = works.map(() => [])
  const portion = Math.min(count, 20_000)
  const repeat = Math.max(1, Math.floor(20_000 / portion))
  for (let round = 0; round < rounds; round += 1) {
    const from = (round * portion) % count
    works.forEach((work, index) => {
      const begun = process.hrtime.bigint()
      for (let again = 0; again < repeat; again += 1) for (let at = 0; at < portion; at += 1) work((from + at) % count)
      times[index].push(Number(process.hrtime.bigint() - begun) / (repeat * portion))
    })
  }
  return times.map((each) => each.slice(3))
}

export function check(count, label, bar) {
  const { guard, secrets, headers } = tokens(count)
  const { sent, verify } = jwts(Math.min(count, 1000))
  const ours = (at) => {
    if (!guard.check(headers[at]).granted) throw new Error('denied')
  }
  const [check, hashed, created, jwt] = inTurn(
    [
      ours,
      (at) => hash('sha256', secrets[at]),
      (at) => createHash('sha256').update(secrets[at]).digest('hex'),
      (at) => verify(sent[at % sent.length]),
    ],
    count,
  )
  const against = (peer, times, bar) =>
    row(`Node.js check, ${label}`, 'ns', median(check), peer, median(times), median(check.map((time, at) => time / times[at])), bar)
  return [
    against("crypto.hash('sha256')", hashed, bar),
    against('crypto.createHash', created),
    against('fast-jwt, HS256, cached', jwt),
  ]
}
