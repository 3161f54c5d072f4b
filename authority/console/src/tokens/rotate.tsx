/** A new secret for a token; for how long the old one stays good is for whoever rotates to say. */
import { useRef, useState } from 'preact/hooks'
import { once } from '../api'
import { now } from '../time'
import { Dialog } from '../ui/dialog'
import { Failure, useWork } from '../ui/failure'
import { Field } from '../ui/field'
import { Name } from '../ui/text'
import type { Issued, Token } from '../wire'
import { inGrace } from './book'
import { Expiration, useExpiration } from './expiration'
import { rotate, type RotationAsked } from './tokens'

const HOUR = 3_600_000
const GRACES: [string, number][] = [
  ['None: it ends at once', 0],
  ['5 minutes', HOUR / 12],
  ['1 hour', HOUR],
  ['1 day', 24 * HOUR],
  ['7 days', 7 * 24 * HOUR],
  ['30 days', 30 * 24 * HOUR],
]

interface Props {
  token: Token
  onDone: (issued: Issued) => void
  onClose: () => void
}

export function Rotate({ token, onDone, onClose }: Props) {
  const [grace, setGrace] = useState(24 * HOUR)
  const [renew, setRenew] = useState(false)
  const [force, setForce] = useState(false)
  const expiration = useExpiration()
  const { busy, error, run } = useWork()
  const sent = useRef({ body: '', key: '' })
  const pending = inGrace(token, now())
  const submit = () =>
    run(async () => {
      const asked: RotationAsked = { graceMillis: grace, force, ...(renew ? { expires: expiration.expires } : {}) }
      const body = JSON.stringify(asked)
      if (sent.current.body !== body) sent.current = { body, key: once() }
      onDone(await rotate(token.name, asked, sent.current.key))
    })
  return (
    <Dialog title="Rotate secret" onClose={onClose} busy={busy}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (!(renew && expiration.problem)) submit()
        }}
      >
        <p>
          <Name>{token.name}</Name> gets a new secret, which is shown once. Its name, role and scopes stay.
        </p>
        <Field label="The old secret stays good for" hint="Time for those who use it to take up the new one.">
          {(given) => (
            <select {...given} value={grace} autofocus onChange={(event) => setGrace(Number(event.currentTarget.value))}>
              {GRACES.map(([text, millis]) => (
                <option key={millis} value={millis}>
                  {text}
                </option>
              ))}
            </select>
          )}
        </Field>
        {pending && (
          <label class="check">
            <input type="checkbox" required checked={force} onChange={(event) => setForce(event.currentTarget.checked)} />
            An earlier rotation is in its grace. End the older secret now.
          </label>
        )}
        <label class="check">
          <input type="checkbox" checked={renew} onChange={(event) => setRenew(event.currentTarget.checked)} />
          Set a new expiration
        </label>
        {renew && <Expiration choice={expiration} />}
        <Failure error={error} />
        <div class="actions">
          <button type="button" onClick={onClose} disabled={busy}>
            Cancel
          </button>
          <button type="submit" class="primary" disabled={busy}>
            {busy ? 'Rotating…' : 'Rotate'}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
