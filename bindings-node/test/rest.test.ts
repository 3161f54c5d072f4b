/** Directories through the REST API (ADAP), against a server that says what each test needs. */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { inspect } from 'node:util'
import {
  BulkOperation,
  type CallMessage,
  channels,
  Dn,
  Entry,
  Filter,
  GatepassError,
  IncompleteResult,
  Mod,
  RestClient,
  type RestOptions,
  type SearchOptions,
  value,
} from 'gatepass'
import { type Answer, type Asked, eventually, type Scripted, scripted, TOKEN } from './scripted.js'
import { fails, node } from './support.js'

let server: Scripted

before(async () => {
  server = await scripted()
})

function client(options: Partial<RestOptions> = {}): RestClient {
  return new RestClient(server.url, { credential: value(TOKEN), attempts: 1, ...options })
}

const entry = (number: number) => ({ dn: `uid=u${number},o=x`, attributes: { uid: [`u${number}`], mail: [] } })

/** A page of entries from this number on. */
function page(from: number, count: number, cookie?: string, total = cookie === undefined ? count : -2): Answer {
  const resources = Array.from({ length: count }, (_, at) => entry(from + at))
  return { body: { resources, totalResults: total, count, cookie: cookie ?? 'null' } }
}

/** So many pages of three entries each; `pageSize=0` ends the search. */
function paged(pages: number): void {
  let given = 0
  server.answer(({ query }) => {
    if (query.get('pageSize') === '0') return page(0, 0)
    given += 1
    return page((given - 1) * 3, 3, given < pages ? 'node=NTEy' : undefined, -2)
  })
}

const isEnd = ({ query }: Asked) => query.get('pageSize') === '0' && query.get('cookie') === 'node=NTEy'

test('each operation is what the vendor documents', async () => {
  await using rest = client()
  server.answer(() => ({ body: { httpStatus: 200 } }))
  const dn = 'cn=a/b?c#d%e+é,ou=x\\, y,o=z'
  await rest.bind()
  await rest.add(dn, { objectClass: ['top', 'person'], cn: 'a', none: undefined })
  await rest.replace(dn, { cn: ['b'] })
  await rest.modify(dn, [Mod.add('a', '1'), Mod.replace('b', ['2', '3']), Mod.delete('c', '4'), Mod.delete('d')])
  await rest.rename('uid=alice,o=z', 'uid=lewis')
  await rest.move('uid=alice,o=z', 'uid=alice', 'ou=y,o=z')
  await rest.delete(dn)
  await rest.delete('ou=y,o=z', { tree: true })
  const path = '/adap/cn%3Da%2Fb%3Fc%23d%25e%2B%C3%A9%2Cou%3Dx%5C%2C%20y%2Co%3Dz'
  assert.deepEqual(
    server.asked.map(({ method, target }) => `${method} ${target}`),
    [
      'GET /adap?bind=simpleBind',
      'POST /adap',
      `PUT ${path}`,
      `PATCH ${path}`,
      'PATCH /adap',
      'PATCH /adap',
      `DELETE ${path}`,
      'DELETE /adap/ou%3Dy%2Co%3Dz?deletetree=true',
    ],
  )
  assert.ok(server.asked.every(({ headers }) => headers.authorization === `Bearer ${TOKEN}` && headers.proxy === undefined))
  assert.deepEqual(
    server.asked.flatMap(({ body }) => body ?? []),
    [
      { params: { dn, attributes: { objectClass: ['top', 'person'], cn: ['a'] } } },
      { params: { attributes: { cn: ['b'] } } },
      {
        params: {
          mods: [
            { attribute: 'a', type: 'ADD', values: ['1'] },
            { attribute: 'b', type: 'REPLACE', values: ['2', '3'] },
            { attribute: 'c', type: 'DELETE', values: ['4'] },
            { attribute: 'd', type: 'DELETE', values: [] },
          ],
        },
      },
      { params: { DN: 'uid=alice,o=z', newRDN: 'uid=lewis' } },
      { params: { DN: 'uid=alice,o=z', newRDN: 'uid=alice', newSuperiorDN: 'ou=y,o=z' } },
    ],
  )
})

test('entries have lists, found in any case', async () => {
  await using rest = client()
  server.answer(() => ({
    body: {
      resources: [{ dn: 'uid=a,o=x', attributes: { cn: 'one', Mail: ['a@x', 'b@x'], n: 7, __proto__x: [], 'constructor': ['c'] } }],
      totalResults: 1,
    },
  }))
  const found = await rest.get('uid=a,o=x')
  assert.ok(found instanceof Entry)
  assert.equal(found.dn, 'uid=a,o=x')
  assert.deepEqual(found.attributes.cn, ['one'])
  assert.deepEqual([found.get('MAIL'), found.get('n'), found.get('nothing')], [['a@x', 'b@x'], ['7'], undefined])
  assert.match(inspect(found), /^Entry \{.*'Mail'/s)
  assert.ok(!inspect(found, { depth: 9, showHidden: true }).includes('a@x'), inspect(found))
  assert.deepEqual([found.first('mail'), found.first('__PROTO__X'), found.first('toString'), found.first('Constructor')], ['a@x', undefined, undefined, 'c'])
  assert.equal(JSON.parse(JSON.stringify(found)).attributes.Mail[1], 'b@x')
  // What was read can be written.
  server.answer(() => ({ body: { httpStatus: 200 } }))
  await rest.add('uid=b,o=x', found.attributes)
  server.answer(() => ({ body: { resources: [], totalResults: 0 } }))
  await fails(() => rest.get('uid=none,o=x'), { kind: 'not_found', code: 'entry_not_found' })
  assert.equal(await rest.search('o=x').first(), undefined)
  server.answer(() => ({ body: { resources: [{ dn: '', attributes: { namingContexts: ['o=x', 'o=y'] } }], totalResults: 1 } }))
  assert.deepEqual(await rest.rootContexts(), ['o=x', 'o=y'])
})

test('every parameter of a search is sent, and everything is asked for when nothing is said', async () => {
  await using rest = client()
  server.answer(() => page(0, 1))
  const sent = async (options: SearchOptions) => {
    for await (const _ of rest.search('o=x', options)) break
    return Object.fromEntries(server.asked.at(-1)?.query ?? [])
  }
  assert.deepEqual(await sent({}), { scope: 'sub', sizeLimit: '0', pageSize: '1000', returnMode: 'array' })
  assert.deepEqual(await sent({ scope: 'one', pageSize: 10, filter: 'cn=a*', attributes: ['cn', 'mail'], derefAliases: 'always', cookie: 'c1' }), {
    scope: 'one',
    sizeLimit: '0',
    pageSize: '10',
    returnMode: 'array',
    filter: '(cn=a*)',
    attributes: 'cn,mail',
    derefAliases: '3',
    cookie: 'c1',
  })
  const more = { sizeLimit: 5, startIndex: 2, count: 3, context: true, contextFilter: '/ou=A*', returnMode: 'ldapschema' } as const
  assert.deepEqual(await sent({ ...more, filter: Filter.equals('cn', '(*)') }), {
    scope: 'sub',
    filter: '(cn=\\28\\2a\\29)',
    sizeLimit: '5',
    startIndex: '2',
    count: '3',
    context: 'true',
    contextFilter: '/ou=A*',
    returnMode: 'ldapschema',
  })
  assert.deepEqual(await sent({ pageSize: null }), { scope: 'sub', sizeLimit: '0', returnMode: 'array' })
})

test('a search is read entry by entry, page by page, or at once; each time anew', async () => {
  await using rest = client()
  const search = rest.search('o=x', { pageSize: 3 })
  const uids = []
  paged(3)
  for await (const each of search) uids.push(each.first('uid'))
  assert.deepEqual(uids, ['u0', 'u1', 'u2', 'u3', 'u4', 'u5', 'u6', 'u7', 'u8'])
  assert.equal(server.asked.length, 3)
  paged(2)
  const sizes = []
  for await (const page of search.pages()) sizes.push(page.length)
  assert.deepEqual(sizes, [3, 3])
  paged(4)
  assert.equal((await search.all()).length, 12)
  server.answer(() => page(7, 1))
  assert.equal((await search.first())?.dn, 'uid=u7,o=x')
  assert.equal(server.asked[0]?.query.get('sizeLimit'), '1')
  assert.ok(!server.asked.some(isEnd))
})

test('who asks for several entries before one has come gets them in order', async () => {
  await using rest = client()
  paged(2)
  const cursor = rest.search('o=x', { pageSize: 3 })[Symbol.asyncIterator]()
  const asked = Array.from({ length: 8 }, () => cursor.next())
  const all = await Promise.all(asked)
  assert.deepEqual(all.map(({ done, value }) => (done ? 'over' : value.first('uid'))), ['u0', 'u1', 'u2', 'u3', 'u4', 'u5', 'over', 'over'])
  assert.deepEqual(await cursor.next(), { done: true, value: undefined })
})

test('a search that is left early has ended on the server by then', async () => {
  await using rest = client()
  const search = rest.search('o=x', { pageSize: 3 })
  paged(1000)
  for await (const _ of search) break
  assert.ok(server.asked.some(isEnd))
  paged(1000)
  for await (const _ of search.pages()) break
  assert.ok(server.asked.some(isEnd))
  paged(1000)
  {
    await using cursor = search[Symbol.asyncIterator]()
    await cursor.next()
  }
  assert.ok(server.asked.some(isEnd))
  paged(1000)
  const controller = new AbortController()
  const reason = new Error('enough')
  let read = 0
  await assert.rejects(async () => {
    for await (const _ of rest.search('o=x', { pageSize: 3, signal: controller.signal })) {
      read += 1
      controller.abort(reason)
    }
  }, reason)
  assert.equal(read, 1)
  await eventually(() => server.asked.some(isEnd))
  // No more than one page is asked for ahead.
  assert.ok(server.asked.length <= 4, `${server.asked.length}`)
  paged(1000)
  const other = client()
  const left = other.search('o=x', { pageSize: 3 })[Symbol.asyncIterator]()
  await left.next()
  await other.close()
  assert.ok(server.asked.some(isEnd))
})

test('who leaves a search waits for no server that is silent', async () => {
  await using rest = client()
  let asked = 0
  server.answer(() => {
    asked += 1
    return asked === 1 ? page(0, 3, 'node=NTEy') : () => {}
  })
  const begun = process.hrtime.bigint()
  for await (const _ of rest.search('o=x', { pageSize: 3 })) break
  const seconds = Number(process.hrtime.bigint() - begun) / 1e9
  assert.ok(seconds < 8, `it took ${seconds} s`)
})

test('a search that is forgotten ends on the server', async () => {
  paged(1000)
  const code = `
    const { RestClient, value } = require('gatepass')
    const rest = new RestClient(process.env.URL, { credential: value('abc') })
    const forget = async () => { await rest.search('o=x', { pageSize: 3 })[Symbol.asyncIterator]().next() }
    forget().then(async () => { for (let n = 0; n < 20; n += 1) { gc(); await new Promise((resolve) => setTimeout(resolve, 20)) } })`
  const ran = await node(['--expose-gc', '-e', code], { env: { URL: server.url } })
  assert.deepEqual([ran.code, ran.stderr], [0, ''])
  await eventually(() => server.asked.some(isEnd))
})

test('a result that was cut is an error, after all that there is', async () => {
  await using rest = client()
  const read = async (options: SearchOptions = {}) => {
    let count = 0
    try {
      for await (const _ of rest.search('o=x', options)) count += 1
    } catch (error) {
      assert.ok(error instanceof IncompleteResult && error instanceof GatepassError, inspect(error))
      assert.equal(error.name, 'IncompleteResult')
      assert.deepEqual([error.kind, error.code, error.status], ['protocol', 'incomplete_result', 200])
      assert.equal(error.count, count)
      return error
    }
    return undefined
  }
  server.answer(() => page(0, 5, undefined, -1))
  assert.match(`${await read()}`, /paging is off/)
  server.answer(() => page(0, 3, 'more=1', -3))
  assert.equal((await read())?.cookie, 'more=1')
  server.answer(() => page(0, 3, undefined, 8))
  assert.equal((await read({ pageSize: null }))?.cookie, undefined)
  assert.equal(await read({ sizeLimit: 3 }), undefined)
})

test('a bulk tells of each operation, in order', async () => {
  await using rest = client()
  const operations = [
    BulkOperation.add('cn=a,o=x', { cn: 'a' }),
    BulkOperation.replace('cn=b,o=x', { cn: ['b'] }),
    BulkOperation.modify('cn=c,o=x', [Mod.replace('sn', 'C')]),
    BulkOperation.delete('cn=d,o=x'),
    BulkOperation.delete('ou=e,o=x', { tree: true }),
  ]
  const codes = ['201', '200', '404', '200', '403']
  server.answer(({ body }) => ({
    body: {
      Operations: (body as { Operations: { method: string; dn: string }[] }).Operations.map(({ method, dn }, at) => ({
        method,
        dn,
        status: { code: codes[at], ...(at === 2 && { ldapCode: 32, description: `no ${dn} for ${TOKEN}` }) },
      })),
    },
  }))
  const results = await rest.bulk(new Set(operations))
  assert.equal(server.asked[0]?.target, '/adap/bulk')
  assert.deepEqual(server.asked[0]?.body, {
    Operations: [
      { method: 'POST', dn: 'cn=a,o=x', params: { attributes: { cn: ['a'] } } },
      { method: 'PUT', dn: 'cn=b,o=x', params: { attributes: { cn: ['b'] } } },
      { method: 'PATCH', dn: 'cn=c,o=x', params: { mods: [{ attribute: 'sn', type: 'REPLACE', values: ['C'] }] } },
      { method: 'DELETE', dn: 'cn=d,o=x', params: {} },
      { method: 'DELETE', dn: 'ou=e,o=x', params: {}, deletetree: true },
    ],
  })
  assert.deepEqual(results.map(({ ok, method, dn }) => [ok, method, dn]), operations.map(({ method, dn }, at) => [at !== 2 && at !== 4, method, dn]))
  const [, , missing, done, forbidden] = results
  assert.ok(missing?.ok === false && missing.error instanceof GatepassError)
  assert.deepEqual([missing.error.kind, missing.error.code, missing.error.status], ['not_found', 'entry_not_found', 404])
  assert.ok(!missing.error.message.includes('d9Jw0Qb3'))
  assert.equal(done?.error, undefined)
  assert.equal(forbidden?.error?.kind, 'forbidden')
  assert.deepEqual(await rest.bulk([]), [])
})

test('it acts as another user, beside the first', async () => {
  await using rest = client()
  await using other = rest.actingAs('uid=bée,o=x')
  server.answer(() => ({ body: { httpStatus: 200 } }))
  await other.bind()
  await rest.bind()
  assert.deepEqual(server.asked.map(({ headers }) => headers.proxy), ['uid=b\\C3\\A9e,o=x', undefined])
  assert.equal(other.url, rest.url)
  // It ends with the first, or before.
  const third = rest.actingAs('uid=c,o=x')
  await other.close()
  await rest.bind()
  paged(1000)
  const cursor = third.search('o=x', { pageSize: 3 }).pages()
  await cursor.next()
  await rest.close()
  assert.ok(server.asked.some(isEnd))
  const closed = { kind: 'closed', code: 'closed' } as const
  for (const ended of [other, third]) {
    await fails(() => ended.bind(), closed)
    await fails(() => ended.search('o=x'), closed)
    await fails(() => ended.actingAs('o=x'), closed)
  }
  await fails(() => cursor.next(), closed)
  await fails(() => client().actingAs('nobody'), { kind: 'invalid_input', code: 'dn_malformed', field: 'proxy' })
})

test('a name is what RFC 4514 says, and no value is more than a value', async () => {
  await using rest = client()
  server.answer(() => ({ body: { httpStatus: 200 } }))
  const people = new Dn('ou=People,o=acme')
  const child = people.child('cn', " O'Hara, P.=+")
  assert.equal(`${child}`, "cn=\\ O'Hara\\, P.\\=\\+,ou=People,o=acme")
  assert.deepEqual([child.rdn, `${child.parent}`, people.parent?.parent?.rdn], ["cn=\\ O'Hara\\, P.\\=\\+", 'ou=People,o=acme', undefined])
  assert.deepEqual([child.isWithin('OU=people, O=ACME'), people.isWithin(child)], [true, false])
  assert.equal(JSON.stringify([people]), '["ou=People,o=acme"]')
  assert.equal(inspect(people), "Dn 'ou=People,o=acme'")
  await rest.add(child, { sn: 'x' })
  await rest.move(child, 'cn=b', people)
  assert.deepEqual(server.asked.map(({ body }) => body), [
    { params: { dn: `${child}`, attributes: { sn: ['x'] } } },
    { params: { DN: `${child}`, newRDN: 'cn=b', newSuperiorDN: 'ou=People,o=acme' } },
  ])
  assert.equal(BulkOperation.delete(people).dn, 'ou=People,o=acme')
  const malformed = { kind: 'invalid_input', code: 'dn_malformed' } as const
  for (const wrong of ['nobody', 'cn=a,', '=a']) await fails(() => new Dn(wrong), { ...malformed, field: 'dn' })
  await fails(() => people.child('a,b', 'x'), { ...malformed, field: 'dn' })
  await fails(() => people.isWithin('x'), { ...malformed, field: 'base' })
  await fails(() => new Dn(5 as never), { kind: 'invalid_input', code: 'wrong_type' })
})

test('a filter is what RFC 4515 says, and no value is more than a value', async () => {
  for (const [filter, expected] of [
    [Filter.equals('cn', 'a)(uid=*'), '(cn=a\\29\\28uid=\\2a)'],
    [Filter.equals('bin', new Uint8Array([0xff, 0x61, 0x2a])), '(bin=\\ffa\\2a)'],
    [Filter.equals('bin', Buffer.from([0])), '(bin=\\00)'],
    [Filter.atLeast('age', 7).and(Filter.atMost('age', 9n)), '(&(age>=7)(age<=9))'],
    [Filter.approximately('cn', 'é'), '(cn~=é)'],
    [Filter.present('mail').not(), '(!(mail=*))'],
    [Filter.substring('o', 'univ', ['of', 'mich'], ''), '(o=univ*of*mich*)'],
    [Filter.startsWith('cn', '*'), '(cn=\\2a*)'],
    [Filter.endsWith('cn', 'x'), '(cn=*x)'],
    [Filter.contains('cn', 'x'), '(cn=*x*)'],
    [Filter.matches('flags', '1.2.840.113556.1.4.803', '2'), '(flags:1.2.840.113556.1.4.803:=2)'],
    [Filter.any('cn=a', Filter.raw('(cn=b)')).or('cn=c'), '(|(|(cn=a)(cn=b))(cn=c))'],
    [Filter.all(), '(&)'],
  ] as const) {
    assert.equal(`${filter}`, expected)
    assert.equal(JSON.stringify({ filter }), JSON.stringify({ filter: expected }))
    assert.match(inspect(filter), /^Filter /)
  }
  const malformed = { kind: 'invalid_input', code: 'filter_malformed', field: 'filter' } as const
  await fails(() => Filter.present('cn=*)(uid'), malformed)
  await fails(() => Filter.matches('cn', 'a b', 'x'), malformed)
  await fails(() => Filter.equals('', 'x'), malformed)
  const wrong = { kind: 'invalid_input', code: 'wrong_type' } as const
  await fails(() => Filter.equals('cn', {} as never), wrong)
  await fails(() => Filter.equals(undefined as never, 'x'), wrong)
  await fails(() => Filter.all(5 as never), wrong)
})

test('a server that behaves badly is a clear error, without the token', async () => {
  await using rest = client({ timeoutMs: 2_000 })
  const read = async () => {
    for await (const _ of rest.search('o=x', { pageSize: 3 }));
  }
  const bad = async (how: (asked: Asked) => Answer, kind: GatepassError['kind'], code: string, work: () => Promise<unknown> = read) => {
    server.answer(how)
    const error = await fails(work, { kind, code })
    assert.ok(!`${error.stack}${inspect(error)}${error.requestId}`.includes('d9Jw0Qb3'), inspect(error))
    assert.match(error.stack ?? '', /rest\.test\.js/)
    return error
  }
  const endsEarly: Answer = (response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
    response.write('{"resources": [', () => response.destroy())
  }
  assert.ok((await bad(() => endsEarly, 'unavailable', 'connection_lost')).retryable)
  await bad(() => ({ body: '<html>Sign in</html>', headers: { 'content-type': 'text/html' } }), 'protocol', 'answer_malformed')
  await bad(() => ({ status: 503, body: '<html></html>', headers: { 'content-type': 'text/html' } }), 'unavailable', 'server_error')
  await bad(() => ({ body: '{"resources": [{"dn": 5}]' }), 'protocol', 'answer_malformed')
  await bad(() => ({ body: [] }), 'protocol', 'answer_malformed')
  await bad(() => page(0, 3, 'again'), 'protocol', 'cursor_loops')
  await bad(() => page(0, 3, `x${TOKEN}`), 'protocol', 'answer_malformed')
  const echo = (status: number) => () => ({ status, body: { httpStatus: status, errorCode: 49, description: `bad token ${TOKEN}` }, headers: { 'x-request-id': TOKEN } })
  await bad(echo(400), 'unauthorized', 'authentication_failed')
  await bad(echo(401), 'unauthorized', 'authentication_failed')
  await bad(echo(401), 'unauthorized', 'authentication_failed', () => rest.bind())
  await bad(() => ({ body: { httpStatus: 400, ldapCode: 49, description: TOKEN } }), 'unauthorized', 'authentication_failed', () => rest.add('cn=a', {}))
  for (const location of ['http://127.0.0.1:1/adap', 'https://elsewhere.example/adap', `//${TOKEN}.example/`]) {
    await bad(() => ({ status: 302, headers: { location } }), 'protocol', 'redirected')
  }
  await bad(() => () => {}, 'timeout', 'timeout')
})

test('a cluster\'s redirect is followed to its own nodes alone', async () => {
  const node = await scripted()
  node.answer(() => page(0, 2))
  server.answer(({ target }) => ({ status: 302, headers: { location: `${node.url}${target}` } }))
  await using rest = client({ nodes: [new URL(node.url).host] })
  assert.equal((await rest.search('o=x').all()).length, 2)
  assert.equal(node.asked[0]?.headers.authorization, `Bearer ${TOKEN}`)
  await fails(() => client({ nodes: ['no host/'] }), { kind: 'invalid_input', code: 'node_malformed', field: 'node' })
})

test('wrong types are refused, and nothing is sent', async () => {
  await using rest = client()
  server.answer(() => ({ status: 500 }))
  const malformed = (field: string) => ({ kind: 'invalid_input', code: 'malformed', field }) as const
  for (const wrong of [{ pageSize: 0 }, { pageSize: 1.5 }, { filtr: 'x' }, { filter: {} }, { filter: 5 }, { attributes: 'cn' }, { sizeLimit: -1 }, { cookie: 5 }]) {
    await fails(() => rest.search('o=x', wrong as never), malformed('search'))
  }
  await fails(() => rest.search('o=x', { scope: 'tree' as never }), { kind: 'invalid_input', code: 'search_scope_unknown', field: 'scope' })
  for (const field of ['derefAliases', 'returnMode']) {
    const code = field === 'returnMode' ? 'return_mode_unknown' : 'deref_aliases_unknown'
    await fails(() => rest.search('o=x', { [field]: 'x' }), { kind: 'invalid_input', code, field })
  }
  await fails(() => rest.search(5 as never), { kind: 'invalid_input', code: 'wrong_type' })
  for (const dn of ['', 'nobody', 'cn=a\n', `cn=${'a'.repeat(5000)}`]) {
    const error = await fails(() => rest.get(dn), { kind: 'invalid_input', code: dn.length > 5000 ? 'dn_too_long' : 'dn_malformed', field: 'dn' })
    assert.equal(error.status, undefined)
  }
  await fails(() => rest.get(undefined as never), { kind: 'invalid_input', code: 'wrong_type' })
  await fails(() => rest.add('cn=a', 'cn' as never), malformed('attributes'))
  await fails(() => rest.add('cn=a', ['cn'] as never), malformed('attributes'))
  await fails(() => rest.add('cn=a', { cn: '\ud800' }), malformed('attributes'))
  await fails(() => rest.modify('cn=a', 'cn' as never), malformed('mods'))
  await fails(() => rest.modify('cn=a', [{ attribute: 'cn', type: 'SET' }] as never), malformed('mods'))
  await fails(() => rest.modify('cn=a', Mod.add('a', 'b') as never), malformed('mods'))
  await fails(() => rest.bulk([{ method: 'GET', dn: 'cn=a' }] as never), malformed('operations'))
  await fails(() => rest.bulk([5] as never), malformed('operations'))
  await fails(() => rest.bulk([BulkOperation.delete('nobody')]), { kind: 'invalid_input', code: 'dn_malformed', field: 'dn' })
  assert.deepEqual(server.asked, [])
  const required = { kind: 'invalid_input', code: 'credential_required', field: 'credential' } as const
  await fails(() => new RestClient(server.url, undefined as never), required)
  await fails(() => new RestClient(server.url, {} as never), required)
  await fails(() => client({ credential: TOKEN as never }), { kind: 'invalid_input', code: 'wrong_type', field: 'credential' })
  await fails(() => client({ timeoutMs: 'soon' as never }), malformed('options'))
  await fails(() => new RestClient('http://r1.example/adap', { credential: value(TOKEN) }), { kind: 'invalid_input', code: 'url_insecure', field: 'url' })
})

test('after closing, everything says closed', async () => {
  paged(3)
  const rest = client()
  const search = rest.search('o=x', { pageSize: 3 })
  const begun = search[Symbol.asyncIterator]()
  const pages = search.pages()
  await begun.next()
  await pages.next()
  await rest.close()
  await rest.close()
  const closed = { kind: 'closed', code: 'closed' } as const
  await fails(() => rest.bind(), closed)
  await fails(() => rest.get('cn=a'), closed)
  await fails(() => rest.bulk([BulkOperation.delete('cn=a')]), closed)
  await fails(() => rest.search('o=x'), closed)
  await fails(() => rest.actingAs('cn=a'), closed)
  await fails(() => search.first(), closed)
  await fails(() => search.all(), closed)
  await fails(() => search.pages(), closed)
  await fails(() => pages.next(), closed)
  // What has come is there still.
  assert.equal((await begun.next()).done, false)
  await begun.next()
  await fails(() => begun.next(), closed)
})

test('nothing shows the token, and a client keeps no process alive', async () => {
  await using rest = client()
  for (const text of [inspect(rest, { depth: 9, showHidden: true }), JSON.stringify(rest), `${rest}`]) assert.ok(!text.includes('d9Jw0Qb3'), text)
  paged(1000)
  const code = `
    const { RestClient, value } = require('gatepass')
    const rest = globalThis.rest = new RestClient(process.env.URL, { credential: value('abc') })
    globalThis.cursor = rest.search('o=x', { pageSize: 3 })[Symbol.asyncIterator]()
    cursor.next().then(() => console.log('left open'))`
  const ran = await node(['-e', code], { env: { URL: server.url } })
  assert.deepEqual([ran.code, ran.stdout, ran.stderr], [0, 'left open\n', ''])
})

test('calls are traced, and a trace goes with each page', async () => {
  await using rest = client()
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const told: string[] = []
  const start = (message: CallMessage) => {
    told.push(`${message.operation} ${message.place}`)
    message.traceparent = traceparent
  }
  const subscribers = { start, end: () => {}, asyncStart: () => {}, asyncEnd: () => {}, error: () => {} }
  paged(2)
  channels.call.subscribe(subscribers as never)
  await rest.search('o=x', { pageSize: 3 }).all()
  channels.call.unsubscribe(subscribers as never)
  assert.deepEqual(new Set(told), new Set([`rest.search ${rest.url}`]))
  assert.deepEqual(server.asked.map(({ headers }) => headers.traceparent), [traceparent, traceparent])
})
