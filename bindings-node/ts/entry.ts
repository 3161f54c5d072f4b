import { inspect } from 'node:util'

/** What is said of an entry, by the names of attributes: a value, or a list of them. */
export type Attributes = Readonly<Record<string, string | readonly string[] | undefined>>

/** An entry of a directory. */
export class Entry {
  /** Its name (RFC 4514). */
  readonly dn: string
  /**
   * What is said of it: always lists, by the names as the server writes them. A value that is no text is its JSON: a complex
   * attribute of RadiantOne's, a number.
   */
  readonly attributes: Readonly<Record<string, readonly string[]>>

  /** @internal */
  constructor(dn: string, attributes: Readonly<Record<string, readonly string[]>>) {
    this.dn = dn
    this.attributes = attributes
  }

  /** The values of an attribute, in any case of its name; undefined where it is not there. */
  get(attribute: string): readonly string[] | undefined {
    const { attributes } = this
    if (Object.hasOwn(attributes, attribute)) return attributes[attribute]
    const wanted = attribute.toLowerCase()
    const name = Object.keys(attributes).find((name) => name.toLowerCase() === wanted)
    return name === undefined ? undefined : attributes[name]
  }

  /** The first value of an attribute, in any case of its name. */
  first(attribute: string): string | undefined {
    return this.get(attribute)?.[0]
  }

  /** The names of its attributes, and not the values, of which one may be a password. */
  [inspect.custom](_: number, options: object): string {
    return `Entry ${inspect({ dn: this.dn, attributes: Object.keys(this.attributes) }, options)}`
  }
}

type Parts = Pick<Entry, 'dn' | 'attributes'>

/** @internal */
export function entryOf({ dn, attributes }: Parts): Entry {
  return new Entry(dn, attributes)
}

/** @internal */
export function entriesOf(json: string): Entry[] {
  return (JSON.parse(json) as Parts[]).map(entryOf)
}
