// Makes the tarballs that are published: the package itself, and the one of this platform's library. Nothing is downloaded
// when they are installed, and no script runs: npm picks the library by `os`, `cpu` and `libc`.
//
// node scripts/pack.mjs LIBRARY FOLDER
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const [library, folder] = process.argv.slice(2)
const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const require = createRequire(import.meta.url)
const { PLATFORMS, platform } = require('../dist/platform.js')

/** What a published manifest says of every package. */
const common = Object.fromEntries(['version', 'license', 'engines'].map((key) => [key, manifest[key]]))

/** Packs a folder, and gives the tarball's name and files. */
function pack(from) {
  const json = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], { cwd: from, encoding: 'utf8' })
  const said = JSON.parse(json)
  const [{ filename, files }] = Array.isArray(said) ? said : Object.values(said)
  return { filename, files: files.map(({ path }) => path) }
}

function stage(name, made, files) {
  const place = join(folder, name)
  mkdirSync(place, { recursive: true })
  writeFileSync(join(place, 'package.json'), `${JSON.stringify(made, null, 2)}\n`)
  for (const [from, to] of files) cpSync(from, join(place, to), { recursive: true })
  return pack(place)
}

rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
const license = [join(root, '..', 'LICENSE'), 'LICENSE']

const [os, cpu, libc] = platform().split('-')
const file = `gatepass.${platform()}.node`
const native = {
  name: `gatepass-${platform()}`,
  description: `The library of gatepass for ${platform()}.`,
  ...common,
  main: file,
  files: [file],
  os: [os],
  cpu: [cpu],
  ...(os === 'linux' && { libc: [libc === 'gnu' ? 'glibc' : 'musl'] }),
}
const ours = stage(native.name, native, [[library, file], license])
assert.deepEqual(ours.files.sort(), ['LICENSE', file, 'package.json'])

const { devDependencies: _, scripts: __, imports: ___, ...rest } = manifest
const optionalDependencies = Object.fromEntries(PLATFORMS.map((name) => [`gatepass-${name}`, manifest.version]))
const main = stage('gatepass', { ...rest, optionalDependencies }, [
  [join(root, 'dist'), 'dist'],
  [join(root, 'examples'), 'examples'],
  [join(root, 'README.md'), 'README.md'],
  license,
])

// What is in it, and what is not.
const expected = Object.values(manifest.exports).flatMap((entry) => (typeof entry === 'string' ? [entry] : Object.values(entry)))
for (const path of [...expected, 'README.md', 'LICENSE', 'examples/quickstart.mjs']) {
  assert.ok(main.files.includes(path.replace('./', '')), `the tarball lacks ${path}`)
}
const strange = main.files.filter((path) => !/^(dist\/[\w.-]+\.(js|d\.ts)|examples\/[\w-]+\.mjs|README\.md|LICENSE|package\.json)$/.test(path))
assert.deepEqual(strange, [], 'the tarball has what nobody needs')
console.log(JSON.stringify({ main: main.filename, native: ours.filename }))
