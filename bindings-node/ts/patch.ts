import { inspect } from 'node:util'

/** One change of a resource: RFC 7644 section 3.5.2. */
export interface PatchOperation {
  readonly op: 'add' | 'remove' | 'replace'
  /** What is changed; the resource as a whole, where it is not said. */
  readonly path?: string
  readonly value?: unknown
}

/**
 * Changes of a resource, done in this order, all of them or none.
 *
 * ```ts
 * new PatchOp().replace('active', false).remove('members[value eq "2819c223"]')
 * ```
 *
 * Each step gives another one; what there was before stays as it is.
 */
export class PatchOp {
  readonly operations: readonly PatchOperation[]

  constructor(operations: Iterable<PatchOperation> = []) {
    this.operations = Object.freeze([...operations])
  }

  /** Adds a value at this path: `emails`, `members`, `name.givenName`. */
  add(path: string, value: unknown): PatchOp {
    return this.#and({ op: 'add', path, value })
  }

  /** Puts a value in the place of what is at this path: `active`, `emails[type eq "work"].value`. */
  replace(path: string, value: unknown): PatchOp {
    return this.#and({ op: 'replace', path, value })
  }

  /** Takes away what is at this path: `nickName`, `members[value eq "2819c223"]`. */
  remove(path: string): PatchOp {
    return this.#and({ op: 'remove', path })
  }

  /** Adds all that this object has to the resource. */
  addAll(values: object): PatchOp {
    return this.#and({ op: 'add', value: values })
  }

  /** Replaces all that this object has in the resource. */
  replaceAll(values: object): PatchOp {
    return this.#and({ op: 'replace', value: values })
  }

  /** What is changed, and not the values, of which one may be a password. */
  [inspect.custom](_: number, options: object): string {
    return `PatchOp ${inspect(this.operations.map(({ op, path }) => (path === undefined ? op : `${op} ${path}`)), options)}`
  }

  #and(operation: PatchOperation): PatchOp {
    return new PatchOp([...this.operations, Object.freeze(operation)])
  }
}
