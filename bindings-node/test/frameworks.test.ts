/** The adapters, in the real frameworks, over real HTTP: all of them give the same answers. */
import 'reflect-metadata'
import assert from 'node:assert/strict'
import { once } from 'node:events'

import { after, test } from 'node:test'
import { serve } from '@hono/node-server'
import { getConnInfo } from '@hono/node-server/conninfo'
import { Controller, Get, type INestApplication, Module, UseGuards } from '@nestjs/common'
import { APP_GUARD, NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import express from 'express'
import fastify from 'fastify'
import { type Access, days, type Denied, type Gatepass, type Verifier } from 'gatepass'
import { protect } from 'gatepass/express'
import { gatepass, protect as hook } from 'gatepass/fastify'
import { CurrentAccess, GatepassGuard, GatepassModule, Protect, Public, Scopes } from 'gatepass/nest'
import { handler, middleware, protect as checking } from 'gatepass/web'
import { Hono } from 'hono'
import { type Answered, get, port } from './http.js'
import { store } from './support.js'

interface World {
  gp: Gatepass
  verifier: Verifier
  read: string
  write: string
  bound: string
  elsewhere: string
  scim: string
  revoked: string
}

async function world(): Promise<World> {
  const gp = await store()
  const make = async (name: string, scopes: string[], networks: string[] = [], api: 'rest' | 'scim' = 'rest') => {
    const { secret } = await gp.tokens.create(name, { api, scopes, networks, expires: days(1) })
    return `Bearer ${secret.reveal()}`
  }
  const made = {
    read: await make('read', ['orders:read']),
    write: await make('write', ['orders:read', 'orders:write']),
    bound: await make('bound', ['orders:read'], ['127.0.0.0/8']),
    elsewhere: await make('elsewhere', ['orders:read'], ['10.0.0.0/8']),
    scim: await make('scim', ['orders:read'], [], 'scim'),
    revoked: await make('revoked', ['orders:read']),
  }
  await gp.tokens.revoke('revoked')
  return { gp, verifier: await gp.verifier(), ...made }
}

const DENIED =
  'Bearer realm="orders", error="invalid_token", error_description="The access token is malformed, expired, revoked or not valid here"'

/** What every framework has to answer, on `/orders` (orders:read), `/orders/write` (and orders:write), `/health` (open). */
async function answersAsAll(at: { port: number }, made: World, denials: Denied[]): Promise<void> {
  const ask = (path: string, ...values: string[]) =>
    get(at, path, values.map((value): [string, string] => ['Authorization', value]))
  const expect = async (asked: Promise<Answered>, status: number, header: string | null, body: unknown, reason?: string) => {
    const before = denials.length
    const answered = await asked
    assert.equal(answered.status, status)
    assert.equal(answered.headers.get('www-authenticate'), header)
    if (body !== undefined) assert.deepEqual(answered.body === '' ? null : JSON.parse(answered.body), body)
    assert.deepEqual(denials.slice(before).map((denied) => denied.reason), reason ? [reason] : [])
  }
  await expect(ask('/health'), 200, null, { well: true })
  await expect(ask('/health', 'Bearer x'), 200, null, { well: true })
  await expect(ask('/orders', made.read), 200, null, { name: 'read' })
  await expect(get(at, '/orders', [['aUTHORIZATION', made.read]]), 200, null, { name: 'read' })
  await expect(ask('/orders', made.bound), 200, null, { name: 'bound' })
  await expect(ask('/orders/write', made.write), 200, null, { name: 'write' })
  await expect(ask('/orders'), 401, 'Bearer realm="orders"', undefined, 'missing')
  await expect(ask('/orders', 'Basic dTpw'), 401, 'Bearer realm="orders"', undefined, 'missing')
  await expect(ask('/orders', 'Bearer nonsense'), 401, DENIED, { error: 'invalid_token' }, 'malformed')
  await expect(ask('/orders', made.revoked), 401, DENIED, { error: 'invalid_token' }, 'revoked')
  await expect(ask('/orders', made.scim), 401, DENIED, { error: 'invalid_token' }, 'wrong_api')
  await expect(ask('/orders', made.elsewhere), 401, DENIED, { error: 'invalid_token' }, 'network_not_allowed')
  await expect(
    get(at, '/orders', [['Authorization', made.elsewhere], ['X-Forwarded-For', '10.0.0.1'], ['Forwarded', 'for=10.0.0.1']]),
    401,
    DENIED,
    { error: 'invalid_token' },
    'network_not_allowed',
  )
  const malformed =
    'Bearer realm="orders", error="invalid_request", error_description="The Authorization header is malformed"'
  await expect(ask('/orders', made.read, made.read), 400, malformed, { error: 'invalid_request' }, 'invalid_header')
  await expect(ask('/orders', 'Bearer x', made.read), 400, malformed, { error: 'invalid_request' }, 'invalid_header')
  const lacking =
    'Bearer realm="orders", error="insufficient_scope", error_description="The request requires more than this token permits", scope="orders:read orders:write"'
  await expect(ask('/orders/write', made.read), 403, lacking, { error: 'insufficient_scope' }, 'insufficient_scope')
  // A token in a query is none (RFC 9700 section 4.3.2).
  await expect(ask(`/orders?access_token=${made.read.slice(7)}`), 401, 'Bearer realm="orders"', undefined, 'missing')
}

const READ = ['orders:read']
const WRITE = ['orders:read', 'orders:write']

test('Express 5', async () => {
  const made = await world()
  const denials: Denied[] = []
  const options = { realm: 'orders', onDenied: (denied: Denied) => denials.push(denied) }
  const app = express()
  app.get('/health', (_, response) => void response.json({ well: true }))
  app.get('/orders/write', protect(made.verifier.guard({ api: 'rest', scopes: WRITE }), options), (request, response) => {
    response.json({ name: request.access?.name })
  })
  app.use('/orders', protect(made.verifier.guard({ api: 'rest', scopes: READ }), options))
  app.get('/orders', (request, response) => void response.json({ name: request.access?.name }))
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  after(() => server.close())
  await answersAsAll(port(server), made, denials)

  // Whose forwarded headers count is Express's own setting.
  app.set('trust proxy', 'loopback')
  const through = await get(port(server), '/orders', [['Authorization', made.elsewhere], ['X-Forwarded-For', '10.9.8.7']])
  assert.equal(through.status, 200)

  // What is closed is an error of the server, and opens nothing.
  await made.verifier.close()
  app.use(((error, _request, response, _next) => {
    response.status(500).json({ code: error.code })
  }) as express.ErrorRequestHandler)
  const closed = await get(port(server), '/orders', [['Authorization', made.read]])
  assert.deepEqual([closed.status, closed.body], [500, '{"code":"closed"}'])
})

test('Fastify 5 protects routes that are added before the plugin has loaded', async () => {
  const made = await world()
  const app = fastify()
  after(() => app.close())
  app.register(async (inner) => {
    inner.get('/before', async () => 'open')
    inner.register(gatepass, { verifier: made.verifier, api: 'rest' })
    inner.get('/after', { config: { gatepass: { scopes: ['orders:write'] } } }, async () => 'open')
    inner.get('/never', { config: { gatepass: { scopes: ['two words'] } } }, async () => 'open')
  })
  const status = async (url: string, authorization?: string) =>
    (await app.inject({ url, headers: authorization === undefined ? {} : { authorization } })).statusCode
  assert.deepEqual([await status('/before'), await status('/after')], [401, 401])
  assert.deepEqual([await status('/before', made.read), await status('/after', made.read)], [200, 403])
  assert.equal(await status('/after', made.write), 200)
  assert.equal(await status('/never', made.write), 500)
})

test('Fastify 5', async () => {
  const made = await world()
  const denials: Denied[] = []
  const options = { verifier: made.verifier, api: 'rest', realm: 'orders', onDenied: (denied: Denied) => denials.push(denied) } as const
  const app = fastify()
  after(() => app.close())
  await app.register(async (inner) => {
    await inner.register(gatepass, { ...options, scopes: READ })
    inner.get('/health', { config: { gatepass: false } }, async (request) => {
      assert.equal(request.access, null)
      return { well: true }
    })
    inner.get('/orders', async (request) => ({ name: request.access?.name }))
    inner.get('/orders/write', { config: { gatepass: { scopes: ['orders:write'] } } }, async (request) => ({ name: request.access?.name }))
    await inner.register(async (innermost) => {
      await innermost.register(gatepass, { ...options, api: 'scim' })
      innermost.get('/people', async (request) => ({ name: request.access?.name }))
    })
    assert.throws(() => inner.get('/never', { config: { gatepass: { scopes: ['two words'] } } }, async () => null), {
      name: 'GatepassError',
      field: 'scopes',
    })
  })
  // Beside it nothing is protected, unless a hook of its own says so.
  app.get('/outside', async () => ({ well: true }))
  app.get('/alone', { onRequest: hook(made.verifier.guard({ api: 'scim' })) }, async (request) => ({ name: request.access?.name }))
  await app.listen({ port: 0, host: '127.0.0.1' })
  await answersAsAll(port(app.server), made, denials)
  const ask = async (path: string, value: string) => {
    const { status, body } = await get(port(app.server), path, [['Authorization', value]])
    return [status, body]
  }
  assert.deepEqual(await ask('/outside', 'Bearer x'), [200, '{"well":true}'])
  assert.deepEqual(await ask('/people', made.scim), [200, '{"name":"scim"}'])
  assert.equal((await ask('/people', made.read))[0], 401)
  assert.deepEqual(await ask('/alone', made.scim), [200, '{"name":"scim"}'])
  assert.equal((await ask('/alone', made.read))[0], 401)
  assert.equal((await app.inject({ method: 'HEAD', url: '/orders' })).statusCode, 401)
  assert.equal((await app.inject({ url: '/orders', headers: { authorization: made.read } })).statusCode, 200)
})

@Controller()
@UseGuards(GatepassGuard)
class Orders {
  @Get('health')
  @Public()
  health() {
    return { well: true }
  }

  @Get('orders')
  orders(@CurrentAccess() access: Access) {
    return { name: access.name }
  }

  @Get('orders/write')
  @Scopes('orders:write')
  write(@CurrentAccess() access: Access) {
    return { name: access.name }
  }
}

@Controller('people')
@Protect({ api: 'scim' })
class People {
  @Get()
  people(@CurrentAccess() access: Access) {
    return { name: access.name }
  }
}

for (const [name, adapter] of [
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter()],
] as const) {
  test(`NestJS over ${name}`, async () => {
    const made = await world()
    const denials: Denied[] = []

    @Module({
      imports: [
        GatepassModule.forRootAsync({
          useFactory: async () => {
            const onDenied = (denied: Denied) => denials.push(denied)
            return { verifier: await made.gp.verifier(), api: 'rest', scopes: READ, realm: 'orders', onDenied }
          },
        }),
      ],
      controllers: [Orders],
    })
    class Application {}

    const app: INestApplication = await NestFactory.create(Application, adapter(), { logger: false })
    after(() => app.close())
    await app.listen(0, '127.0.0.1')
    await answersAsAll(port(app.getHttpServer()), made, denials)
  })
}

test('NestJS, the guard of all handlers', async () => {
  const made = await world()

  @Module({
    imports: [GatepassModule.forRoot({ verifier: made.verifier, api: 'rest' })],
    controllers: [People],
    providers: [{ provide: APP_GUARD, useExisting: GatepassGuard }],
  })
  class Application {}

  const app: INestApplication = await NestFactory.create(Application, { logger: false })
  after(() => app.close())
  await app.listen(0, '127.0.0.1')
  const ask = (value: string) => get(port(app.getHttpServer()), '/people', [['Authorization', value]])
  assert.equal((await ask(made.scim)).body, '{"name":"scim"}')
  assert.equal((await ask(made.read)).status, 401)
})

test('Hono', async () => {
  const made = await world()
  const denials: Denied[] = []
  const app = new Hono<{ Variables: { access: Access } }>()
  const options = {
    realm: 'orders',
    onDenied: (denied: Denied) => denials.push(denied),
    peer: (context: Parameters<typeof getConnInfo>[0]) => getConnInfo(context).remote.address,
  }
  app.get('/health', (context) => context.json({ well: true }))
  app.get('/orders', middleware(made.verifier.guard({ api: 'rest', scopes: READ }), options), (context) =>
    context.json({ name: context.get('access').name }),
  )
  app.get('/orders/write', middleware(made.verifier.guard({ api: 'rest', scopes: WRITE }), options), (context) =>
    context.json({ name: context.get('access').name }),
  )
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' })
  await once(server, 'listening')
  after(() => server.close())
  await answersAsAll(port(server), made, denials)
})

test('any function from Request to Response', async () => {
  const made = await world()
  const guard = made.verifier.guard({ api: 'rest', scopes: READ })
  const handle = handler(guard, (_request, access, more: string) => Response.json({ name: access.name, more }))
  const asked = (headers: Record<string, string> = {}) => new Request('http://localhost/orders', { headers })
  assert.deepEqual(await (await handle(asked({ authorization: made.read }), 'x')).json(), { name: 'read', more: 'x' })
  const refused = await handle(asked(), 'x')
  assert.equal(refused.status, 401)
  assert.equal(refused.headers.get('www-authenticate'), 'Bearer realm="gatepass"')
  const twice = new Headers([['authorization', made.read], ['authorization', made.read]])
  const found = checking(guard)(new Request('http://localhost/', { headers: twice }))
  assert.ok(!found.granted)
  assert.equal(found.denied.reason, 'invalid_header')
  assert.equal(found.response.status, 400)
  const bound = checking(guard, { peer: (request) => request.headers.get('x-peer') })
  assert.ok(bound(asked({ authorization: made.bound, 'x-peer': '127.0.0.9' })).granted)
  assert.ok(!bound(asked({ authorization: made.bound })).granted)
})
