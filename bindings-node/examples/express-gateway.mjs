// A gateway that checks a token on each request, by a replica in its own process. It is ready while the replica is fresh,
// and on SIGTERM it finishes what is under way.
//
// GATEPASS_URLS=https://auth-1:8443,https://auth-2:8443 GATEPASS_TOKEN_FILE=/run/secrets/gatepass node express-gateway.mjs
import { once } from 'node:events'
import express from 'express'
import { connect, file } from 'gatepass'
import { protect } from 'gatepass/express'

const urls = (process.env.GATEPASS_URLS ?? 'http://127.0.0.1:8443').split(',')
const gp = await connect({ urls, credential: file(process.env.GATEPASS_TOKEN_FILE ?? 'gatepass.token') })
// It starts although no authority answers, and answers 503 until one does.
const verifier = await gp.verifier({ startup: 'background', maxStalenessMs: 10_000 })
verifier.on('stale', ({ trouble }) => console.error('stale: every request is refused', trouble?.code ?? ''))
verifier.on('recovered', () => console.error('fresh again'))

/** What is denied is logged with its reason, and answered without. @type {import('gatepass/express').ProtectOptions<express.Request>} */
const options = {
  realm: 'orders',
  onDenied: (denied, request) => console.error('denied', denied.reason, denied.tokenId ?? '-', request.ip),
}
const guard = (/** @type {string[]} */ ...scopes) => protect(verifier.guard({ api: 'rest', scopes }), options)

const app = express()
app.get('/livez', (_, response) => void response.sendStatus(200))
app.get('/readyz', (_, response) => {
  const { stale, ageMs, tokens, credentialExpiresOn } = verifier.state
  response.status(stale ? 503 : 200).json({ stale, ageMs, tokens, credentialExpiresOn })
})
app.get('/metrics', (_, response) => {
  const lines = Object.entries(verifier.counters()).map(([verdict, count]) => `checks{verdict="${verdict}"} ${count}`)
  response.type('text/plain').send(`${lines.join('\n')}\n`)
})
app.get('/orders', guard('orders:read'), (request, response) => {
  response.json({ orders: [], for: request.access?.name, as: request.access?.targetDn })
})
app.post('/orders', guard('orders:read', 'orders:write'), (_, response) => void response.sendStatus(201))

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1')
await once(server, 'listening')
const address = server.address()
console.log(`http://127.0.0.1:${typeof address === 'object' ? address?.port : address}`)

await once(process, 'SIGTERM')
server.close()
server.closeIdleConnections()
await once(server, 'close')
await verifier.close() // what was used is reported
await gp.close()
console.log('closed')
