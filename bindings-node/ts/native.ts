import { join } from 'node:path'
import { GatepassError, internal } from './error.js'
import { PLATFORMS, platform } from './platform.js'

/** The native layer, as `src/` exports it. Requests and answers are JSON, except where a secret is among them. */
export interface Native {
  Call: new (traceparent?: string, tracestate?: string) => NativeCall
  Clock: new (now: string) => NativeClock
  Credential: {
    value(secret: NativeSecret): NativeCredential
    env(name: string): NativeCredential
    file(path: string): NativeCredential
    callable(ask: () => Promise<string>): NativeCredential
  }
  Filter: {
    equals(attribute: string, value: string | Uint8Array): NativeFilter
    atLeast(attribute: string, value: string | Uint8Array): NativeFilter
    atMost(attribute: string, value: string | Uint8Array): NativeFilter
    approximately(attribute: string, value: string | Uint8Array): NativeFilter
    present(attribute: string): NativeFilter
    substring(attribute: string, begin: string, between: readonly string[], end: string): NativeFilter
    matches(attribute: string, rule: string, value: string | Uint8Array): NativeFilter
    all(filters: readonly NativeFilter[]): NativeFilter
    any(filters: readonly NativeFilter[]): NativeFilter
    raw(text: string): NativeFilter
  }
  Kept: new () => NativeKept
  ScimFilter: {
    compares(path: string, operator: string, value: string): NativeScimFilter
    contains(path: string, text: string): NativeScimFilter
    startsWith(path: string, text: string): NativeScimFilter
    endsWith(path: string, text: string): NativeScimFilter
    present(path: string): NativeScimFilter
    oneOf(path: string, filter: NativeScimFilter): NativeScimFilter
    raw(text: string): NativeScimFilter
  }
  Secret: new (text: string) => NativeSecret
  Subjects: {
    rest(client: NativeRestClient): NativeSubjects
    callable(find: (search: string) => Promise<string[]>): NativeSubjects
  }
  open(store: string, options: string, clock?: NativeClock, call?: NativeCall): Promise<NativeGatepass>
  connect(
    urls: string[],
    options: string,
    credential?: NativeCredential,
    password?: string,
    clientCertificate?: string,
    clock?: NativeClock,
  ): NativeGatepass
  rest(
    url: string,
    options: string,
    credential?: NativeCredential,
    clientCertificate?: string,
    clock?: NativeClock,
  ): NativeRestClient
  scim(
    url: string,
    options: string,
    credential?: NativeCredential,
    clientCertificate?: string,
    clock?: NativeClock,
  ): NativeScimClient
  reasons(): string
  answer(reason: string, realm: string, scope?: string): string
  idempotencyKey(): string
  scannerRule(brand?: string): string
  checkDn(dn: string): void
  dnChild(dn: string, attribute: string, value: string): string
  dnParent(dn: string): string | null
  dnRdn(dn: string): string | null
  dnIsWithin(dn: string, base: string): boolean
  checkExpires(expires: string): void
  externalVerifier(
    validators: string,
    options: string,
    subjects?: NativeSubjects,
    clock?: NativeClock,
    call?: NativeCall,
  ): Promise<NativeVerifier>
  fixedExternalVerifier(validators: string, keys: string, clock?: NativeClock): NativeVerifier
  fixedVerifier(
    records: string,
    roles: string,
    maxStalenessMs: number | undefined,
    proved: boolean,
    clock?: NativeClock,
  ): NativeVerifier
  expiry(expires: string | undefined, policy: string | undefined, now: string): string | null
  permittedScopes(roles: string[], custom: string): string[]
  rewrittenRole(role: string): string
  issue(deed: string, by: string, custom: string, policy: string | undefined, now: string): NativeOutcome
}

export interface NativeCall {
  giveUp(): void
}

export interface NativeClock {
  set(now: string): void
  advance(millis: number): void
  advanceBootTime(millis: number): void
  now(): string
}

export interface NativeCredential {
  shown(): string
}

export interface NativeSecret {
  reveal(): string
  redacted(): string
  equals(other: NativeSecret): boolean
  id(): string | null
  api(): string | null
  brand(): string | null
  digest(): string
}

export interface NativeIssued {
  secret(): NativeSecret
  token(): string
  revision(): number
}

export interface NativeOutcome {
  secret(): NativeSecret | null
  record(): string
}

/** Who finds whom a token acts as. */
export interface NativeSubjects {
  readonly subjects?: never
}

export interface NativeVerifier {
  guard(api: string, scopes: string[], kept: NativeKept): NativeGuard
  state(): string
  keyHealth(): string
  validatorFaults(): string
  watch(tell: (state: string) => void): void
  waitFor(revision: number, call?: NativeCall): Promise<void>
  close(): Promise<void>
}

/** A number for what is known already, a text for what is new: see `src/check.rs`. */
export type Said = number | string
export type NativeCheck = (given: unknown, peer: unknown) => Said

export interface NativeRemoteVerifier {
  guard(api: string, scopes: string[]): NativeRemoteGuard
  state(): string
}

export interface NativeRemoteGuard {
  scope(): string
  check(values: readonly string[], peer?: string, call?: NativeCall): Promise<string>
  checkSecret(secret: string, peer?: string, call?: NativeCall): Promise<string>
}

export interface NativeKept {
  forget(): void
}

export interface NativeGuard {
  check(): NativeCheck
  checkSecret(): NativeCheck
  checkAgain(authorization: string, peer?: string, call?: NativeCall): Promise<string>
  checkSecretAgain(secret: string, peer?: string, call?: NativeCall): Promise<string>
  scope(): string
  close(): void
}

export interface NativeFilter {
  not(): NativeFilter
  text(): string
}

export interface NativePages {
  next(call?: NativeCall): Promise<string | null>
  close(): Promise<void>
}

export interface NativeSearch {
  pages(): NativePages
  first(call?: NativeCall): Promise<string>
}

export interface NativeRestClient {
  url(): string
  actingAs(dn: string): NativeRestClient
  bind(call?: NativeCall): Promise<void>
  search(base: string, options: string): NativeSearch
  get(dn: string, call?: NativeCall): Promise<string>
  rootContexts(call?: NativeCall): Promise<string[]>
  add(dn: string, attributes: string, call?: NativeCall): Promise<void>
  replace(dn: string, attributes: string, call?: NativeCall): Promise<void>
  modify(dn: string, mods: string, call?: NativeCall): Promise<void>
  rename(dn: string, newRdn: string, newSuperior?: string, call?: NativeCall): Promise<void>
  delete(dn: string, tree: boolean, call?: NativeCall): Promise<void>
  bulk(operations: string, call?: NativeCall): Promise<string>
  close(): void
}

export interface NativeScimFilter {
  and(other: NativeScimFilter): NativeScimFilter
  or(other: NativeScimFilter): NativeScimFilter
  not(): NativeScimFilter
  text(): string
}

export interface NativeScimClient {
  url(): string
  resourceTypes(call?: NativeCall): Promise<string>
  schemas(call?: NativeCall): Promise<string>
  serviceProviderConfig(call?: NativeCall): Promise<string>
  resources(endpoint: string, options: string): NativeResources
  close(): void
}

export interface NativeResources {
  get(id: string, unless?: string, call?: NativeCall): Promise<string | null>
  create(resource: string, call?: NativeCall): Promise<string>
  replace(id: string, resource: string, call?: NativeCall): Promise<string>
  patch(id: string, operations: string, call?: NativeCall): Promise<string | null>
  delete(id: string, call?: NativeCall): Promise<void>
  list(options: string): NativeList
}

export interface NativeList {
  pages(): NativePages
  page(call?: NativeCall): Promise<string>
  first(call?: NativeCall): Promise<string | null>
  count(call?: NativeCall): Promise<number>
}

export interface NativeGatepass {
  place(): string
  revision(): number
  verifier(options: string, subjects?: NativeSubjects, call?: NativeCall): Promise<NativeVerifier>
  remoteVerifier(options: string): NativeRemoteVerifier
  createToken(asked: string, key?: string, call?: NativeCall): Promise<NativeIssued>
  token(name: string, call?: NativeCall): Promise<string>
  tokenPage(filter: string, cursor?: string, limit?: number, call?: NativeCall): Promise<string>
  violations(call?: NativeCall): Promise<string>
  rotateToken(name: string, rotation: string, key?: string, call?: NativeCall): Promise<NativeIssued>
  rotateAndDeliver(
    name: string,
    rotation: string,
    deliver: (secret: NativeSecret) => Promise<void>,
    call?: NativeCall,
  ): Promise<NativeIssued>
  revokeToken(name: string, call?: NativeCall): Promise<string>
  revokeTokens(names: string[], call?: NativeCall): Promise<string>
  revokeEverywhere(names: string[], within: number, call?: NativeCall): Promise<string>
  replicas(call?: NativeCall): Promise<string>
  confirmed(revision: number, within: number, call?: NativeCall): Promise<string>
  revokeLeaked(secret: string, call?: NativeCall): Promise<boolean>
  deleteToken(name: string, call?: NativeCall): Promise<number>
  purgeTokens(before: string, call?: NativeCall): Promise<number>
  checkSecret(api: string, scopes: string[], secret: string, peer?: string, call?: NativeCall): Promise<string>
  roles(call?: NativeCall): Promise<string>
  role(name: string, call?: NativeCall): Promise<string>
  putRole(role: string, isNew: boolean, call?: NativeCall): Promise<string>
  cloneRole(name: string, newName: string, call?: NativeCall): Promise<string>
  deleteRole(name: string, call?: NativeCall): Promise<void>
  validators(call?: NativeCall): Promise<string>
  validator(name: string, call?: NativeCall): Promise<string>
  putValidator(validator: string, isNew: boolean, call?: NativeCall): Promise<string>
  deleteValidator(name: string, call?: NativeCall): Promise<void>
  users(call?: NativeCall): Promise<string>
  user(username: string, call?: NativeCall): Promise<string>
  createUser(username: string, profile: string, password?: string, call?: NativeCall): Promise<string>
  updateUser(username: string, change: string, password?: string, call?: NativeCall): Promise<string>
  setPassword(username: string, password: string, call?: NativeCall): Promise<void>
  deleteUser(username: string, call?: NativeCall): Promise<void>
  audit(filter: string, call?: NativeCall): Promise<string>
  lastAudit(call?: NativeCall): Promise<number>
  request(method: string, path: string, query: string, body?: string, call?: NativeCall): Promise<string>
  myself(call?: NativeCall): Promise<string>
  close(): Promise<void>
}

function load(): Native {
  const name = platform()
  const tried: string[] = []
  const causes: unknown[] = []
  // In a checkout the library lies beside the package; installed, it is a package of its own.
  for (const place of [join(__dirname, '..', `gatepass.${name}.node`), `gatepass-${name}`]) {
    try {
      return require(place) as Native
    } catch (cause) {
      tried.push(`  ${place}: ${cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause)}`)
      causes.push(cause)
    }
  }
  const known = PLATFORMS.includes(name)
  const hint = known
    ? `It comes with the package gatepass-${name}, an optional dependency. It is missing where npm was told to omit those, ` +
      'or where node_modules was installed on another platform: install again, on this one.'
    : `There is no package for ${name}; there are for ${PLATFORMS.join(', ')}.`
  throw internal('native_missing', `the native library of gatepass could not be loaded. Tried:\n${tried.join('\n')}\n${hint}`, new AggregateError(causes))
}

function unsupported(): GatepassError {
  return new GatepassError({
    kind: 'unsupported',
    code: 'unsupported_runtime',
    message: 'gatepass needs Node.js, or another runtime that loads addons of Node-API; edge runtimes do not',
    retryable: false,
  })
}

if (typeof process === 'undefined' || process.versions?.node === undefined || typeof require === 'undefined') {
  throw unsupported()
}

export const native: Native = load()
