// Measures, and writes what it found where it is told to: node bench/main.mjs RESULTS KEPT
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { check } from './check.mjs'
import { express } from './express.mjs'
import { memory } from './memory.mjs'
import { oidc } from './oidc.mjs'
import { paging } from './paging.mjs'

const [results, kept] = process.argv.slice(2)
for (const folder of [results, kept]) mkdirSync(folder, { recursive: true })
const rows = []
const measured = (more) => {
  for (const { name, value, unit, peer, ratio } of more) console.error(`${name}: ${value.toFixed(1)} ${unit}, ${ratio.toFixed(3)} × ${peer}`)
  rows.push(...more)
}
measured(check(1_000, '1 k tokens', 0.4))
measured(check(200_000, '200 k tokens'))
measured(await oidc())
measured(await express())
measured(await paging())
measured(await memory(join(kept, 'tokens-1m.db')))
writeFileSync(join(results, 'node.json'), `${JSON.stringify(rows, null, 2)}\n`)
