// Reading a large directory, and changing it in bulk, beside the same written with fetch; each in a process of its own.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { BulkOperation, RestClient, ScimClient, value } from 'gatepass'
import { median, memoryOf, row } from './rows.mjs'

const ENTRIES = 500_000
const PAGE = 1_000
const OPERATIONS = 10_000
const TOKEN = 'gpr_8fK2mQ0aZx71_d9Jw0Qb3yVn5uTz1KcXe7Lg2Rh4Ms6p0ghEG1'
const options = { filter: '(objectClass=person)', attributes: ['uid', 'cn', 'mail'] }

const client = (url) => new RestClient(url, { credential: value(TOKEN) })

async function asked(url, init) {
  const response = await fetch(url, { ...init, headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' } })
  if (!response.ok) throw new Error(`answered ${response.status}`)
  return await response.json()
}

/** How each reads all mail addresses, and does a bulk; each says how much it did. */
const works = {
  async entries(url) {
    let count = 0
    for await (const entry of client(url).search('o=acme', options)) if (entry.first('mail') !== undefined) count += 1
    return count
  },
  async pages(url) {
    let count = 0
    for await (const page of client(url).search('o=acme', options).pages()) {
      for (const entry of page) if (entry.first('mail') !== undefined) count += 1
    }
    return count
  },
  async 'entries by fetch'(url) {
    let count = 0
    for (let cookie; cookie !== 'null'; ) {
      const query = new URLSearchParams({ ...options, scope: 'sub', sizeLimit: '0', pageSize: String(PAGE), returnMode: 'array' })
      if (cookie !== undefined) query.set('cookie', cookie)
      const answer = await asked(`${url}/adap/${encodeURIComponent('o=acme')}?${query}`)
      for (const entry of answer.resources) if (entry.attributes.mail?.[0] !== undefined) count += 1
      cookie = answer.cookie
    }
    return count
  },
  async users(url) {
    let count = 0
    const scim = new ScimClient(url, { credential: value(TOKEN) })
    for await (const user of scim.resources('Users').list({ pageSize: PAGE })) if (user.emails?.[0]?.value !== undefined) count += 1
    return count
  },
  async 'users by fetch'(url) {
    let count = 0
    for (let startIndex = 1, total = 1; startIndex <= total; ) {
      const query = new URLSearchParams({ startIndex: String(startIndex), count: String(PAGE) })
      const answer = await asked(`${url}/scim2/v2/Users?${query}`)
      for (const user of answer.Resources) if (user.emails?.[0]?.value !== undefined) count += 1
      startIndex += answer.Resources.length
      total = answer.totalResults
    }
    return count
  },
  async bulk(url) {
    const made = Array.from({ length: OPERATIONS }, (_, at) => BulkOperation.add(`uid=u${at},o=acme`, { uid: `u${at}`, mail: [`u${at}@acme.example`] }))
    return (await client(url).bulk(made)).filter(({ ok }) => ok).length
  },
  async 'bulk by fetch'(url) {
    const Operations = Array.from({ length: OPERATIONS }, (_, at) => {
      const attributes = { uid: [`u${at}`], mail: [`u${at}@acme.example`] }
      return { method: 'POST', dn: `uid=u${at},o=acme`, params: { attributes } }
    })
    const answer = await asked(`${url}/adap/bulk`, { method: 'POST', body: JSON.stringify({ Operations }) })
    return answer.Operations.filter(({ status }) => status.code === '200').length
  },
}

if (process.argv[2] in works) {
  const [work, url] = process.argv.slice(2)
  const begun = process.hrtime.bigint()
  const count = await works[work](url)
  const seconds = Number(process.hrtime.bigint() - begun) / 1e9
  process.send({ count, seconds, peak: memoryOf('VmHWM') })
  process.disconnect()
}

async function measured(work, url, expected) {
  const child = fork(fileURLToPath(import.meta.url), [work, url])
  const [said] = await once(child, 'message')
  if (said.count !== expected) throw new Error(`${work}: ${said.count} of ${expected}`)
  return said
}

async function served(entries, work) {
  const server = fork(fileURLToPath(new URL('canned.mjs', import.meta.url)), [entries, PAGE])
  try {
    const [port] = await once(server, 'message')
    return await work(`http://127.0.0.1:${port}`)
  } finally {
    server.kill()
  }
}

/** By turns, so that what else the machine does is borne by each. */
async function turns(rounds, all, url, expected) {
  const found = all.map(() => [])
  for (let round = 0; round < rounds; round += 1) {
    for (const [at, work] of all.entries()) found[at].push(await measured(work, url, expected))
  }
  return found
}

const of = (member, all) => median(all.map((each) => each[member]))
const ratio = (member, ours, theirs) => median(ours.map((each, at) => each[member] / theirs[at][member]))

export async function paging() {
  const few = await served(ENTRIES / 10, (url) => measured('entries', url, ENTRIES / 10))
  return await served(ENTRIES, async (url) => {
    const [entries, pages, fetched] = await turns(5, ['entries', 'pages', 'entries by fetch'], url, ENTRIES)
    const [users, listed] = await turns(5, ['users', 'users by fetch'], url, ENTRIES)
    const [bulk, sent] = await turns(5, ['bulk', 'bulk by fetch'], url, OPERATIONS)
    const against = (name, unit, member, ours, peer, theirs, bar) =>
      row(`Node.js, ${name}`, unit, of(member, ours), peer, of(member, theirs), ratio(member, ours, theirs), bar)
    return [
      against('500 k entries, one by one', 's', 'seconds', entries, 'the same loop with fetch', fetched, 1),
      against('500 k entries, by pages', 's', 'seconds', pages, 'the same loop with fetch', fetched, 1),
      against('500 k entries, peak memory', 'MiB', 'peak', entries, 'the same loop with fetch', fetched),
      against('500 k entries, peak memory', 'MiB', 'peak', entries, '50 k entries', entries.map(() => few), 1.5),
      against('500 k users by SCIM, one by one', 's', 'seconds', users, 'the same loop with fetch', listed, 1),
      against('500 k users by SCIM, peak memory', 'MiB', 'peak', users, 'the same loop with fetch', listed),
      against('a bulk of 10 k operations', 's', 'seconds', bulk, 'the same request with fetch', sent),
    ]
  })
}
