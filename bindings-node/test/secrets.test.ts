/** A secret is shown by nothing but `reveal`. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { format, inspect } from 'node:util'
import { serialize } from 'node:v8'
import { Credential, env, file, Secret, value } from 'gatepass'
import { store } from './support.js'

const TEXT = 'gpr_8fK2mQ0aZx71_d9Jw0Qb3yVn5uTz1KcXe7Lg2Rh4Ms6p0ghEG1'
const PART = 'd9Jw0Qb3'

test('printing, joining, serialising and inspecting show the redacted form', () => {
  const secret = new Secret(TEXT)
  const within = { secret, list: [secret], map: new Map([['key', secret]]) }
  const ways = [
    String(secret),
    `${secret}`,
    // biome-ignore lint/style/useTemplate: this is the other way to join
    '' + secret,
    [secret].join(),
    JSON.stringify(within),
    inspect(within, { depth: 9, showHidden: true, getters: true }),
    format('%s %o %O %j %d', secret, secret, secret, secret, secret),
    serialize({ ...secret }).toString('latin1'),
    JSON.stringify(Object.getOwnPropertyDescriptors(secret)),
    inspect(structuredClone({ ...secret })),
    new Error(`about ${secret}`).stack ?? '',
    String(Object.values(secret)),
  ]
  for (const way of ways) assert.ok(!way.includes(PART), way)
  assert.equal(String(secret), 'gpr_8fK2…')
  assert.equal(JSON.stringify({ secret }), '{"secret":"gpr_8fK2…"}')
  assert.equal(inspect(secret), 'Secret(gpr_8fK2…)')
  assert.ok(Number.isNaN(Number(secret)))
  assert.equal(secret.reveal(), TEXT)
  assert.deepEqual(Reflect.ownKeys(secret), [])
})

test('it says what is in it, and compares', () => {
  const secret = new Secret(`secret-token:${TEXT}`)
  assert.equal(secret.id, '8fK2mQ0aZx71')
  assert.equal(secret.api, 'rest')
  assert.equal(secret.brand, 'gp')
  assert.equal(secret.digest(), 'a6765f8abf3cada52b222b15cbe96faae3416eadb090acb75a4ae94ff3f1664c')
  assert.ok(secret.equals(new Secret(TEXT)))
  assert.ok(!secret.equals(new Secret('another')))
  assert.equal(new Secret('another').id, undefined)
  assert.throws(() => Object.create(Secret.prototype).reveal(), TypeError)
})

test('credentials say where they look, and not what they found', () => {
  const ways = [value(TEXT), value(new Secret(TEXT)), env('R1_TOKEN'), file('/run/secrets/gp')]
  assert.deepEqual(ways.map(String), [
    'Credential(gpr_8fK2…)',
    'Credential(gpr_8fK2…)',
    'Credential(env R1_TOKEN)',
    'Credential(file /run/secrets/gp)',
  ])
  assert.ok(ways.every((way) => way instanceof Credential))
  assert.equal(inspect({ way: ways[0] }), '{ way: Credential(gpr_8fK2…) }')
})

test('a token that was issued shows no secret', async () => {
  const gp = await store()
  const issued = await gp.tokens.create('nightly-sync', { api: 'rest', expires: { days: 1 } })
  const part = issued.secret.reveal().slice(17, 30)
  for (const way of [inspect(issued, { depth: 9, showHidden: true }), JSON.stringify(issued), format('%j', issued)]) {
    assert.ok(!way.includes(part), way)
  }
})
