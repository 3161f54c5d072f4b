/** One's own password. */
import { useState } from 'preact/hooks'
import { changePassword, me } from '../session'
import { Dialog } from '../ui/dialog'
import { Failure, useWork, wrongWith } from '../ui/failure'
import { Field } from '../ui/field'
import { say } from '../ui/say'

export function Password({ onClose }: { onClose: () => void }) {
  const [current, setCurrent] = useState('')
  const [next, setNext] = useState('')
  const [again, setAgain] = useState('')
  const { busy, error, run } = useWork()
  const differs = again !== '' && again !== next
  return (
    <Dialog title="Change password" onClose={onClose} busy={busy}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (next !== again) return
          run(async () => {
            await changePassword(current, next)
            say('Your password is changed. All other sessions have ended.')
            onClose()
          })
        }}
      >
        <input type="text" name="username" autocomplete="username" value={me.value?.username} hidden readOnly />
        <Field label="Current password" error={wrongWith(error, 'currentPassword')}>
          {(given) => (
            <input
              {...given}
              type="password"
              required
              autofocus
              autocomplete="current-password"
              value={current}
              onInput={(event) => setCurrent(event.currentTarget.value)}
            />
          )}
        </Field>
        <Field label="New password" error={wrongWith(error, 'newPassword', 'password')} hint="At least 15 characters; a few words do well.">
          {(given) => (
            <input
              {...given}
              type="password"
              required
              minLength={15}
              maxLength={1000}
              autocomplete="new-password"
              value={next}
              onInput={(event) => setNext(event.currentTarget.value)}
            />
          )}
        </Field>
        <Field label="New password again" error={differs ? 'It differs from the one above.' : undefined}>
          {(given) => (
            <input
              {...given}
              type="password"
              required
              autocomplete="new-password"
              value={again}
              onInput={(event) => setAgain(event.currentTarget.value)}
            />
          )}
        </Field>
        <Failure error={error} />
        <div class="actions">
          <button type="button" onClick={onClose} disabled={busy}>
            Cancel
          </button>
          <button type="submit" class="primary" disabled={busy || differs}>
            {busy ? 'Changing…' : 'Change password'}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
