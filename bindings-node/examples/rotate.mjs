// Gives every token that ends within two weeks a new secret and another 90 days, and hands each secret over to a file.
// Run it every day; run again after a crash at any point, it goes on.
//
// GATEPASS_URL=https://auth-1:8443 GATEPASS_TOKEN_FILE=/run/secrets/gatepass node rotate.mjs /var/lib/secrets
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connect, days, file, GatepassError } from 'gatepass'

const folder = process.argv[2] ?? '.'
const credential = file(process.env.GATEPASS_TOKEN_FILE ?? 'gatepass.token')
const gp = await connect({ urls: process.env.GATEPASS_URL ?? 'http://127.0.0.1:8443', credential, product: 'rotate/1.0' })

let failed = 0
for await (const { name } of gp.tokens.list({ api: 'rest', expiresWithin: days(14) })) {
  const place = join(folder, `${encodeURIComponent(name)}.secret`)
  try {
    // The old secret stays good until the new one is in its place, and for a day after that.
    const { token } = await gp.tokens.rotate(name, {
      grace: days(1),
      expires: days(90),
      deliver: async (secret) => {
        await writeFile(`${place}.new`, secret.reveal(), { mode: 0o600 })
        await rename(`${place}.new`, place)
      },
    })
    console.log(`rotated ${name}, until ${token.expiresOn?.toISOString()}`)
  } catch (error) {
    if (!GatepassError.is(error)) throw error
    if (GatepassError.hasCode(error, 'rotation_in_grace')) continue // another run was here
    failed += 1
    console.error(`${name}: ${error.code}${error.requestId ? ` (request ${error.requestId})` : ''}: ${error.message}`)
  }
}
await gp.close()
process.exitCode = failed === 0 ? 0 : 1
