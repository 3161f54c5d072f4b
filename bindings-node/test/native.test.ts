/** What the native layer exports is what `ts/native.ts` says of it. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { native } from '#dist/native.js'
import { PACKAGE } from './support.js'

/** The members of each interface in a file, by the interface's name. */
function interfaces(): Map<string, string[]> {
  const text = readFileSync(join(PACKAGE, 'ts', 'native.ts'), 'utf8')
  const found = new Map<string, string[]>()
  for (const [, name = '', body = ''] of text.matchAll(/^export interface (\w+) \{\n([^]*?)^\}/gm)) {
    found.set(name, [...body.matchAll(/^ {2}(\w+)[:(]/gm)].map(([, member = '']) => member))
  }
  return found
}

test('every export is described, and nothing else is', () => {
  const described = interfaces()
  const exported = Object.entries(native as unknown as Record<string, { prototype?: object }>)
  const names = exported.map(([name]) => name)
  // Classes that JavaScript is given, and never makes.
  const given = [
    'Gatepass',
    'Guard',
    'Issued',
    'List',
    'Outcome',
    'Pages',
    'RemoteGuard',
    'RemoteVerifier',
    'Resources',
    'RestClient',
    'ScimClient',
    'Search',
    'Verifier',
  ]
  assert.deepEqual([...(described.get('Native') ?? []), ...given].sort(), names.sort())
  for (const [name, { prototype }] of exported) {
    if (prototype === undefined) continue
    const members = Object.getOwnPropertyNames(prototype).filter((member) => member !== 'constructor')
    assert.deepEqual((described.get(`Native${name}`) ?? []).sort(), members.sort(), name)
  }
})
