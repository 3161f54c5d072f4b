/** The one place that talks to the server. The session is a cookie that no script sees; this header makes it count. */

/** Why something was not done, in the server's words. */
export class Failed extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly field?: string,
    readonly retryAfter?: number,
  ) {
    super(message)
  }
}

/** Waits until somebody has signed in again; whatever was asked for is then asked for anew. */
let signedInAgain: () => Promise<void> = () => Promise.reject(new Failed(401, 'signed_out', 'The session has ended.'))

export function whenSignedOut(wait: () => Promise<void>): void {
  signedInAgain = wait
}

export interface Asked {
  query?: Record<string, string | number | undefined>
  body?: unknown
  headers?: Record<string, string>
  /** Whether an ended session is an answer, and not a reason to sign in again. */
  plain?: boolean
}

export async function call<T>(method: string, path: string, asked: Asked = {}): Promise<T> {
  for (;;) {
    const response = await send(method, path, asked)
    if (response.status === 401 && !asked.plain) {
      await signedInAgain()
      continue
    }
    if (!response.ok) throw await failure(response)
    const text = response.status === 204 ? '' : await response.text()
    return (text === '' ? undefined : JSON.parse(text)) as T
  }
}

async function send(method: string, path: string, { query, body, headers }: Asked): Promise<Response> {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== '') search.set(name, String(value))
  }
  const said = search.size > 0 ? `?${search}` : ''
  const json = body === undefined ? {} : { 'content-type': 'application/json' }
  try {
    return await fetch(path + said, {
      method,
      headers: { accept: 'application/json', 'gatepass-console': '1', ...json, ...headers },
      body: body === undefined ? null : JSON.stringify(body),
      credentials: 'same-origin',
      cache: 'no-store',
      redirect: 'error',
    })
  } catch {
    throw new Failed(0, 'unreachable', 'The server cannot be reached. Check the connection, then try again.')
  }
}

async function failure(response: Response): Promise<Failed> {
  const wait = Number(response.headers.get('retry-after')) || undefined
  try {
    const said = await response.json()
    const text = said.message ?? said.reason ?? response.statusText
    return new Failed(response.status, said.gatepass?.code ?? said.code ?? '', text, said.gatepass?.field, wait)
  } catch {
    return new Failed(response.status, '', `The server answered with ${response.status}.`, undefined, wait)
  }
}

const AUTHENTICATION = '/api/authentication-service'
const EXTENSIONS = '/api/gatepass/v1'

export const SESSION = '/console/session'
export const PASSWORD = '/console/password'
export const TOKENS = `${AUTHENTICATION}/access_tokens`
export const TOKEN_PAGES = `${EXTENSIONS}/tokens`
export const ROLES = `${AUTHENTICATION}/roles`
export const USERS = `${AUTHENTICATION}/users`
export const VALIDATORS = '/api/settings-service/external_token_validators'
export const VALIDATOR_TESTS = `${EXTENSIONS}/validators`
export const AUDIT = `${EXTENSIONS}/audit`

/** A path to what has this name, whatever is in it. */
export function under(path: string, ...names: string[]): string {
  return [path, ...names.map(encodeURIComponent)].join('/')
}

/** 128 random bits: the same request sent twice has one effect, and one answer. */
export function once(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
