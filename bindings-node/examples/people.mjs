// Writes everybody in a directory to a file, a line of JSON each, and has those who left sign in no more.
//
// ADAP_URL=https://radiantone.example:8090/adap ADAP_TOKEN=… \
// SCIM_URL=https://radiantone.example:8090/scim2/v2 SCIM_TOKEN=… node people.mjs people.ndjson [LEAVER …]
import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { env, Filter, GatepassError, IncompleteResult, PatchOp, RestClient, ScimClient, ScimFilter } from 'gatepass'

const [file = 'people.ndjson', ...leavers] = process.argv.slice(2)

const rest = new RestClient(process.env.ADAP_URL ?? '', { credential: env('ADAP_TOKEN'), product: 'people/1.0' })
const scim = new ScimClient(process.env.SCIM_URL ?? '', { credential: env('SCIM_TOKEN'), product: 'people/1.0' })

// A page at a time, so that a directory of any size fits; the next one is on its way while one is written.
const [base = ''] = await rest.rootContexts()
const people = rest.search(base, {
  filter: Filter.equals('objectClass', 'inetOrgPerson'),
  attributes: ['uid', 'cn', 'mail', 'title'],
})
let count = 0
async function* lines() {
  for await (const page of people.pages()) {
    count += page.length
    yield page.map((entry) => `${JSON.stringify({ dn: entry.dn, ...entry.attributes })}\n`).join('')
  }
}
try {
  await pipeline(Readable.from(lines()), createWriteStream(file))
  console.log(`${count} people`)
} catch (error) {
  if (!(error instanceof IncompleteResult)) throw error
  console.error(`the server gave ${error.count} people, and said that there are more`)
  process.exitCode = 1
}

const users = scim.resources('Users')
for (const name of leavers) {
  const user = await users.list({ filter: ScimFilter.eq('userName', name), attributes: ['userName', 'active'] }).first()
  if (user === undefined) {
    console.error(`there is no ${name}`)
    process.exitCode = 1
    continue
  }
  try {
    // Nothing is done where somebody else has changed the user in between.
    const here = user.meta?.version === undefined ? users : users.ifMatch(user.meta.version)
    await here.patch(user.id, new PatchOp().replace('active', false))
    console.log(`${name} signs in no more`)
  } catch (error) {
    if (!GatepassError.hasCode(error, 'version_mismatch')) throw error
    console.error(`${name} was changed meanwhile: run this again`)
    process.exitCode = 1
  }
}
await Promise.all([rest.close(), scim.close()])
