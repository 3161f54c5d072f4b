import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after } from 'node:test'
import { type ErrorKind, type Gatepass, GatepassError } from 'gatepass'
import { memoryStore } from 'gatepass/testing'

/** The package's folder. */
export const PACKAGE = join(__dirname, '..', '..')

/** What is to be done after all tests of a file, the last first. */
const cleanups: (() => unknown)[] = []

after(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup()
})

/** Has something done after all tests of a file, also where one of them has failed. */
export function atTheEnd(cleanup: () => unknown): void {
  cleanups.push(cleanup)
}

/** A folder that is gone after the tests of a file. */
export function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'gatepass-node-'))
  cleanups.push(() => rmSync(made, { recursive: true, force: true }))
  return made
}

/** A store that is closed after the tests of a file. */
export async function store(...options: Parameters<typeof memoryStore>): Promise<Gatepass> {
  const gatepass = await memoryStore(...options)
  cleanups.push(() => gatepass.close())
  return gatepass
}

/** What an error is known by. */
export interface Known {
  kind: ErrorKind
  code: string
  field?: string | undefined
}

/** Fails unless this is thrown or rejected with; gives it for more to be said of it. */
export async function fails(work: () => unknown, known: Known): Promise<GatepassError> {
  let thrown: unknown
  try {
    await work()
  } catch (error) {
    thrown = error
  }
  assert.ok(thrown instanceof GatepassError, `no GatepassError but ${String(thrown)}`)
  const { kind, code, field } = thrown
  assert.deepEqual({ kind, code, field }, { field: undefined, ...known })
  return thrown
}

/** The command line program of the workspace's own build. */
export function program(): string {
  const named = process.env.GATEPASS_TEST_PROGRAM
  return named ?? join(PACKAGE, '..', 'target', 'debug', process.platform === 'win32' ? 'gatepass.exe' : 'gatepass')
}

/** A password that is good enough for an administrator. */
export const PASSWORD = 'correct horse battery staple'

/** An authority, a process of its own. */
export interface Authority {
  url: string
  /** Where its sandbox's directory is, by REST and by SCIM; empty where it has none. */
  data: { rest: string; scim: string }
  store: string
  process: ChildProcess
  stop(): Promise<void>
}

/** Starts an authority on a new store, or on this one; with a sandbox of so many people, where that is said. */
export async function authority(store = join(folder(), 'tokens.db'), listen = '127.0.0.1:0', people?: number): Promise<Authority> {
  const sandbox = people === undefined ? [] : ['--sandbox', '--sandbox-people', String(people)]
  const process = spawn(program(), ['serve', '--store', store, '--listen', listen, ...sandbox], {
    env: { ...globalThis.process.env, GATEPASS_ADMIN_PASSWORD: PASSWORD },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  process.stderr?.on('data', (text) => {
    log += text
  })
  const lines: string[] = []
  await new Promise<void>((resolve, reject) => {
    process.once('error', reject)
    process.once('exit', (code) => reject(new Error(`the authority ended with ${code}: ${log}`)))
    createInterface({ input: process.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      if (lines.push(line) === (people === undefined ? 1 : 3)) resolve()
    })
  })
  process.removeAllListeners('exit')
  const stop = async () => {
    if (process.exitCode !== null || process.signalCode !== null) return
    process.kill('SIGTERM')
    await once(process, 'exit')
  }
  cleanups.push(stop)
  const [url = '', rest = '', scim = ''] = lines
  return { url, data: { rest, scim }, store, process, stop }
}

/** What a program printed and how it ended. */
export interface Ran {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

/** Runs Node.js to its end, which has to come by itself within the time. */
export async function node(args: string[], options: { env?: NodeJS.ProcessEnv; cwd?: string; within?: number } = {}): Promise<Ran> {
  const child = spawn(process.execPath, args, {
    cwd: options.cwd ?? PACKAGE,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (text) => {
    stdout += text
  })
  child.stderr.on('data', (text) => {
    stderr += text
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), options.within ?? 20_000)
  const [code, signal] = await once(child, 'close')
  clearTimeout(timer)
  return { code, signal, stdout, stderr }
}

/** Fails unless a program ended well. */
export function ended({ code, signal, stdout, stderr }: Ran): string {
  assert.equal(code, 0, `ended with ${signal ?? code}\n${stdout}\n${stderr}`)
  return stdout
}
