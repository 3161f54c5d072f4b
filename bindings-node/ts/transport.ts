import { type CredentialSource, nativeCredential } from './credential.js'
import type { NativeClock, NativeCredential } from './native.js'

/** A clock of `gatepass/testing`. */
export interface ClockLike {
  /** @internal */
  readonly native: unknown
}

/** How a server is talked to. */
export interface TransportOptions {
  /** How long one attempt may take in all; 30 s when not said. */
  timeoutMs?: number | undefined
  /** How long connecting may take; 10 s when not said. */
  connectTimeoutMs?: number | undefined
  /** How often something is tried that can safely be tried again; 4 times when not said. */
  attempts?: number | undefined
  /** Certificates (PEM) that are trusted as well as the machine's. */
  certificateAuthorities?: readonly string[] | undefined
  /** A certificate with its key (PEM, both in one) for a server that asks for one. */
  clientCertificate?: string | undefined
  /** Goes past the proxy that the environment names. */
  noProxy?: boolean | undefined
  /** Names the calling program in the user agent: `backup-job/2.1`. */
  product?: string | undefined
  /** What time it is: a clock of `gatepass/testing`. */
  clock?: ClockLike | undefined
}

/** How a client of a data API is made: the token that opens the API, and how its server is talked to. */
export interface ClientOptions extends TransportOptions {
  /** A token of the API: {@link env}, {@link file}, {@link value}, a {@link Secret} or a function. */
  credential: CredentialSource
}

/** Options as the native layer takes them: JSON, and what is in no JSON. */
export interface NativeTransport {
  asked: string
  credential: NativeCredential | undefined
  clientCertificate: string | undefined
  clock: NativeClock | undefined
}

/** Takes options apart. Who leaves the credential out is told by the native layer. */
export function nativeTransport(options: (TransportOptions & { credential?: CredentialSource | undefined }) | undefined, more: object = {}): NativeTransport {
  const { credential, clientCertificate, clock, ...rest } = options ?? {}
  return {
    asked: JSON.stringify({ ...rest, ...more }),
    credential: credential === undefined ? undefined : nativeCredential(credential),
    clientCertificate,
    clock: nativeClock(clock),
  }
}

export function nativeClock(clock: ClockLike | undefined): NativeClock | undefined {
  return clock?.native as NativeClock | undefined
}
