/** How tokens end: one revoked, one deleted, many revoked, old ones purged. */
import { useState } from 'preact/hooks'
import { Both, dayFromNow, endOfDay, ZONE } from '../time'
import { Confirm } from '../ui/confirm'
import { Dialog } from '../ui/dialog'
import { Failure, useWork } from '../ui/failure'
import { Field } from '../ui/field'
import { say } from '../ui/say'
import { Name, plural, shown } from '../ui/text'
import type { Token } from '../wire'
import { purge, remove, revoke, revokeAll } from './tokens'

export function Revoke({ token, onClose }: { token: Token; onClose: () => void }) {
  return (
    <Confirm
      title="Revoke token"
      action="Revoke"
      onClose={onClose}
      onDo={async () => {
        await revoke(token.name)
        say(`${shown(token.name)} is revoked.`)
        onClose()
      }}
    >
      <p>
        <Name>{token.name}</Name> and its secrets stop working at once. It stays in the list, and cannot be brought back.
      </p>
    </Confirm>
  )
}

export function Delete({ token, onClose }: { token: Token; onClose: () => void }) {
  return (
    <Confirm
      title="Delete token"
      action="Delete"
      typed={token.name}
      onClose={onClose}
      onDo={async () => {
        await remove(token.name)
        say(`${shown(token.name)} is deleted.`)
        onClose()
      }}
    >
      <p>It stops working at once, and is gone from the list. What the audit trail says of it stays.</p>
    </Confirm>
  )
}

export function RevokeMany({ names, onClose }: { names: string[]; onClose: () => void }) {
  const [count, setCount] = useState(0)
  const { busy, error, run } = useWork()
  const rest = names.slice(count)
  return (
    <Dialog title={`Revoke ${plural(names.length, 'token')}`} onClose={onClose} busy={busy} alert>
      <p>
        {names.slice(0, 5).map((name) => (
          <span key={name}>
            <Name>{name}</Name>
            {', '}
          </span>
        ))}
        {names.length > 5 ? `and ${(names.length - 5).toLocaleString()} more ` : ''}
        stop working at once. They stay in the list, and cannot be brought back.
      </p>
      {(busy || count > 0) && (
        <p>
          <progress max={names.length} value={count} aria-label="Revoked so far" />{' '}
          <span role="status">
            {count.toLocaleString()} of {names.length.toLocaleString()}
          </span>
        </p>
      )}
      <Failure error={error} />
      <div class="actions">
        <button type="button" onClick={onClose} disabled={busy}>
          Cancel
        </button>
        <button
          type="button"
          class="danger"
          disabled={busy}
          onClick={() =>
            run(async () => {
              await revokeAll(rest, (done) => setCount(names.length - rest.length + done))
              say(`${plural(names.length, 'token')} revoked.`)
              onClose()
            })
          }
        >
          {busy ? 'Revoking…' : count > 0 ? 'Go on' : 'Revoke'}
        </button>
      </div>
    </Dialog>
  )
}

export function Purge({ onClose }: { onClose: () => void }) {
  const [date, setDate] = useState(dayFromNow(-30))
  const { busy, error, run } = useWork()
  const before = endOfDay(date, ZONE)
  return (
    <Dialog title="Purge old tokens" onClose={onClose} busy={busy} alert>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (before === undefined) return
          run(async () => {
            const purged = await purge(new Date(before).toISOString())
            say(`${plural(purged, 'token')} purged.`)
            onClose()
          })
        }}
      >
        <p>Removes the tokens that have been expired or revoked since before the end of this day, for good.</p>
        <Field label="Day" hint={<Both at={before} />}>
          {(given) => (
            <input
              {...given}
              type="date"
              required
              autofocus
              max={dayFromNow(0)}
              value={date}
              onInput={(event) => setDate(event.currentTarget.value)}
            />
          )}
        </Field>
        <Failure error={error} />
        <div class="actions">
          <button type="button" onClick={onClose} disabled={busy}>
            Cancel
          </button>
          <button type="submit" class="danger" disabled={busy || before === undefined}>
            {busy ? 'Purging…' : 'Purge'}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
