/** Asks before something is done that cannot be undone. */
import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { Dialog } from './dialog'
import { Failure, useWork } from './failure'
import { Field } from './field'
import { Name, shown } from './text'

interface Props {
  title: string
  action: string
  children: ComponentChildren
  /** What has to be typed first. */
  typed?: string
  onDo: () => Promise<void>
  onClose: () => void
}

export function Confirm({ title, action, children, typed, onDo, onClose }: Props) {
  const [text, setText] = useState('')
  const { busy, error, run } = useWork()
  // As it is, or as it is shown: what takes no room cannot be typed.
  const fits = typed === undefined || text === typed || text === shown(typed)
  return (
    <Dialog title={title} onClose={onClose} busy={busy} alert>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (fits) run(onDo)
        }}
      >
        {children}
        {typed !== undefined && (
          <Field label="Type the name to confirm" hint={<Name>{typed}</Name>}>
            {(given) => (
              <input
                {...given}
                autocomplete="off"
                spellcheck={false}
                autofocus
                value={text}
                onInput={(event) => setText(event.currentTarget.value)}
              />
            )}
          </Field>
        )}
        <Failure error={error} />
        <div class="actions">
          <button type="button" onClick={onClose} disabled={busy}>
            Cancel
          </button>
          <button type="submit" class="danger" disabled={busy || !fits}>
            {busy ? 'Working…' : action}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
