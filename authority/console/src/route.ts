/** Which view is shown: `#/tokens`, `#/audit?subject=nightly-sync`. */
import { signal } from '@preact/signals'

export interface Route {
  view: string
  query: URLSearchParams
}

function read(): Route {
  const [path = '', query = ''] = location.hash.replace(/^#\/?/, '').split('?')
  return { view: path, query: new URLSearchParams(query) }
}

export const route = signal<Route>(read())

/** What is to be dropped when somebody goes elsewhere, by a link or the browser's own buttons. */
const leaving = new Set<() => void>()

export function onLeave(drop: () => void): () => void {
  leaving.add(drop)
  return () => leaving.delete(drop)
}

function leave(): void {
  for (const drop of [...leaving]) drop()
}

addEventListener('hashchange', () => {
  leave()
  route.value = read()
})
// A page that the browser keeps to go back to has no secret either.
addEventListener('pagehide', leave)

export function href(view: string, query: Record<string, string> = {}): string {
  const search = new URLSearchParams(query)
  return `#/${view}${search.size > 0 ? `?${search}` : ''}`
}
