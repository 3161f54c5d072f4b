/** A labelled field, its hint, and what is wrong with it. */
import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'

interface Given {
  id: string
  'aria-describedby': string | undefined
  'aria-invalid': boolean | undefined
}

interface Props {
  label: string
  hint?: ComponentChildren
  error?: string | undefined
  children: (given: Given) => ComponentChildren
}

export function Field({ label, hint, error, children }: Props) {
  const id = useId()
  const said = [hint ? `${id}-hint` : '', error ? `${id}-error` : ''].filter(Boolean).join(' ')
  const given = { id, 'aria-describedby': said || undefined, 'aria-invalid': error ? true : undefined }
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children(given)}
      {hint && (
        <p id={`${id}-hint`} class="hint">
          {hint}
        </p>
      )}
      {error && (
        <p id={`${id}-error`} class="wrong">
          {error}
        </p>
      )}
    </div>
  )
}
