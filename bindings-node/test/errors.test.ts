/** One error, wherever it comes from. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AccessDenied, at, connect, days, GatepassError, idempotencyKey, on, open, Secret, value } from 'gatepass'
import { fails, folder, store } from './support.js'

const EXPIRES = days(90)

test('the same error comes from functions, constructors and promises', async () => {
  const gp = await store()
  const verifier = await gp.verifier()
  await fails(() => days(1.5), { kind: 'invalid_input', code: 'expiration_malformed', field: 'expires' })
  await fails(() => days(-1), { kind: 'invalid_input', code: 'expiration_malformed', field: 'expires' })
  await fails(() => on('tomorrow'), { kind: 'invalid_input', code: 'expiration_malformed', field: 'expires' })
  await fails(() => at(new Date(Number.NaN)), { kind: 'invalid_input', code: 'instant_malformed', field: 'expires' })
  await fails(() => at('soon'), { kind: 'invalid_input', code: 'instant_malformed', field: 'expires' })
  await fails(() => new Secret('two words'), { kind: 'invalid_input', code: 'secret_malformed', field: 'secret' })
  await fails(() => value('gpr_8fK2…'), { kind: 'invalid_input', code: 'secret_redacted', field: 'secret' })
  await fails(() => verifier.guard({ api: 'config', scopes: ['no_scope'] }), {
    kind: 'invalid_input',
    code: 'unknown_scope',
    field: 'scopes',
  })
  await fails(() => gp.tokens.get('nobody'), { kind: 'not_found', code: 'token_not_found', field: 'name' })
  await fails(() => gp.tokens.create('x', { api: 'nonsense' as 'rest' }), {
    kind: 'invalid_input',
    code: 'unknown_api',
    field: 'api',
  })
  await fails(() => gp.tokens.create('x', { api: 'rest', expires: days(400) }), {
    kind: 'invalid_input',
    code: 'expiration_too_late',
    field: 'expires',
  })
  await fails(() => gp.tokens.create('x', { api: 'rest', expires: on('2030-01-01', 'Mars/Olympus') }), {
    kind: 'invalid_input',
    code: 'unknown_zone',
    field: 'zone',
  })
  await fails(() => connect({ urls: 'nowhere', credential: new Secret('abc') }), {
    kind: 'invalid_input',
    code: 'url_malformed',
    field: 'url',
  })
  await fails(() => connect({ urls: 'http://r1.example/api', credential: value('abc') }), {
    kind: 'invalid_input',
    code: 'url_insecure',
    field: 'url',
  })
  await fails(() => connect({ urls: 'https://r1.example' }), {
    kind: 'invalid_input',
    code: 'credential_required',
    field: 'credential',
  })
})

test('it is an Error with its own name, a stack of the caller and a cause', async () => {
  const error = await fails(() => new Secret(''), { kind: 'invalid_input', code: 'secret_malformed', field: 'secret' })
  assert.equal(error.name, 'GatepassError')
  assert.ok(error instanceof Error)
  assert.match(String(error), /^GatepassError: secret: /)
  assert.match(error.stack ?? '', /errors\.test\.js/)
  assert.equal(error.retryable, false)
  const absent = await fails(() => open(`${folder()}/none/tokens.db`, { create: false }), {
    kind: 'storage',
    code: 'store_missing',
  })
  assert.match(absent.stack ?? '', /errors\.test\.js/)
})

test('narrowing knows kinds and codes, and takes nothing for ours that is not', async () => {
  const gp = await store()
  const error: unknown = await gp.tokens.get('nobody').catch((error: unknown) => error)
  assert.ok(GatepassError.is(error))
  assert.ok(GatepassError.is(error, 'not_found'))
  assert.ok(!GatepassError.is(error, 'conflict'))
  assert.ok(GatepassError.hasCode(error, 'token_not_found'))
  assert.ok(!GatepassError.is(new Error('gatepass:{}')))
  assert.ok(!GatepassError.is(undefined))
})

test('a denial is an error with its reason and its verdict', async () => {
  const guard = (await (await store()).verifier()).guard({ api: 'rest' })
  const error = await fails(() => guard.require(undefined), { kind: 'unauthorized', code: 'missing' })
  assert.ok(error instanceof AccessDenied)
  assert.equal(error.name, 'AccessDenied')
  assert.equal(error.reason, 'missing')
  assert.equal(error.denied.answer('orders').wwwAuthenticate, 'Bearer realm="orders"')
  await fails(() => guard.require(['Bearer a', 'Bearer b']), { kind: 'invalid_input', code: 'invalid_header' })
})

test('what is misspelt or of another type is refused, and never quoted', async () => {
  const gp = await store()
  const hidden = 'gpr_8fK2mQ0aZx71_d9Jw0Qb3yVn5uTz1KcXe7Lg2Rh4Ms6p0ghEG1'
  for (const wrong of [
    { api: 'rest', scops: [hidden] },
    { api: 'rest', scopes: hidden },
    { api: 'rest', expires: { days: hidden } },
    { api: 'rest', metadata: { [hidden]: 5 } },
    { [hidden]: 1, api: 'rest' },
    { api: 7 },
    { api: 'rest', description: `half a pair: \ud800` },
  ]) {
    const error = await fails(() => gp.tokens.create('x', wrong as never), {
      kind: 'invalid_input',
      code: 'malformed',
      field: 'token',
    })
    assert.ok(!`${error.stack}${error.cause}`.includes('d9Jw0Qb3'), error.stack)
  }
  await fails(() => gp.tokens.create(5 as never, { api: 'rest' }), { kind: 'invalid_input', code: 'malformed', field: 'token' })
  await fails(() => gp.tokens.get(5 as never), { kind: 'invalid_input', code: 'wrong_type' })
  await fails(() => gp.tokens.get(undefined as never), { kind: 'invalid_input', code: 'wrong_type' })
  await fails(() => gp.tokens.rotate('x', { grace: -1 }), { kind: 'invalid_input', code: 'span_malformed', field: 'grace' })
  await fails(() => gp.tokens.create('x', { api: 'rest', expires: EXPIRES, idempotencyKey: 'short' }), {
    kind: 'invalid_input',
    code: 'idempotency_key_malformed',
    field: 'idempotencyKey',
  })
  assert.match(idempotencyKey(), /^[0-9a-f]{32}$/)
  const thrown = new Error('from a getter')
  const getter = Object.defineProperty({ api: 'rest' }, 'name', {
    enumerable: true,
    get() {
      throw thrown
    },
  })
  await assert.rejects(gp.tokens.create('x', getter as never), thrown)
})

test('after closing, everything says closed', async () => {
  const gp = await open(`${folder()}/tokens.db`)
  const verifier = await gp.verifier()
  const guard = verifier.guard({ api: 'rest' })
  await verifier.close()
  await verifier.close()
  const closed = { kind: 'closed', code: 'closed' } as const
  await fails(() => guard.check('Bearer x'), closed)
  await fails(() => guard.checkSecret('x'), closed)
  await fails(() => verifier.guard({ api: 'rest' }), closed)
  await fails(() => verifier.state, closed)
  await fails(() => verifier.waitFor(1), closed)
  await gp.close()
  await gp.close()
  await fails(() => gp.tokens.get('x'), closed)
  await fails(() => gp.verifier(), closed)
  await fails(() => gp.revision, closed)
  await fails(async () => {
    for await (const _ of gp.tokens.list()) assert.fail('there was one')
  }, closed)
})
