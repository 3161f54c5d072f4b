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
