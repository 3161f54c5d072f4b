/** Resources through SCIM, against a server that says what each test needs. */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { inspect } from 'node:util'
import {
  type GatepassError,
  IncompleteResult,
  type ListOptions,
  PatchOp,
  ScimClient,
  ScimFilter,
  type ScimOptions,
  type ScimUser,
  value,
} from 'gatepass'
import { type Answer, type Asked, type Scripted, scripted, TOKEN } from './scripted.js'
import { fails } from './support.js'

const USER = 'urn:ietf:params:scim:schemas:core:2.0:User'

let server: Scripted

before(async () => {
  server = await scripted()
})

function client(options: Partial<ScimOptions> = {}): ScimClient {
  return new ScimClient(server.url, { credential: value(TOKEN), attempts: 1, ...options })
}

const user = (number: number) => ({ schemas: [USER], id: `id${number}`, userName: `u${number}`, meta: { version: `W/"${number}"` } })

/** A server of so many users, which gives at most `most` at once, and says that there are `total`. */
function users(count: number, most = 100, total = count): void {
  server.answer(({ query }) => {
    const start = Number(query.get('startIndex') ?? 1)
    const wanted = Math.min(Number(query.get('count') ?? most), most)
    const Resources = Array.from({ length: count }, (_, number) => user(number)).slice(start - 1, start - 1 + wanted)
    return { body: { totalResults: total, startIndex: start, itemsPerPage: Resources.length, Resources } }
  })
}

test('each operation is what RFC 7644 says', async () => {
  await using scim = client()
  const people = scim.resources('Users')
  const id = 'uid=a/b,ou=x\\, y,o=z'
  server.answer(({ method }) => (method === 'DELETE' ? { status: 204 } : { status: method === 'POST' ? 201 : 200, body: user(1) }))
  const made = await people.create({ schemas: [USER], userName: 'a', emails: [{ value: 'a@x', primary: true }] })
  assert.deepEqual(made, user(1))
  await people.get(id, { attributes: ['userName', 'emails'] })
  await people.replace(id, { ...made, displayName: 'A' }, { excludedAttributes: ['groups'] })
  const patch = new PatchOp().replace('active', false).add('emails', [{ value: 'b@x' }]).remove('nickName').addAll({ title: 'T' }).replaceAll({ locale: 'de' })
  assert.equal((await people.patch(id, patch))?.userName, 'u1')
  await people.patch(id, [{ op: 'remove', path: 'title' }])
  await people.delete(id)
  const path = '/scim2/v2/Users/uid%3Da%2Fb%2Cou%3Dx%5C%2C%20y%2Co%3Dz'
  assert.deepEqual(
    server.asked.map(({ method, target }) => `${method} ${target}`),
    [
      'POST /scim2/v2/Users',
      `GET ${path}?attributes=userName%2Cemails`,
      `PUT ${path}?excludedAttributes=groups`,
      `PATCH ${path}`,
      `PATCH ${path}`,
      `DELETE ${path}`,
    ],
  )
  assert.deepEqual(server.asked[2]?.body, { ...user(1), displayName: 'A' })
  const schemas = ['urn:ietf:params:scim:api:messages:2.0:PatchOp']
  assert.deepEqual(server.asked[3]?.body, {
    schemas,
    Operations: [
      { op: 'replace', path: 'active', value: false },
      { op: 'add', path: 'emails', value: [{ value: 'b@x' }] },
      { op: 'remove', path: 'nickName' },
      { op: 'add', value: { title: 'T' } },
      { op: 'replace', value: { locale: 'de' } },
    ],
  })
  assert.deepEqual(server.asked[4]?.body, { schemas, Operations: [{ op: 'remove', path: 'title' }] })
  for (const { headers } of server.asked) assert.equal(headers.authorization, `Bearer ${TOKEN}`)
  assert.equal(server.asked[0]?.headers['content-type'], 'application/scim+json')
  // A step gives another patch, and leaves the first as it is.
  assert.deepEqual(new PatchOp().operations, [])
  assert.equal(inspect(new PatchOp().replace('password', 'hidden').addAll({ a: 'hidden' })), "PatchOp [ 'replace password', 'add' ]")
  const first = new PatchOp().remove('a')
  first.remove('b')
  assert.deepEqual(first.operations, [{ op: 'remove', path: 'a' }])
})

test('versions are asked for and insisted on', async () => {
  await using scim = client()
  const people = scim.resources('Users')
  server.answer(() => ({ body: { id: 'a' }, headers: { etag: 'W/"7"' } }))
  assert.equal((await people.get('a')).meta?.version, 'W/"7"')
  server.answer(() => ({ status: 304 }))
  assert.equal(await people.get('a', { unless: 'W/"7"' }), undefined)
  assert.equal(server.asked[0]?.headers['if-none-match'], 'W/"7"')
  server.answer(() => ({ status: 412, body: { status: '412', detail: 'changed' } }))
  const changed = { kind: 'conflict', code: 'version_mismatch' } as const
  const seventh = people.ifMatch('W/"7"')
  await fails(() => seventh.patch('a', new PatchOp().remove('title')), changed)
  await fails(() => seventh.replace('a', { schemas: [USER], userName: 'a' }), changed)
  await fails(() => seventh.delete('a'), changed)
  assert.deepEqual(server.asked.map(({ headers }) => headers['if-match']), ['W/"7"', 'W/"7"', 'W/"7"'])
  server.answer(() => ({ status: 204 }))
  assert.equal(await people.patch('a', new PatchOp().remove('title')), undefined)
  assert.equal(server.asked[0]?.headers['if-match'], undefined)
})

test('a list is read one by one, page by page, at once, or counted', async () => {
  await using scim = client()
  const people = scim.resources('Users')
  users(7, 3)
  const names = []
  for await (const { userName } of people.list()) names.push(userName)
  assert.deepEqual(names, ['u0', 'u1', 'u2', 'u3', 'u4', 'u5', 'u6'])
  assert.deepEqual(server.asked.map(({ query }) => query.get('startIndex')), ['1', '4', '7'])
  const sizes = []
  for await (const page of people.list({ pageSize: 2, startIndex: 2 }).pages()) sizes.push(page.length)
  assert.deepEqual(sizes, [2, 2, 2])
  assert.equal((await people.list().all()).length, 7)
  assert.equal(await people.list().count(), 7)
  assert.deepEqual(await people.list({ startIndex: 6, pageSize: 2 }).page(), { resources: [user(5), user(6)], totalResults: 7, startIndex: 6 })
  assert.deepEqual(await people.list().first(), user(0))
  users(0)
  assert.equal(await people.list().first(), undefined)
  assert.deepEqual(await people.list().all(), [])
})

test('every parameter of a list is sent', async () => {
  await using scim = client()
  users(0)
  const sent = async (options: ListOptions) => {
    await scim.resources('Users').list(options).all()
    return Object.fromEntries(server.asked.at(-1)?.query ?? [])
  }
  assert.deepEqual(await sent({}), { startIndex: '1', count: '200' })
  assert.deepEqual(
    await sent({
      filter: ScimFilter.eq('userName', 'b"j'),
      sortBy: 'userName',
      sortOrder: 'descending',
      startIndex: 3,
      pageSize: 10,
      attributes: ['userName'],
      excludedAttributes: ['groups'],
    }),
    {
      filter: 'userName eq "b\\"j"',
      sortBy: 'userName',
      sortOrder: 'descending',
      startIndex: '3',
      count: '10',
      attributes: 'userName',
      excludedAttributes: 'groups',
    },
  )
  assert.equal((await sent({ filter: 'title pr' })).filter, 'title pr')
})

test('a server is discovered', async () => {
  await using scim = client()
  const types = [{ schemas: [], name: 'User', endpoint: '/Users', schema: USER }]
  server.answer(({ target }) => {
    if (target === '/scim2/v2/resourcetypes') return { body: { totalResults: 1, Resources: types } }
    if (target === '/scim2/v2/Schemas') return { body: [{ id: USER, name: 'User', attributes: [{ name: 'userName', type: 'string', required: true }] }] }
    if (target === '/scim2/v2/ServiceProviderConfig') return { body: { patch: { supported: true }, more: 1 } }
    return { status: 404, body: { status: '404' } }
  })
  const [type] = await scim.resourceTypes()
  assert.deepEqual([type?.name, type?.endpoint], ['User', '/Users'])
  const [schema] = await scim.schemas()
  assert.deepEqual([schema?.attributes[0]?.name, schema?.attributes[0]?.required, schema?.attributes[0]?.multiValued], ['userName', true, false])
  assert.equal((await scim.serviceProviderConfig()).patch?.supported, true)
  users(1)
  assert.equal((await scim.resources<ScimUser>(type?.endpoint ?? '').list().all()).length, 1)
  assert.match(server.asked[0]?.target ?? '', /^\/scim2\/v2\/Users\?/)
})

test('a server that does not know the media type of SCIM is spoken to as before it', async () => {
  await using scim = client()
  server.answer(({ headers }) => (headers['content-type'] === 'application/json' ? { status: 201, body: user(1) } : { status: 415 }))
  await scim.resources('Users').create({ schemas: [USER], userName: 'a' })
  await scim.resources('Users').create({ schemas: [USER], userName: 'a' })
  assert.deepEqual(server.asked.map(({ headers }) => headers['content-type']), ['application/scim+json', 'application/json', 'application/json'])
})

test('a filter is what RFC 7644 says, and no value is more than a value', async () => {
  for (const [filter, expected] of [
    [ScimFilter.eq('x', '" or userName pr or "'), 'x eq "\\" or userName pr or \\""'],
    [ScimFilter.ne('active', true).and(ScimFilter.present('title'), 'a pr'), '(active ne true and title pr) and (a pr)'],
    [ScimFilter.gt('n', 1).or(ScimFilter.ge('n', 2), ScimFilter.lt('n', 3)), '(n gt 1 or n ge 2) or n lt 3'],
    [ScimFilter.le('meta.lastModified', new Date(0)), 'meta.lastModified le "1970-01-01T00:00:00.000Z"'],
    [ScimFilter.oneOf('emails', ScimFilter.eq('type', 'work').and(ScimFilter.startsWith('value', '@'))), 'emails[type eq "work" and value sw "@"]'],
    [ScimFilter.contains('a', 'é').not(), 'not (a co "é")'],
    [ScimFilter.endsWith('a', 'b'), 'a ew "b"'],
    [ScimFilter.eq('a', null), 'a eq null'],
    [ScimFilter.raw('a pr'), 'a pr'],
  ] as const) {
    assert.equal(`${filter}`, expected)
    assert.equal(JSON.stringify(filter), JSON.stringify(expected))
    assert.match(inspect(filter), /^ScimFilter /)
  }
  const wrong = { kind: 'invalid_input', code: 'wrong_type' } as const
  await fails(() => ScimFilter.eq('a', undefined as never), wrong)
  await fails(() => ScimFilter.eq(5 as never, 'a'), wrong)
  await fails(() => ScimFilter.present('a').and(5 as never), wrong)
  await fails(() => ScimFilter.eq('a', '\ud800'), { kind: 'invalid_input', code: 'malformed', field: 'value' })
})

test('the reasons of RFC 7644 are codes', async () => {
  await using scim = client()
  const people = scim.resources('Users')
  const said = (status: number, scimType?: string) => ({ status, body: { status: `${status}`, scimType, detail: `no: ${TOKEN}` } })
  for (const [answer, kind, code] of [
    [said(400, 'invalidFilter'), 'invalid_input', 'invalid_filter'],
    [said(400, 'noTarget'), 'invalid_input', 'no_target'],
    [said(400, 'mutability'), 'invalid_input', 'mutability'],
    [said(409, 'uniqueness'), 'conflict', 'uniqueness'],
    [said(409), 'conflict', 'uniqueness'],
    [said(404), 'not_found', 'resource_not_found'],
    [said(401), 'unauthorized', 'authentication_failed'],
    [said(403), 'forbidden', 'forbidden'],
  ] as const) {
    server.answer(() => answer)
    const error = await fails(() => people.get('a'), { kind, code })
    assert.equal(error.status, answer.status)
    assert.ok(!`${error.stack}${inspect(error)}`.includes('d9Jw0Qb3'), inspect(error))
  }
})

test('a server that behaves badly is a clear error, without the token', async () => {
  await using scim = client({ timeoutMs: 2_000 })
  const people = scim.resources('Users')
  const read = async () => {
    for await (const _ of people.list());
  }
  const bad = async (how: (asked: Asked) => Answer, kind: GatepassError['kind'], code: string) => {
    server.answer(how)
    const error = await fails(read, { kind, code })
    assert.ok(!`${error.stack}${inspect(error)}${error.requestId}`.includes('d9Jw0Qb3'), inspect(error))
    return error
  }
  const endsEarly: Answer = (response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
    response.write('{"Resources": [', () => response.destroy())
  }
  await bad(() => endsEarly, 'unavailable', 'connection_lost')
  await bad(() => ({ body: '<html>Sign in</html>' }), 'protocol', 'answer_malformed')
  await bad(() => ({ body: {} }), 'protocol', 'answer_malformed')
  await bad(() => ({ body: { totalResults: 9, Resources: {} } }), 'protocol', 'answer_malformed')
  await bad(() => ({ body: { totalResults: 9, startIndex: 1, Resources: [user(1)] } }), 'protocol', 'cursor_loops')
  await bad(() => ({ status: 302, headers: { location: 'http://127.0.0.1:1/' } }), 'protocol', 'redirected')
  await bad(() => () => {}, 'timeout', 'timeout')
  users(4, 3, 9)
  const cut = await fails(read, { kind: 'protocol', code: 'incomplete_result' })
  assert.ok(cut instanceof IncompleteResult)
  assert.deepEqual([cut.count, cut.cookie], [4, undefined])
})

test('wrong types are refused, and nothing is sent', async () => {
  await using scim = client()
  const people = scim.resources('Users')
  server.answer(() => ({ status: 500 }))
  const malformed = (field: string) => ({ kind: 'invalid_input', code: 'malformed', field }) as const
  for (const wrong of [{ pageSize: 0 }, { startIndex: 'x' }, { filtr: 'x' }, { filter: {} }]) {
    await fails(() => people.list(wrong as never), malformed('list'))
  }
  await fails(() => people.list({ sortOrder: 'up' as never }), { kind: 'invalid_input', code: 'sort_order_unknown', field: 'sortOrder' })
  await fails(() => people.list({ attributes: 'userName' as never }), malformed('options'))
  for (const id of ['', '.', '..', 'a\n']) await fails(() => people.get(id), { kind: 'invalid_input', code: 'id_malformed', field: 'id' })
  await fails(() => people.get(5 as never), { kind: 'invalid_input', code: 'wrong_type' })
  await fails(() => people.create(undefined as never), { kind: 'invalid_input', code: 'wrong_type' })
  await fails(() => people.create({ userName: '\ud800', schemas: [] }), malformed('resource'))
  for (const wrong of [{ op: 'remove' }, 'remove', [{ op: 'set' }], null]) await fails(() => people.patch('a', wrong as never), malformed('patch'))
  for (const endpoint of ['', '/', '..', 'a/../b']) {
    await fails(() => scim.resources(endpoint).list().all(), { kind: 'invalid_input', code: 'endpoint_malformed', field: 'endpoint' })
  }
  await fails(() => people.ifMatch('a\nb').delete('a'), { kind: 'invalid_input', code: 'version_malformed', field: 'version' })
  assert.deepEqual(server.asked, [])
  await fails(() => new ScimClient(server.url, {} as never), { kind: 'invalid_input', code: 'credential_required', field: 'credential' })
})

test('after closing, everything says closed, and nothing shows the token', async () => {
  const scim = client()
  for (const text of [inspect(scim, { depth: 9, showHidden: true }), inspect(scim.resources('Users'), { depth: 9 }), JSON.stringify(scim)]) {
    assert.ok(!text.includes('d9Jw0Qb3'), text)
  }
  users(7, 3)
  const people = scim.resources('Users')
  const listing = people.list()
  const pages = listing.pages()
  await pages.next()
  await scim.close()
  const closed = { kind: 'closed', code: 'closed' } as const
  await fails(() => scim.schemas(), closed)
  await fails(() => people.get('a'), closed)
  await fails(() => people.list(), closed)
  await fails(() => listing.count(), closed)
  await fails(() => listing.all(), closed)
  await fails(() => pages.next(), closed)
})
