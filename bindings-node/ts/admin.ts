import { type CallOptions, call } from './call.js'
import { instantText, millis, type Span } from './expiration.js'
import type { NativeGatepass } from './native.js'
import {
  type AuditEntry,
  entryOf,
  type Outcome,
  type Receipt,
  type Replica,
  receiptOf,
  revived,
  type Role,
  type User,
  userOf,
} from './types.js'

/** The roles of a store or a server. */
export class Roles {
  readonly #native: NativeGatepass
  readonly #place: string

  /** @internal */
  constructor(native: NativeGatepass, place: string) {
    this.#native = native
    this.#place = place
  }

  /** All of them, the default ones too, by name. */
  async list(options?: CallOptions): Promise<Role[]> {
    return JSON.parse(await call('roles.list', this.#place, options, (call) => this.#native.roles(call)))
  }

  /** The role of this name; a default role under any of its names. @throws {GatepassError} `role_not_found`. */
  async get(name: string, options?: CallOptions): Promise<Role> {
    return JSON.parse(await call('roles.get', this.#place, options, (call) => this.#native.role(name, call)))
  }

  /** Adds a role. @throws {GatepassError} conflict: `name_taken`, `default_role`; forbidden by the delegation rule. */
  async create(role: Role, options?: CallOptions): Promise<Role> {
    return this.#put(role, true, options)
  }

  /** Puts this role in the place of the one of its name, whole: whoever holds it is bound by it at once. */
  async update(role: Role, options?: CallOptions): Promise<Role> {
    return this.#put(role, false, options)
  }

  /** Adds a role that permits what another one does. */
  async clone(name: string, newName: string, options?: CallOptions): Promise<Role> {
    return JSON.parse(
      await call('roles.clone', this.#place, options, (call) => this.#native.cloneRole(name, newName, call)),
    )
  }

  /** Removes a role that nobody holds. @throws {GatepassError} conflict: `default_role`, `role_in_use`. */
  async delete(name: string, options?: CallOptions): Promise<void> {
    await call('roles.delete', this.#place, options, (call) => this.#native.deleteRole(name, call))
  }

  async #put(role: Role, isNew: boolean, options?: CallOptions): Promise<Role> {
    const json = JSON.stringify(role)
    const operation = isNew ? 'roles.create' : 'roles.update'
    return JSON.parse(await call(operation, this.#place, options, (call) => this.#native.putRole(json, isNew, call)))
  }
}

/** What is said of a user; `null` takes a text away. */
export interface UserChange {
  firstName?: string | null | undefined
  lastName?: string | null | undefined
  email?: string | null | undefined
  /** Whether the user may sign in. */
  active?: boolean | undefined
  /** These roles, in the place of all. */
  roles?: readonly string[] | undefined
  /** A new password, which signs the user out everywhere. */
  password?: string | undefined
}

/** The users of a store or a server. */
export class Users {
  readonly #native: NativeGatepass
  readonly #place: string

  /** @internal */
  constructor(native: NativeGatepass, place: string) {
    this.#native = native
    this.#place = place
  }

  /** All of them, by name. */
  async list(options?: CallOptions): Promise<User[]> {
    const json = await call('users.list', this.#place, options, (call) => this.#native.users(call))
    return (JSON.parse(json) as Record<string, unknown>[]).map(userOf)
  }

  /** The user of this name. @throws {GatepassError} `user_not_found`. */
  async get(username: string, options?: CallOptions): Promise<User> {
    return userOf(
      JSON.parse(await call('users.get', this.#place, options, (call) => this.#native.user(username, call))),
    )
  }

  /** Adds a user; without a password they cannot sign in yet. */
  async create(username: string, user: UserChange = {}, options?: CallOptions): Promise<User> {
    const { password, ...profile } = user
    const json = JSON.stringify(profile)
    return userOf(
      JSON.parse(
        await call('users.create', this.#place, options, (call) =>
          this.#native.createUser(username, json, password, call),
        ),
      ),
    )
  }

  /** Changes what is said of a user, the password too where one is given, in one commit. */
  async update(username: string, change: UserChange, options?: CallOptions): Promise<User> {
    const { password, ...profile } = change
    const json = JSON.stringify(profile)
    return userOf(
      JSON.parse(
        await call('users.update', this.#place, options, (call) =>
          this.#native.updateUser(username, json, password, call),
        ),
      ),
    )
  }

  /** Sets a user's password, and signs the user out everywhere. */
  async setPassword(username: string, password: string, options?: CallOptions): Promise<void> {
    await call('users.setPassword', this.#place, options, (call) => this.#native.setPassword(username, password, call))
  }

  /** Removes a user. @throws {GatepassError} conflict, `last_administrator`. */
  async delete(username: string, options?: CallOptions): Promise<void> {
    await call('users.delete', this.#place, options, (call) => this.#native.deleteUser(username, call))
  }
}

/** The replicas that follow the authorities of a store. */
export class Replicas {
  readonly #native: NativeGatepass
  readonly #place: string

  /** @internal */
  constructor(native: NativeGatepass, place: string) {
    this.#native = native
    this.#place = place
  }

  /** All that follow, or did until lately; `connected` tells which may still accept what they have not heard of. */
  async list(options?: CallOptions): Promise<(Replica & { readonly connected: boolean })[]> {
    const json = await call('replicas.list', this.#place, options, (call) => this.#native.replicas(call))
    return (JSON.parse(json) as Record<string, unknown>[]).map((each) => revived(each))
  }

  /**
   * Waits until no replica can be without the change of this number, for `within` at the most, and tells what each has
   * said. Where none is `pending`, none accepts what the change has ended.
   */
  async confirmed(revision: number, options: CallOptions & { within: Span }): Promise<Receipt[]> {
    const { within, signal } = options
    const json = await call('replicas.confirmed', this.#place, { signal }, (call) =>
      this.#native.confirmed(revision, millis(within) as number, call),
    )
    return (JSON.parse(json) as Record<string, unknown>[]).map(receiptOf)
  }
}

/** Which entries of the audit trail are wanted: those that fit all that is said, the oldest first. */
export interface AuditFilter {
  /** After the entry of this number. */
  after?: number | undefined
  /** Actions that begin so: `token.` for all that was done to tokens. */
  action?: string | undefined
  actor?: string | undefined
  subject?: string | undefined
  outcome?: Outcome | undefined
  /** Not before this instant. */
  since?: Date | string | undefined
  /** Before this instant. */
  until?: Date | string | undefined
}

/** The audit trail of a store or a server. */
export class Audit {
  readonly #native: NativeGatepass
  readonly #place: string

  /** @internal */
  constructor(native: NativeGatepass, place: string) {
    this.#native = native
    this.#place = place
  }

  /** The entries that fit, as they are asked for. To follow the trail ask again after the number of the last one. */
  async *list(filter: AuditFilter & CallOptions = {}): AsyncGenerator<AuditEntry, void, undefined> {
    let { after = 0 } = filter
    const limit = 100
    for (;;) {
      const entries = await this.page({ ...filter, after, limit })
      yield* entries
      const last = entries.at(-1)
      if (last === undefined || entries.length < limit) return
      after = last.number
    }
  }

  /** `limit` entries (100 when not said) that fit. */
  async page(filter: AuditFilter & CallOptions & { limit?: number | undefined } = {}): Promise<AuditEntry[]> {
    const { signal, since, until, ...rest } = filter
    const asked = JSON.stringify({
      ...rest,
      since: since && instantText('since', since),
      until: until && instantText('until', until),
    })
    const json = await call('audit.page', this.#place, { signal }, (call) => this.#native.audit(asked, call))
    return (JSON.parse(json) as Record<string, unknown>[]).map(entryOf)
  }

  /** The number of the last entry. */
  async last(options?: CallOptions): Promise<number> {
    return call('audit.last', this.#place, options, (call) => this.#native.lastAudit(call))
  }
}
