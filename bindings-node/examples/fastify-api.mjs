// An API on a store of its own: one file, no server beside it. Routes say what they want of tokens.
//
// GATEPASS_STORE=tokens.db node fastify-api.mjs
import { once } from 'node:events'
import fastify from 'fastify'
import { open } from 'gatepass'
import { gatepass } from 'gatepass/fastify'

const gp = await open(process.env.GATEPASS_STORE ?? 'tokens.db')
const verifier = await gp.verifier()
const app = fastify()

app.get('/livez', async () => ({ well: true })) // outside of the plugin's scope, so open to everybody
app.register(async (api) => {
  api.register(gatepass, { verifier, api: 'rest', scopes: ['orders:read'], realm: 'orders' })
  api.get('/readyz', { config: { gatepass: false } }, async (_, reply) => {
    const { stale, tokens } = verifier.state
    return reply.code(stale ? 503 : 200).send({ stale, tokens })
  })
  api.get('/orders', async (request) => ({ orders: [], for: request.access?.name }))
  api.post('/orders', { config: { gatepass: { scopes: ['orders:write'] } } }, async (_, reply) => reply.code(201).send())
})
app.addHook('onClose', async () => {
  await verifier.close()
  await gp.close()
})

console.log(await app.listen({ port: Number(process.env.PORT ?? 3000), host: '127.0.0.1' }))
await once(process, 'SIGTERM')
await app.close()
console.log('closed')
