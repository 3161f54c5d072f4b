import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Authorization } from './guard.js'
import type { Answer, Denied, Verdict } from './verdict.js'

/** What all adapters take. */
export interface ProtectOptions<Request> {
  /** The realm that a denial names; `gatepass` when not said. */
  realm?: string | undefined
  /** Is told of each denial, with the precise reason, before the answer is sent: for a log. */
  onDenied?: ((denied: Denied, request: Request) => void) | undefined
}

export const REALM = 'gatepass'

/** `authorization`, in whichever case it was sent. */
const NAME = 'authorization'

/**
 * All `Authorization` headers of a request. Node.js itself hides all but the first, and a proxy on the way may have
 * believed in the second one.
 */
export function authorizationOf(rawHeaders: readonly string[]): Authorization {
  let found: string | undefined
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string
    if (name.length !== NAME.length || name.toLowerCase() !== NAME) continue
    if (found !== undefined) return [found, rawHeaders[at + 1] as string]
    found = rawHeaders[at + 1]
  }
  return found
}

/** Does this with a verdict: at once where there is one, and else when it has come. */
export function settled(verdict: Verdict | Promise<Verdict>, then: (verdict: Verdict) => void, failed: (error: Error) => void): void {
  if (verdict instanceof Promise) verdict.then(then).catch(failed)
  else then(verdict)
}

/** The headers of an answer. */
export function headersOf(answer: Answer): Record<string, string> {
  const headers: Record<string, string> = {}
  if (answer.wwwAuthenticate !== undefined) headers['WWW-Authenticate'] = answer.wwwAuthenticate
  if (answer.retryAfter !== undefined) headers['Retry-After'] = String(answer.retryAfter)
  if (answer.error !== undefined) headers['Content-Type'] = 'application/json'
  return headers
}

/** The body of an answer; none where no credential was sent, for then there is nothing to say. */
export function bodyOf(answer: Answer): string {
  return answer.error === undefined ? '' : JSON.stringify({ error: answer.error })
}

/** Sends an answer. */
export function refuse(response: ServerResponse<IncomingMessage>, answer: Answer): void {
  response.writeHead(answer.status, headersOf(answer)).end(bodyOf(answer))
}
