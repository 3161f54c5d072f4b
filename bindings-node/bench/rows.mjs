import { readFileSync } from 'node:fs'

// Rows as `cargo xtask bench` reads them.

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]
}

/** `bar` is the greatest ratio that is good; a row without one is there to be read. */
export function row(name, unit, value, peer, peerValue, ratio, bar) {
  const ok = bar === undefined || ratio <= bar
  return { name, unit, value, peer, peer_value: peerValue, ratio, bar: bar === undefined ? null : `<= ${bar}`, ok }
}

/**
 * What Linux says of this process's memory, in MiB: `VmHWM`, the most that it ever had, since it began, where `maxRSS` begins
 * with what its parent has; `RssAnon`, what it has and is in no file.
 */
export function memoryOf(name) {
  const line = readFileSync('/proc/self/status', 'utf8').split('\n').find((line) => line.startsWith(`${name}:`))
  return Number.parseInt(line.slice(name.length + 1), 10) / 1024
}
