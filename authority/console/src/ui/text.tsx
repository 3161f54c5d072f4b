/** Text of others: names may have anything in them. */

/** What changes the direction of a line, or takes no room: it is shown by its number, so that no name looks like another. */
const HIDDEN =
  /[\u00AD\u061C\u180E\u200B\u200C\u200E\u200F\u202A-\u202E\u2060-\u2069\uFEFF]|(?<![\p{Extended_Pictographic}\uFE0F\u{1F3FB}-\u{1F3FF}])\u200D/gu

const number = (c: string) => `‹U+${(c.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}›`

export function shown(text: string): string {
  return text.replace(HIDDEN, number)
}

export function Name({ children }: { children: string }) {
  const text = shown(children)
  return (
    <bdi class="name" title={text.length > 40 ? text : undefined}>
      {text}
    </bdi>
  )
}

export function plural(count: number, one: string): string {
  return `${count.toLocaleString()} ${one}${count === 1 ? '' : 's'}`
}
