/** What a caller can do about an error: each kind is handled differently. */
export type ErrorKind =
  | 'invalid_input'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'unsupported'
  | 'rate_limited'
  | 'unavailable'
  | 'timeout'
  | 'protocol'
  | 'storage'
  | 'closed'
  | 'internal'

/** What an error is made of. @internal */
export interface Parts {
  kind: ErrorKind
  code: string
  message: string
  retryable: boolean
  field?: string
  status?: number
  requestId?: string
  cause?: unknown
  incomplete?: { count: number; cookie?: string }
}

/** By this the native layer marks its errors. */
const MARK = 'gatepass:'

/**
 * The one error of this package, whether it is thrown, rejected with or comes out of a constructor. `kind`, `code` and
 * `field` are API; the text is for people and may change. No part of a secret is ever in it.
 *
 * A call that was given up through an `AbortSignal` is no such error: it is rejected with the signal's own reason.
 */
export class GatepassError extends Error {
  /** What can be done about it. */
  readonly kind: ErrorKind
  /** The stable code, finer than the kind: `name_taken`, `expiration_in_past`, …. */
  readonly code: string
  /** Whether the same request may succeed later, unchanged. */
  readonly retryable: boolean
  /** The field of the request at fault, where one is. */
  readonly field: string | undefined
  /** The HTTP status that it came from, where it came from a server. */
  readonly status: number | undefined
  /** The server's id of the request, to be quoted to its operator. */
  readonly requestId: string | undefined

  /** @internal */
  constructor(parts: Parts) {
    super(parts.message, parts.cause === undefined ? undefined : { cause: parts.cause })
    this.kind = parts.kind
    this.code = parts.code
    this.retryable = parts.retryable
    this.field = parts.field
    this.status = parts.status
    this.requestId = parts.requestId
  }

  /** Whether something is an error of this package, of this kind where one is named. */
  static is<K extends ErrorKind = ErrorKind>(error: unknown, kind?: K): error is GatepassError & { readonly kind: K } {
    return error instanceof GatepassError && (kind === undefined || error.kind === kind)
  }

  /** Whether something is an error of this package with this code. */
  static hasCode<C extends string>(error: unknown, code: C): error is GatepassError & { readonly code: C } {
    return error instanceof GatepassError && error.code === code
  }
}

Object.defineProperty(GatepassError.prototype, 'name', { value: 'GatepassError', configurable: true, writable: true })

/**
 * The server has cut a result: what was given until then is right, and not all there is. Thrown after the last of it, with the
 * code `incomplete_result`.
 */
export class IncompleteResult extends GatepassError {
  /** How much of it came: entries, or resources. */
  readonly count: number
  /** What the server said to ask with for more, where it did. */
  readonly cookie: string | undefined

  /** @internal */
  constructor(parts: Parts & Required<Pick<Parts, 'incomplete'>>) {
    super(parts)
    this.count = parts.incomplete.count
    this.cookie = parts.incomplete.cookie
  }
}

Object.defineProperty(IncompleteResult.prototype, 'name', { value: 'IncompleteResult', configurable: true, writable: true })

/** An error of the native layer's, made of its parts. */
export function errorOf(parts: Parts): GatepassError {
  const { cause, incomplete } = parts
  const whole = typeof cause === 'string' ? { ...parts, cause: new Error(cause) } : parts
  return incomplete === undefined ? new GatepassError(whole) : new IncompleteResult({ ...whole, incomplete })
}

/** A request that this layer itself cannot take. */
export function invalid(field: string, code: string, message: string): GatepassError {
  return new GatepassError({ kind: 'invalid_input', code, message: `${field}: ${message}`, retryable: false, field })
}

/** A defect of this package. */
export function internal(code: string, message: string, cause?: unknown): GatepassError {
  return new GatepassError({ kind: 'internal', code, message, retryable: false, cause })
}

/** What the native layer threw, as what it stands for; what others threw, as it is. */
export function understood(thrown: unknown): unknown {
  if (!(thrown instanceof Error) || thrown instanceof GatepassError) return thrown
  if (!thrown.message.startsWith(MARK)) return foreign(thrown)
  return errorOf(JSON.parse(thrown.message.slice(MARK.length)) as Parts)
}

/** Node-API's own word on an argument of another type. Its text says of which type, and quotes nothing. */
function foreign(thrown: Error & { code?: unknown }): Error {
  const { code } = thrown
  if (typeof code === 'string' && (code === 'InvalidArg' || code.endsWith('Expected'))) {
    const message = 'an argument has another type than is documented'
    return new GatepassError({ kind: 'invalid_input', code: 'wrong_type', message, retryable: false, cause: thrown })
  }
  return thrown
}

/** Calls the native layer at once. */
export function now<T>(work: () => T): T {
  try {
    return work()
  } catch (thrown) {
    const error = understood(thrown)
    if (error instanceof GatepassError) Error.captureStackTrace(error, now)
    throw error
  }
}
