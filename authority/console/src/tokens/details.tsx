/** All that is known of a token, but its secret. */
import { me, may, CHANGE_TOKENS, SEE_AUDIT } from '../session'
import { href } from '../route'
import { Both } from '../time'
import { Dialog } from '../ui/dialog'
import { Name, shown } from '../ui/text'
import type { Token } from '../wire'
import { Spelled } from './generate'
import { API, Chips } from './status'
import { Deeds, type Deed } from './table'

interface Props {
  token: Token
  onDo: (deed: Deed, token: Token) => void
  onClose: () => void
}

export function Details({ token, onDo, onClose }: Props) {
  const facts: [string, preact.ComponentChildren][] = [
    ['Status', <Chips token={token} />],
    ['API', API[token.apiType]],
    ['Role', token.roles?.map((role) => <Name key={role}>{role}</Name>)],
    ['Target DN', token.targetDn && <Name>{token.targetDn}</Name>],
    ['Scopes', token.scopes?.map(shown).join(' ')],
    ['Networks', token.networks?.join(', ')],
    ['Description', token.description && shown(token.description)],
    ['Created', <Both at={token.createdOn} />],
    ['Created by', token.createdBy && <Name>{token.createdBy}</Name>],
    ['Not before', token.notBefore && <Both at={token.notBefore} />],
    ['Expires', token.expiresOn ? <Both at={token.expiresOn} /> : 'Never'],
    ['Rotated', token.rotatedOn && <Both at={token.rotatedOn} />],
    ['Old secret good until', token.graceUntil && <Both at={token.graceUntil} />],
    ['Revoked', token.revokedOn && <Both at={token.revokedOn} />],
    ['Last used', token.lastUsedOn ? <Both at={token.lastUsedOn} /> : 'Never seen'],
    ['Used from', token.lastUsedFrom],
    ['Reported by', token.lastUsedVia && shown(token.lastUsedVia)],
    ['Id', token.id && <code>{token.id}</code>],
    ...Object.entries(token.metadata ?? {}).map(([key, value]): [string, string] => [shown(key), shown(value)]),
  ]
  const known = me.value?.grantableRoles.filter(({ name }) => token.roles?.includes(name)) ?? []
  return (
    <Dialog title={<Name>{token.name}</Name>} onClose={onClose} wide>
      <dl class="facts">
        {facts.map(
          ([title, fact]) =>
            fact !== undefined &&
            fact !== '' && (
              <>
                <dt>{title}</dt>
                <dd>{fact}</dd>
              </>
            ),
        )}
      </dl>
      {known.map((role) => (
        <details key={role.name}>
          <summary>What {shown(role.name)} may do</summary>
          <Spelled role={role} />
        </details>
      ))}
      <div class="actions">
        {may(SEE_AUDIT) && (
          <a class="button" href={href('audit', { subject: token.name })}>
            Audit trail
          </a>
        )}
        {may(CHANGE_TOKENS) && <Deeds token={token} onDo={onDo} />}
        <button type="button" class="primary" onClick={onClose} autofocus>
          Close
        </button>
      </div>
    </Dialog>
  )
}
