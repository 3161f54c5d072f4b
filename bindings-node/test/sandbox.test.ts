/** Both data APIs through the real sandbox: what one writes the other reads, and each wants its own token. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  type Api,
  BulkOperation,
  connect,
  Dn,
  days,
  Filter,
  type Gatepass,
  Mod,
  type NewToken,
  PatchOp,
  RestClient,
  ScimClient,
  ScimFilter,
  type Secret,
} from 'gatepass'
import { type Authority, authority, fails, PASSWORD } from './support.js'

const PEOPLE = 1_234
const PERSON = Filter.equals('objectClass', 'inetOrgPerson')
const CLASSES = ['top', 'person', 'organizationalPerson', 'inetOrgPerson']

let server: Authority
let admin: Gatepass
let rest: RestClient
let scim: ScimClient

before(async () => {
  server = await authority(undefined, undefined, PEOPLE)
  admin = await connect({ urls: server.url, login: { username: 'admin', password: PASSWORD } })
  rest = new RestClient(server.data.rest, { credential: await token('rest') })
  scim = new ScimClient(server.data.scim, { credential: await token('scim') })
})
after(() => Promise.all([admin, rest, scim].map((each) => each?.close())))

let made = 0
async function token(api: Api, asked: Partial<NewToken> = {}): Promise<Secret> {
  made += 1
  return (await admin.tokens.create(`${api}-${made}`, { api, expires: days(1), ...asked })).secret
}

test('a directory is read whole, and changed', async () => {
  await rest.bind()
  assert.deepEqual(await rest.rootContexts(), ['o=acme'])
  const uids = new Set<string | undefined>()
  for await (const entry of rest.search('o=acme', { filter: PERSON, attributes: ['uid'], pageSize: 100 })) uids.add(entry.first('UID'))
  assert.equal(uids.size, PEOPLE)
  assert.equal((await rest.search('o=acme', { filter: PERSON, pageSize: null }).all()).length, PEOPLE)
  assert.equal((await rest.search('o=acme', { filter: PERSON, sizeLimit: 7 }).all()).length, 7)
  // Searches that are left keep none of the cursors that the server can have.
  for (let times = 0; times < 50; times += 1) for await (const _ of rest.search('o=acme', { pageSize: 10 })) break

  const dn = new Dn('ou=People,o=acme').child('cn', ' Ä/ö?#%, "x"+y ')
  await rest.add(dn, { objectClass: CLASSES, sn: 'a*(b)\\', uid: 'odd' })
  await fails(() => rest.add(dn, { objectClass: CLASSES, sn: 'x' }), { kind: 'conflict', code: 'entry_exists' })
  const found = await rest.search('o=acme', { filter: Filter.equals('sn', 'a*(b)\\') }).all()
  assert.deepEqual(found.map((entry) => entry.first('uid')), ['odd'])
  assert.deepEqual(await rest.get(found[0]?.dn ?? ''), found[0])
  await rest.modify(dn, [Mod.add('mail', ['a@example.com', 'b@example.com']), Mod.replace('sn', 'B')])
  await fails(() => rest.modify(dn, [Mod.add('mail', 'a@example.com')]), { kind: 'conflict', code: 'attribute_or_value_exists' })
  await rest.modify(dn, [Mod.delete('mail', 'a@example.com')])
  assert.deepEqual((await rest.get(dn)).get('mail'), ['b@example.com'])
  await rest.rename(dn, 'cn=plain')
  await rest.move('cn=plain,ou=People,o=acme', 'cn=plain', 'ou=Groups,o=acme')
  const moved = 'cn=plain,ou=Groups,o=acme'
  await rest.replace(moved, { objectClass: CLASSES, sn: 'C', cn: 'plain' })
  assert.equal((await rest.get(moved)).get('mail'), undefined)
  await rest.delete(moved)
  await fails(() => rest.get(moved), { kind: 'not_found', code: 'entry_not_found' })
  await fails(() => rest.delete('ou=People,o=acme'), { kind: 'conflict', code: 'not_allowed_on_non_leaf' })
  await rest.add('ou=Gone,o=acme', { objectClass: ['top', 'organizationalUnit'] })
  await rest.add('cn=a,ou=Gone,o=acme', { objectClass: CLASSES, sn: 'a' })
  await rest.delete('ou=Gone,o=acme', { tree: true })
})

test('ten thousand operations are done in one call', async () => {
  const dn = (number: number) => `uid=bulk${number},ou=People,o=acme`
  const operations = Array.from({ length: 10_000 }, (_, at) =>
    at === 5_000 ? BulkOperation.delete('uid=nobody,o=acme') : BulkOperation.add(dn(at), { objectClass: CLASSES, cn: `B ${at}`, sn: 'B' }),
  )
  const results = await rest.bulk(operations)
  assert.deepEqual(results.map((result) => result.error?.code).filter(Boolean), ['entry_not_found'])
  assert.equal(results[5_000]?.ok, false)
  const search = rest.search('ou=People,o=acme', { filter: Filter.startsWith('uid', 'bulk'), attributes: ['uid'] })
  assert.equal((await search.all()).length, 9_999)
  const gone = await rest.bulk(operations.map(({ dn }) => BulkOperation.delete(dn)))
  assert.equal(gone.filter(({ ok }) => ok).length, 9_999)
})

test('a token acts as its user, or as whom that user may', async () => {
  const user = await rest.search('ou=People,o=acme', { filter: Filter.present('uid') }).first()
  assert.ok(user)
  await using own = new RestClient(server.data.rest, { credential: await token('rest', { targetDn: user.dn }) })
  const change = [Mod.replace('title', 'Gardener')]
  await own.modify(user.dn, change)
  const forbidden = { kind: 'forbidden', code: 'insufficient_access_rights' } as const
  await fails(() => own.modify('ou=People,o=acme', change), forbidden)
  const acting = rest.actingAs(user.dn)
  await acting.modify(user.dn, change)
  await fails(() => acting.modify('ou=People,o=acme', change), forbidden)
})

test('resources are read whole, and changed', async () => {
  const [users, groups] = [scim.resources('Users'), scim.resources('Groups')]
  const types = await scim.resourceTypes()
  assert.deepEqual(types.map(({ endpoint }) => endpoint), ['/Users', '/Groups'])
  assert.ok((await scim.schemas()).some(({ id }) => id === types[0]?.schema))
  assert.equal((await scim.serviceProviderConfig()).patch?.supported, true)
  assert.equal(await users.list().count(), PEOPLE)
  const ids = new Set()
  for await (const { id } of users.list({ attributes: ['userName'] })) ids.add(id)
  assert.equal(ids.size, PEOPLE)
  const { resources, totalResults } = await users.list({ sortBy: 'userName', sortOrder: 'descending', pageSize: 20 }).page()
  assert.deepEqual([resources.length, totalResults], [20, PEOPLE])

  const asked = {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
    userName: 'od"d',
    name: { familyName: 'O', givenName: 'D' },
    emails: [{ value: 'odd@example.com', type: 'work' }],
    password: 'correct horse battery',
  }
  const user = await users.create(asked)
  assert.equal(user.password, undefined)
  await fails(() => users.create(asked), { kind: 'conflict', code: 'uniqueness' })
  assert.deepEqual((await users.list({ filter: ScimFilter.eq('userName', 'od"d') }).all()).map(({ id }) => id), [user.id])
  // The same entry by REST.
  assert.equal((await rest.search('o=acme', { filter: Filter.equals('mail', 'odd@example.com') }).first())?.first('sn'), 'O')

  const version = user.meta?.version ?? ''
  assert.equal(await users.get(user.id, { unless: version }), undefined)
  const patch = new PatchOp().replace('name.familyName', 'P').remove('emails[type eq "work"]').add('title', 'Gardener')
  const patched = await users.ifMatch(version).patch(user.id, patch)
  assert.deepEqual([patched?.name?.familyName, patched?.emails, patched?.title], ['P', undefined, 'Gardener'])
  await fails(() => users.ifMatch(version).replace(user.id, asked), { kind: 'conflict', code: 'version_mismatch' })
  assert.equal((await users.replace(user.id, asked)).title, undefined)
  await fails(() => users.patch(user.id, new PatchOp().replace('id', 'x')), { kind: 'invalid_input', code: 'mutability' })
  await fails(() => users.patch(user.id, new PatchOp().remove('emails[type eq')), { kind: 'invalid_input', code: 'invalid_path' })
  await fails(() => users.list({ filter: 'userName zz 1' }).all(), { kind: 'invalid_input', code: 'invalid_filter' })

  const group = await groups.create({
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'],
    displayName: 'odd ones',
    members: [{ value: user.id }],
  })
  await groups.patch(group.id, new PatchOp().remove(`members[value eq "${user.id}"]`))
  assert.equal((await groups.get(group.id)).members, undefined)
  await groups.delete(group.id)
  await users.delete(user.id)
  await fails(() => users.get(user.id), { kind: 'not_found', code: 'resource_not_found' })
})

test('each API is opened by its own token alone', async () => {
  const secrets = { config: await token('config', { roles: ['Read Only'] }), rest: await token('rest'), scim: await token('scim') }
  const calls: Record<Api, (credential: Secret) => Promise<unknown>> = {
    config: async (credential) => (await connect({ urls: server.url, credential })).request('GET', '/authentication-service/access_tokens'),
    rest: async (credential) => new RestClient(server.data.rest, { credential }).search('o=acme').first(),
    scim: async (credential) => new ScimClient(server.data.scim, { credential }).resources('Users').list().first(),
  }
  for (const [api, ask] of Object.entries(calls)) {
    for (const [of, secret] of Object.entries(secrets)) {
      if (api === of) {
        assert.ok(await ask(secret), api)
        continue
      }
      const error = await ask(secret).then(() => assert.fail(`${of} opens ${api}`), (error) => error)
      assert.deepEqual([error.kind, error.status], ['unauthorized', 401])
      assert.ok(!`${error.stack}${error.cause}`.includes(secret.reveal().slice(17)))
    }
  }
})
