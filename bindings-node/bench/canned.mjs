// A server that says what it has ready, so that it is the client that is measured: pages of entries by REST, of users by SCIM, and
// bulks that succeed.
//
// node bench/canned.mjs ENTRIES PAGE
import { createServer } from 'node:http'

const [entries, page] = process.argv.slice(2).map(Number)
const pages = Math.ceil(entries / page)
/** What pages are told apart by, and where they are: as many digits in each. */
const MARK = '#######'
const digits = (number) => String(number).padStart(MARK.length, '0')

/** So many things, of which the first has the mark. */
const list = (variant, made) => Array.from({ length: page }, (_, at) => made(`user${variant}${digits(at)}`, at === 0 ? MARK : digits(at)))

const entry = (uid, phone) => ({
  dn: `uid=${uid},ou=People,o=acme`,
  attributes: {
    objectClass: ['top', 'person', 'organizationalPerson', 'inetOrgPerson'],
    uid: [uid],
    cn: [`Ada ${uid} Lövelace`],
    sn: ['Lövelace'],
    mail: [`${uid}@acme.example`, `ada.${uid}@acme.example`],
    telephoneNumber: [phone],
  },
})

const user = (name, phone) => ({
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
  id: `uid=${name},ou=People,o=acme`,
  userName: name,
  name: { familyName: 'Lövelace', givenName: 'Ada' },
  active: true,
  emails: [{ value: `${name}@acme.example`, type: 'work', primary: true }],
  phoneNumbers: [{ value: phone }],
  meta: { resourceType: 'User', version: 'W/"1"' },
})

/** Bodies whose marks are written for each page; one list alone would be read from the processor's cache. */
const bodies = (made, around) =>
  Array.from({ length: 8 }, (_, variant) => {
    const bytes = Buffer.from(JSON.stringify(around(list(variant, made))))
    return { bytes, first: bytes.indexOf(MARK), last: bytes.lastIndexOf(MARK) }
  })
const ofRest = bodies(entry, (resources) => ({ resources, totalResults: -2, count: page, cookie: MARK }))
// A number has no leading zeros, and may have blanks before it: the quotes around the mark are written over.
const ofScim = bodies(user, (Resources) => ({ totalResults: entries, itemsPerPage: page, Resources, startIndex: MARK }))

const written = (of, number, last, offset = 0) => {
  const { bytes, ...at } = of[number % of.length]
  const copy = Buffer.from(bytes)
  copy.write(digits(number), at.first)
  copy.write(last, at.last + offset)
  return copy
}

const server = createServer(async (request, response) => {
  const send = (bytes) => response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length }).end(bytes)
  const { pathname, searchParams } = new URL(request.url, 'http://localhost')
  if (request.method === 'POST') {
    const parts = []
    for await (const part of request) parts.push(part)
    const { Operations: all } = JSON.parse(Buffer.concat(parts).toString())
    const Operations = all.map(({ method, dn }) => ({ method, dn, status: { code: '200' } }))
    return send(Buffer.from(JSON.stringify({ Operations })))
  }
  if (pathname.startsWith('/scim2/')) {
    const start = Number(searchParams.get('startIndex') ?? 1)
    return send(written(ofScim, (start - 1) / page, String(start).padStart(MARK.length + 2), -1))
  }
  const number = Number(searchParams.get('cookie') ?? 0)
  send(written(ofRest, number, number + 1 < pages ? digits(number + 1) : 'null"}   '))
})
server.listen(0, '127.0.0.1', () => process.send(server.address().port))
