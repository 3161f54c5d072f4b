/**
 * What tests need: a store that leaves nothing, and a clock that stands still until it is told otherwise.
 *
 * @packageDocumentation
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { now } from './error.js'
import { instantText } from './expiration.js'
import { type Gatepass, type OpenOptions, open } from './gatepass.js'
import { type NativeClock, native } from './native.js'
import type { ClockLike } from './transport.js'

/** A clock that shows what it is told to; `open` and `connect` take it as `clock`. */
export class ManualClock implements ClockLike {
  /** @internal */
  readonly native: NativeClock

  /** A clock that shows this time. */
  constructor(instant: Date | string) {
    this.native = now(() => new native.Clock(instantText('now', instant)))
  }

  /** What it shows. */
  now(): Date {
    return new Date(this.native.now())
  }

  /** Sets the time of day alone, forward or back, as an operator or NTP does. */
  set(instant: Date | string): void {
    now(() => this.native.set(instantText('now', instant)))
  }

  /** Lets so many milliseconds pass, on both clocks. */
  advance(millis: number): void {
    now(() => this.native.advance(millis))
  }

  /** Lets time pass on the clock since boot alone: what a time of day that was set back looks like. */
  advanceBootTime(millis: number): void {
    now(() => this.native.advanceBootTime(millis))
  }
}

/**
 * A store for one test: a file of its own, in memory where the system has a folder that is, and gone once it is closed.
 */
export async function memoryStore(options: Omit<OpenOptions, 'create'> = {}): Promise<Gatepass> {
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'gatepass-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  const gatepass = await open(join(folder, 'tokens.db'), options).catch((error: unknown) => {
    remove()
    throw error
  })
  const close = gatepass.close.bind(gatepass)
  gatepass.close = async () => {
    await close()
    remove()
  }
  return gatepass
}
