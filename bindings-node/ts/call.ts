import { GatepassError, understood } from './error.js'
import { type NativeCall, native } from './native.js'
import { type CallMessage, callsAreWatched, channels } from './observe.js'

/** What every call that takes its time may be given. */
export interface CallOptions {
  /**
   * Gives the call up: its promise is rejected with the signal's reason. What was sent may have been done all the same;
   * `idempotencyKey` makes it safe to ask again.
   */
  signal?: AbortSignal | undefined
}

/** Calls the native layer: with its errors as ours, until it is given up, and seen by whoever watches. */
export async function call<T>(
  operation: string,
  place: string,
  options: CallOptions | undefined,
  work: (call: NativeCall | undefined) => Promise<T>,
): Promise<T> {
  const signal = options?.signal
  if (!callsAreWatched()) return await givenUp(signal, undefined, work)
  const message: CallMessage = { operation, place }
  return (await channels.call.tracePromise(() => givenUp(signal, message, work) as Promise<unknown>, message)) as T
}

async function givenUp<T>(
  signal: AbortSignal | undefined,
  message: CallMessage | undefined,
  work: (call: NativeCall | undefined) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted()
  const traced = message?.traceparent !== undefined
  const call = signal || traced ? new native.Call(message?.traceparent, message?.tracestate) : undefined
  const giveUp = () => call?.giveUp()
  signal?.addEventListener('abort', giveUp, { once: true })
  try {
    return await work(call)
  } catch (thrown) {
    const error = understood(thrown)
    if (signal?.aborted && GatepassError.hasCode(error, 'cancelled')) throw signal.reason
    // The stack of a promise's rejection begins in the native layer, which tells nobody anything.
    if (error instanceof GatepassError) Error.captureStackTrace(error, givenUp)
    throw error
  } finally {
    signal?.removeEventListener('abort', giveUp)
  }
}
