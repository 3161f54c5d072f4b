// A directory that says what it has ready, so that it is the client that is measured: pages of entries, and bulks that succeed.
// node bench/canned.mjs ENTRIES PAGE
import { createServer } from 'node:http'

const [entries, page] = process.argv.slice(2).map(Number)
const pages = Math.ceil(entries / page)
/** What pages are told apart by: as many digits in each. */
const mark = '#######'

/** The body of a page; its mark and its cookie are written into it for each. */
function body(variant) {
  const resources = Array.from({ length: page }, (_, at) => {
    const uid = `user${variant}${String(at).padStart(5, '0')}`
    const attributes = {
      objectClass: ['top', 'person', 'organizationalPerson', 'inetOrgPerson'],
      uid: [uid],
      cn: [`Ada ${uid} Lövelace`],
      sn: ['Lövelace'],
      mail: [`${uid}@acme.example`, `ada.${uid}@acme.example`],
      telephoneNumber: [at === 0 ? mark : `+1 555 ${String(at).padStart(7, '0')}`],
    }
    return { dn: `uid=${uid},ou=People,o=acme`, attributes }
  })
  return Buffer.from(JSON.stringify({ resources, totalResults: -2, count: page, cookie: mark }))
}

const bodies = Array.from({ length: 8 }, (_, variant) => {
  const bytes = body(variant)
  return { bytes, mark: bytes.indexOf(mark), cookie: bytes.lastIndexOf(mark) }
})

const server = createServer(async (request, response) => {
  const send = (bytes) => response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length }).end(bytes)
  if (request.method === 'POST') {
    const parts = []
    for await (const part of request) parts.push(part)
    const { Operations: all } = JSON.parse(Buffer.concat(parts).toString())
    const Operations = all.map(({ method, dn }) => ({ method, dn, status: { code: '200' } }))
    return send(Buffer.from(JSON.stringify({ Operations })))
  }
  const number = Number(new URL(request.url, 'http://localhost').searchParams.get('cookie') ?? 0)
  const { bytes, mark, cookie } = bodies[number % bodies.length]
  const copy = Buffer.from(bytes)
  copy.write(String(number).padStart(7, '0'), mark)
  copy.write(number + 1 < pages ? String(number + 1).padStart(7, '0') : 'null"}   ', cookie)
  send(copy)
})
server.listen(0, '127.0.0.1', () => process.send(server.address().port))
