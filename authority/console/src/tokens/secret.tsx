/** A secret, shown once. It is in no store, no address and no log; when this is closed it is nowhere on the page. */
import { useRef, useState } from 'preact/hooks'
import { Both, distance } from '../time'
import { Dialog } from '../ui/dialog'
import { Name } from '../ui/text'
import type { Issued } from '../wire'

interface Props {
  issued: Issued
  /** Whether an older secret may be good as well, after a rotation. */
  grace?: boolean
  onClose: () => void
}

export function SecretShown({ issued: { secret, token }, grace, onClose }: Props) {
  const text = useRef<HTMLElement>(null)
  const [copied, setCopied] = useState<boolean | undefined>(undefined)
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(secret)
      setCopied(true)
    } catch {
      // Not permitted here: then it is selected, to be copied by hand.
      if (text.current) getSelection()?.selectAllChildren(text.current)
      setCopied(false)
    }
  }
  return (
    <Dialog title={grace === undefined ? 'Access token generated' : 'Secret rotated'} onClose={onClose} firm>
      <p class="warning" role="note">
        <strong>Copy it now.</strong> This is the only time that it is shown, and nobody can look it up afterwards. Keep it
        where secrets are kept, not in a mail or a ticket.
      </p>
      <code ref={text} class="secret" tabIndex={0} translate={false} aria-label="The secret">
        {secret}
      </code>
      <div class="actions start">
        <button type="button" class="primary" onClick={copy} autofocus>
          Copy secret
        </button>
        <span role="status" aria-live="polite">
          {copied === true && 'Copied.'}
          {copied === false && 'Selected: press Ctrl+C or ⌘C to copy it.'}
        </span>
      </div>
      <dl class="facts">
        <dt>Token</dt>
        <dd>
          <Name>{token.name}</Name>
        </dd>
        <dt>Expires</dt>
        <dd>{token.expiresOn ? <Both at={token.expiresOn} /> : 'Never'}</dd>
        {grace && token.graceUntil && (
          <>
            <dt>Old secret</dt>
            <dd>
              good until <Both at={token.graceUntil} />, {distance(token.graceUntil)}
            </dd>
          </>
        )}
      </dl>
      <div class="actions">
        <button type="button" onClick={onClose}>
          I have stored it
        </button>
      </div>
    </Dialog>
  )
}
