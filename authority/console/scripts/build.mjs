// Builds what the authority has in it: one script, one style sheet, a worker, an icon, each named by what is in it, and the
// page that names them. The same sources give the same bytes on every machine.
//
// node scripts/build.mjs [FOLDER]
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const out = resolve(process.argv[2] ?? join(root, 'dist'))

const MEDIA = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
}

const files = []

function add(name, extension, text) {
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 12)
  const file = name === 'index' ? 'index.html' : `${name}-${hash}.${extension}`
  files.push({ file, media: MEDIA[extension], text })
  return `/console/${file}`
}

async function bundled(entry, define = {}) {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: ['chrome119', 'firefox121', 'safari17.2'],
    charset: 'utf8',
    legalComments: 'none',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    define,
  })
  return outputFiles[0].text
}

const source = (name) => readFileSync(join(root, 'src', name), 'utf8')

const worker = add('worker', 'js', await bundled('src/tokens/worker.ts'))
const app = add('app', 'js', await bundled('src/main.tsx', { WORKER: JSON.stringify(worker) }))
const style = add('app', 'css', await bundled('src/style.css'))
const icon = add('icon', 'svg', source('icon.svg'))
const page = source('index.html').replace('{app}', app).replace('{style}', style).replace('{icon}', icon)
add('index', 'html', page)

const table = files.map(({ file, media }) => `    ("${file}", "${media}", include_bytes!("${file}").as_slice()),\n`)
rmSync(out, { recursive: true, force: true })
mkdirSync(out, { recursive: true })
for (const { file, text } of files) writeFileSync(join(out, file), text)
writeFileSync(join(out, 'files.rs'), `// Written by scripts/build.mjs.\n[\n${table.join('')}]\n`)
