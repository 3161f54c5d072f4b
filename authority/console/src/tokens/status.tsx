/** What a token is good for now, in a word. */
import { me } from '../session'
import { distance, now } from '../time'
import type { Api, Token } from '../wire'
import { inGrace, type Status, statusOf } from './book'

export const STATUS: Record<Status | 'grace', string> = {
  active: 'Active',
  soon: 'Expiring soon',
  scheduled: 'Not yet valid',
  expired: 'Expired',
  revoked: 'Revoked',
  grace: 'In grace',
}

export const API: Record<Api, string> = { CONFIG: 'Configuration', SCIM: 'SCIM', REST: 'REST' }

export function status(token: Token): Status {
  return statusOf(token, now(), me.value?.soonMillis ?? 0)
}

export function Chips({ token }: { token: Token }) {
  const is = status(token)
  const title = is === 'soon' && token.expiresOn ? distance(token.expiresOn) : undefined
  return (
    <span class="chips">
      <span class={`chip ${is}`} title={title}>
        {STATUS[is]}
      </span>
      {inGrace(token, now()) && token.graceUntil && (
        <span class="chip grace" title={`The old secret is good until ${distance(token.graceUntil)}`}>
          {STATUS.grace}
        </span>
      )}
    </span>
  )
}
