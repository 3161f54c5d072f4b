import { channel, tracingChannel } from 'node:diagnostics_channel'
import type { Guard } from './guard.js'
import type { Verdict } from './verdict.js'
import type { Verifier, VerifierState } from './verifier.js'

/** What is published of a check on the channel `gatepass:check`. */
export interface CheckMessage {
  guard: Guard
  verdict: Verdict
}

/** What is published when a verifier becomes stale or fresh again, on `gatepass:stale` and `gatepass:recovered`. */
export interface StateMessage {
  verifier: Verifier
  state: VerifierState
}

/**
 * What is published of a call to a store or server, on the tracing channel `gatepass:call`. A subscriber of its `start`
 * may set `traceparent` and `tracestate` (W3C Trace Context), which then go with the requests that the call sends.
 */
export interface CallMessage {
  /** `tokens.create`, `verifier.waitFor`, …. */
  operation: string
  /** The place: a store's or a server's, without a password. */
  place: string
  traceparent?: string
  tracestate?: string
  /** What was thrown, on `error`. */
  error?: unknown
}

/** The channels of `node:diagnostics_channel`; nothing is made for them while nobody subscribes. */
export const channels = Object.freeze({
  check: channel('gatepass:check'),
  stale: channel('gatepass:stale'),
  recovered: channel('gatepass:recovered'),
  call: tracingChannel<unknown, CallMessage>('gatepass:call'),
})

/** Whether somebody watches calls. Older versions of Node.js 20 do not say so of the five channels together. */
export function callsAreWatched(): boolean {
  const { start, end, asyncStart, asyncEnd, error } = channels.call
  return (
    start.hasSubscribers || asyncEnd.hasSubscribers || error.hasSubscribers || end.hasSubscribers || asyncStart.hasSubscribers
  )
}
