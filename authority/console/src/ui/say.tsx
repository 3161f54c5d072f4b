/** What came of something, for eyes and screen readers alike. */
import { signal } from '@preact/signals'

const said = signal<{ text: string; number: number } | null>(null)
let timer: ReturnType<typeof setTimeout> | undefined
let count = 0

export function say(text: string): void {
  count += 1
  said.value = { text, number: count }
  clearTimeout(timer)
  timer = setTimeout(() => {
    said.value = null
  }, 8000)
}

export function Said() {
  return (
    <div class="said" role="status" aria-live="polite">
      {said.value && <p key={said.value.number}>{said.value.text}</p>}
    </div>
  )
}
