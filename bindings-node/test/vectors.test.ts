/** All of `tests/vectors`: every case of a file runs, and what failed is told by name. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Access, type Api, GatepassError, Secret, type Verdict, type Verifier } from 'gatepass'
import { externalVerifierOf, ManualClock } from 'gatepass/testing'
import { understood } from '#dist/error.js'
import { Grants, Guard } from '#dist/guard.js'
import { native } from '#dist/native.js'
import { answerOf, reasons } from '#dist/verdict.js'
import { PACKAGE } from './support.js'

/** Any JSON: what a case holds, its file says. */
// biome-ignore lint/suspicious/noExplicitAny: a case is as its file describes it
type Case = any

const NOW = '2026-03-01T09:00:00Z'

function read(file: string): Case[] {
  const { about, cases } = JSON.parse(readFileSync(join(PACKAGE, '..', 'tests', 'vectors', file), 'utf8'))
  assert.ok(about, `${file} does not say what it is about`)
  return cases
}

/** Puts strings in the places of the objects that stand for them. */
function expand(value: Case): Case {
  if (Array.isArray(value)) return value.map(expand)
  if (typeof value !== 'object' || value === null) return value
  if ('repeat' in value) return value.repeat.repeat(value.times)
  if ('join' in value) return value.join.map(expand).join('')
  if ('hex' in value) return Buffer.from(value.hex, 'hex').toString('latin1')
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, expand(member)]))
}

/** Runs all, then tells which failed; as many must have run as the file has. */
function all(file: string, cases: Case[], run: (one: Case) => void): void {
  const names = new Set<string>()
  const failures: string[] = []
  for (const one of cases) {
    assert.ok(!names.has(one.name), `${one.name} is there twice`)
    names.add(one.name)
    try {
      run(expand(one))
    } catch (error) {
      failures.push(`${one.name}: ${error instanceof Error ? error.message : error}`)
    }
  }
  assert.ok(names.size > 0, `${file} has no cases`)
  assert.equal(failures.length, 0, `${failures.length} of ${names.size} cases of ${file} failed:\n${failures.join('\n')}`)
}

/** What came of something, in the words of the vectors. */
function outcome(work: () => unknown): Case {
  try {
    return { ok: work() }
  } catch (thrown) {
    return { error: fault(thrown) }
  }
}

function fault(thrown: unknown): Case {
  // As the packages's own functions see errors of the native layer.
  const error = understood(thrown)
  if (!(error instanceof GatepassError)) throw error
  return { kind: error.kind, code: error.code, field: error.field ?? null }
}

function guardOf(
  api: Api,
  scopes: string[],
  records: unknown[],
  custom: unknown[],
  clock: ManualClock,
  freshness?: { maxStalenessMs: number; proved: boolean },
): Guard {
  const [tokens, roles] = [JSON.stringify(records), JSON.stringify(custom)]
  const limit = freshness?.maxStalenessMs
  const verifier = native.fixedVerifier(tokens, roles, limit, freshness?.proved ?? true, clock.native)
  const grants = new Grants()
  return new Guard(verifier.guard(api, scopes, grants.native), api, scopes, grants)
}

const ofNothing = () => guardOf('rest', [], [], [], new ManualClock(NOW))

function reason(verdict: Verdict): string {
  return verdict.granted ? 'granted' : verdict.reason
}

test('secrets', () => {
  all('secrets.json', read('secrets.json'), ({ text, secret, check }) => {
    const found = outcome(() => {
      const made = new Secret(text)
      return {
        brand: made.brand ?? null,
        api: made.api ?? null,
        id: made.id ?? null,
        digest: made.digest(),
        redacted: String(made),
        revealed: made.reveal(),
      }
    })
    assert.deepEqual(found, secret)
    assert.equal(reason(ofNothing().checkSecret(text)), check)
  })
})

function policyOf(policy: Case): string | undefined {
  return policy && JSON.stringify({ maxDays: policy.max_days, allowNever: policy.allow_never })
}

test('expirations', () => {
  all('expiration.json', read('expiration.json'), ({ expiration, policy, now, expected }) => {
    const asked = expiration === null ? undefined : JSON.stringify(expiration)
    assert.deepEqual(outcome(() => native.expiry(asked, policyOf(policy), now)), expected)
  })
})

test('headers', () => {
  all('headers.json', read('headers.json'), ({ authorization, reason: expected }) => {
    assert.equal(reason(ofNothing().check(authorization)), expected)
  })
})

test('answers', () => {
  const unheard = new Set<string>(reasons)
  all('answers.json', read('answers.json'), ({ reason, realm, scope, answer }) => {
    unheard.delete(reason)
    const { status, wwwAuthenticate, retryAfter, error } = answerOf(reason, realm, scope ?? undefined)
    const found = { status, www_authenticate: wwwAuthenticate ?? null, retry_after: retryAfter ?? null, error: error ?? null }
    assert.deepEqual(found, answer)
  })
  assert.equal(unheard.size, 0, `answers.json does not speak of ${[...unheard]}`)
})

test('roles', () => {
  const cases = read('roles.json')
  const every: string[] = cases.find((one) => one.name === 'every-scope').held.allows
  all('roles.json', cases, ({ held, round_trip: trip, refused }) => {
    if (held) {
      const allows = native.permittedScopes(held.roles, JSON.stringify(held.custom ?? []))
      assert.deepEqual(allows.sort(), held.allows)
      assert.ok(held.allows.every((scope: string) => every.includes(scope)))
    } else if (trip) {
      const rewritten = (role: Case) => JSON.parse(native.rewrittenRole(JSON.stringify(role)))
      const { written, allows } = rewritten(trip.given)
      assert.deepEqual(written, trip.written)
      assert.deepEqual(allows.sort(), trip.allows)
      assert.deepEqual(rewritten(trip.written).written, trip.written)
    } else {
      assert.deepEqual(outcome(() => native.permittedScopes([], JSON.stringify([refused.given]))), { error: refused.error })
    }
  })
})

/** A request in the names of JavaScript. */
function camel(request: Case): Case {
  const named = Object.entries(request).map(([key, value]) => [key.replace(/_(.)/g, (_, letter) => letter.toUpperCase()), value])
  return Object.fromEntries(named.filter(([, value]) => value !== null))
}

function deedOf(one: Case): Case {
  if (one.create) {
    const { brand, ...asked } = one.create
    return { create: { brand, asked: camel(asked) } }
  }
  if (one.rotate) {
    const { record, grace_ms: grace, force, expires } = one.rotate
    return { rotate: { record, asked: { grace, force, expires: expires ?? undefined } } }
  }
  const { set_role, set_user_roles, set_password } = one
  return { set_role, set_user_roles, set_password }
}

test('issuing', () => {
  all('issuing.json', read('issuing.json'), (one) => {
    const { now, custom = [], caller, policy, expected } = one
    const [deed, by] = [JSON.stringify(deedOf(one)), JSON.stringify(caller ?? 'owner')]
    const found = outcome(() => {
      const made = native.issue(deed, by, JSON.stringify(custom), policyOf(policy), now)
      const record = JSON.parse(made.record())
      if (record === null) return null
      const { digest, previousDigest, ...token } = record
      const secret = made.secret()
      assert.equal(secret?.digest(), digest)
      assert.equal(secret?.id(), token.id)
      assert.equal(secret?.api(), token.apiType.toLowerCase())
      if (one.rotate) assert.equal(previousDigest, one.rotate.record.digest)
      else {
        assert.equal(secret?.brand(), one.create.brand ?? 'gp')
        delete token.id
      }
      return token
    })
    assert.deepEqual(found, expected)
  })
})

test('checks', () => {
  let checks = 0
  const cases = read('checks.json')
  all('checks.json', cases, (one) => {
    const { now, freshness, custom, records, guard: wanted, error } = one
    const made = outcome(() => verifierOf(now, freshness, custom, records, wanted))
    if (error) return assert.deepEqual(made, { error })
    assert.ok(made.ok, JSON.stringify(made))
    const [guard, clock] = made.ok as [Guard, ManualClock]
    const names = new Set()
    for (const check of one.checks) {
      checks += 1
      names.add(check.name)
      clock.set(check.now ?? now)
      // Twice, for the second and the third time JavaScript is told a number: it must mean the same.
      for (let time = 0; time < 3; time += 1) {
        try {
          same(guard.check(check.authorization, check.peer), check)
        } catch (failure) {
          throw new Error(`${check.name}, time ${time + 1}: ${failure instanceof Error ? failure.message : failure}`)
        }
      }
    }
    assert.equal(names.size, one.checks.length)
  })
  assert.equal(checks, cases.reduce((sum, one) => sum + one.checks.length, 0))
})

function verifierOf(now: string, freshness: Case, custom: Case, records: Case, wanted: Case): [Guard, ManualClock] {
  const proof = freshness?.proof
  const clock = new ManualClock(proof ? new Date(Date.parse(now) - proof.wall_age_ms) : now)
  const limits = freshness && { maxStalenessMs: freshness.max_staleness_ms, proved: proof !== null }
  const guard = guardOf(wanted.api, wanted.scopes, records, custom, clock, limits ?? undefined)
  if (proof) {
    clock.set(now)
    clock.advanceBootTime(proof.boot_age_ms)
  }
  return [guard, clock]
}

function same(verdict: Verdict, { granted, denied }: Case): void {
  if (!verdict.granted) {
    const found = { reason: verdict.reason, status: verdict.answer('orders').status, id: verdict.tokenId ?? null }
    assert.deepEqual(found, denied)
    return
  }
  assert.ok(granted, `granted, and not denied as ${denied?.reason}`)
  const { access } = verdict
  const { id, name, api, roles, scopes, targetDn, expiresOn } = access
  const { allows, refuses, ...expected } = granted
  assert.deepEqual(
    { id, name, api, roles, scopes, target_dn: targetDn ?? null, expires_on: expiresOn?.toISOString() ?? null },
    expected,
  )
  assert.deepEqual(allows.filter((scope: string) => !access.allows(scope)), [])
  assert.deepEqual(refuses.filter((scope: string) => access.allows(scope)), [])
}

/** A validator of the vectors, which have the core's own JSON, as JavaScript says it. */
function validatorOf({ api, clockSkewSeconds, maxAgeSeconds, ...rest }: Case): Case {
  const millis = (seconds?: number) => (seconds === undefined ? undefined : seconds * 1000)
  return { ...rest, api: api.toLowerCase(), clockSkew: millis(clockSkewSeconds), maxAge: millis(maxAgeSeconds) }
}

test('tokens of other issuers', () => {
  let checks = 0
  const cases = read('jwt.json')
  all('jwt.json', cases, (one) => {
    const clock = new ManualClock(one.now)
    const made = outcome(() => externalVerifierOf(one.validators.map(validatorOf), { keys: one.keys, clock }))
    if (one.error) return assert.deepEqual(made, { error: one.error })
    assert.ok(made.ok, JSON.stringify(made))
    const names = new Set()
    for (const check of one.checks) {
      checks += 1
      names.add(check.name)
      clock.set(check.now ?? one.now)
      const guard = (made.ok as Verifier).guard(one.guard)
      // Twice, as all do, and once more, for JavaScript is told a number then.
      for (let time = 0; time < 3; time += 1) {
        try {
          sameOfOther(guard.check(`Bearer ${check.token}`), check)
        } catch (failure) {
          throw new Error(`${check.name}, time ${time + 1}: ${failure instanceof Error ? failure.message : failure}`)
        }
      }
    }
    assert.equal(names.size, one.checks.length)
  })
  assert.equal(checks, cases.reduce((sum, one) => sum + one.checks.length, 0))
})

function sameOfOther(verdict: Verdict, { granted, denied }: Case): void {
  if (!verdict.granted) {
    assert.deepEqual({ reason: verdict.reason, status: verdict.answer('x').status, id: verdict.tokenId ?? null }, denied)
    return
  }
  assert.ok(granted, `granted, and not denied as ${denied?.reason}`)
  const { name, api, subject, issuer, scopes, targetDn, expiresOn, claims }: Access = verdict.access
  const { allows, refuses, ...expected } = granted
  const found = { name, api, subject: subject ?? null, issuer: issuer ?? null, scopes: [...scopes], claims }
  assert.deepEqual({ ...found, target_dn: targetDn ?? null, expires_on: expiresOn?.toISOString() }, expected)
  assert.deepEqual(allows.filter((scope: string) => !verdict.access.allows(scope)), [])
  assert.deepEqual(refuses.filter((scope: string) => verdict.access.allows(scope)), [])
}
