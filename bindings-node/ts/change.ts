import { type Dn, named } from './dn.js'
import type { Attributes } from './entry.js'
import type { GatepassError } from './error.js'

/** A change of one attribute: made by {@link Mod.add}, {@link Mod.replace} and {@link Mod.delete}. */
export interface Mod {
  readonly attribute: string
  readonly type: 'ADD' | 'REPLACE' | 'DELETE'
  readonly values: readonly string[]
}

/** Makes changes of an attribute. */
export const Mod = Object.freeze({
  /** Adds values to an attribute. */
  add(attribute: string, values: string | readonly string[]): Mod {
    return mod('ADD', attribute, values)
  },
  /** Puts these values in the place of all that an attribute has; none remove it. */
  replace(attribute: string, values: string | readonly string[]): Mod {
    return mod('REPLACE', attribute, values)
  },
  /** Takes values away from an attribute; the attribute with all of them, where none are named. */
  delete(attribute: string, values: string | readonly string[] = []): Mod {
    return mod('DELETE', attribute, values)
  },
})

function mod(type: Mod['type'], attribute: string, values: string | readonly string[]): Mod {
  return Object.freeze({ attribute, type, values: typeof values === 'string' ? [values] : values })
}

/** An operation of {@link RestClient.bulk}, made by {@link BulkOperation.add} and its like. */
export interface BulkOperation {
  /** As HTTP has it: POST adds, PUT replaces, PATCH modifies. */
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly dn: string
  readonly params?: { readonly attributes?: Attributes; readonly mods?: readonly Mod[] }
  readonly deletetree?: boolean
}

/** Makes operations, which say the same as the methods of their names of {@link RestClient}. */
export const BulkOperation = Object.freeze({
  /** Adds an entry. */
  add(dn: Dn | string, attributes: Attributes): BulkOperation {
    return Object.freeze({ method: 'POST', dn: named(dn), params: { attributes } })
  },
  /** Replaces an entry: what is not named is gone. */
  replace(dn: Dn | string, attributes: Attributes): BulkOperation {
    return Object.freeze({ method: 'PUT', dn: named(dn), params: { attributes } })
  },
  /** Changes an entry. */
  modify(dn: Dn | string, mods: Iterable<Mod>): BulkOperation {
    return Object.freeze({ method: 'PATCH', dn: named(dn), params: { mods: [...mods] } })
  },
  /** Deletes an entry, with all below it where `tree` says so. */
  delete(dn: Dn | string, { tree = false }: { tree?: boolean | undefined } = {}): BulkOperation {
    return Object.freeze({ method: 'DELETE', dn: named(dn), deletetree: tree })
  },
})

/** What became of one of many operations: `ok` tells, and `error` says why not. */
export type BulkResult = {
  readonly method: BulkOperation['method']
  readonly dn: string
} & ({ readonly ok: true; readonly error?: undefined } | { readonly ok: false; readonly error: GatepassError })
