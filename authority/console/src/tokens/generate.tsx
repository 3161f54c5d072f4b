/** GENERATE ACCESS TOKEN: only what the one who asks may grant is offered; the server decides in any case. */
import { useRef, useState } from 'preact/hooks'
import { once } from '../api'
import { spelledOut, rights } from '../permissions'
import { me, useFresh } from '../session'
import { Dialog } from '../ui/dialog'
import { Failure, useWork, wrongWith } from '../ui/failure'
import { Field } from '../ui/field'
import { shown } from '../ui/text'
import type { Api, Issued, Permissions, Role } from '../wire'
import { Expiration, useExpiration } from './expiration'
import { API } from './status'
import { type Asked, create } from './tokens'

/** The APIs for which the one who is signed in may issue tokens. */
export function grantable(): Api[] {
  const who = me.value
  if (!who) return []
  const { issueScim, issueRest = [] } = rights(who.permissions)
  return [
    ...(who.grantableRoles.length > 0 ? (['CONFIG'] as const) : []),
    ...(issueScim ? (['SCIM'] as const) : []),
    ...(issueRest.length > 0 ? (['REST'] as const) : []),
  ]
}

const words = (text: string) => text.split(/[\s,]+/).filter(Boolean)

export function Generate({ onDone, onClose }: { onDone: (issued: Issued) => void; onClose: () => void }) {
  useFresh()
  const apis = grantable()
  const { issueRest = [], issueScopes = [] } = rights(me.value?.permissions ?? {})
  const roles = me.value?.grantableRoles ?? []
  const least = roles.find(({ name }) => name === 'Read Only') ?? roles[0]
  const [name, setName] = useState('')
  const [api, setApi] = useState<Api>(apis[0] ?? 'CONFIG')
  const [role, setRole] = useState(least?.name ?? '')
  const [target, setTarget] = useState('')
  const [scopes, setScopes] = useState('')
  const [networks, setNetworks] = useState('')
  const [description, setDescription] = useState('')
  const expiration = useExpiration()
  const { busy, error, run } = useWork()
  // The same request sent again, after no answer came, is answered with the same secret; another one is another.
  const sent = useRef({ body: '', key: '' })

  const anywhere = issueRest.includes('')
  const anyScope = issueScopes.includes('*')
  const asked = (): Asked => ({
    name,
    apiType: api,
    expires: expiration.expires,
    ...(api === 'CONFIG' ? { roles: [role] } : {}),
    ...(api === 'REST' && target.trim() ? { targetDn: target.trim() } : {}),
    ...(api !== 'CONFIG' && words(scopes).length > 0 ? { scopes: words(scopes) } : {}),
    ...(words(networks).length > 0 ? { networks: words(networks) } : {}),
    ...(description.trim() ? { description: description.trim() } : {}),
  })
  const submit = () =>
    run(async () => {
      const body = JSON.stringify(asked())
      if (sent.current.body !== body) sent.current = { body, key: once() }
      onDone(await create(asked(), sent.current.key))
    })
  const chosen = roles.find((found) => found.name === role)

  return (
    <Dialog title="Generate access token" onClose={onClose} busy={busy}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (!expiration.problem) submit()
        }}
      >
        <Field label="Token name" error={wrongWith(error, 'name')} hint="What it is for: it is shown in logs and in the audit trail.">
          {(given) => (
            <input
              {...given}
              required
              maxLength={1000}
              autofocus
              autocomplete="off"
              spellcheck={false}
              value={name}
              onInput={(event) => setName(event.currentTarget.value)}
            />
          )}
        </Field>
        <Field label="API" error={wrongWith(error, 'api', 'apiType')}>
          {(given) => (
            <select {...given} value={api} onChange={(event) => setApi(event.currentTarget.value as Api)}>
              {apis.map((one) => (
                <option key={one} value={one}>
                  {API[one]}
                </option>
              ))}
            </select>
          )}
        </Field>
        {api === 'CONFIG' && (
          <>
            <Field label="Role" error={wrongWith(error, 'roles')}>
              {(given) => (
                <select {...given} value={role} onChange={(event) => setRole(event.currentTarget.value)}>
                  {roles.map((one) => (
                    <option key={one.name} value={one.name}>
                      {shown(one.name)}
                    </option>
                  ))}
                </select>
              )}
            </Field>
            {chosen && <Spelled role={chosen} />}
          </>
        )}
        {api === 'REST' && (
          <Field
            label="Target DN"
            error={wrongWith(error, 'targetDn')}
            hint={
              anywhere
                ? 'The entry that it acts as. Without one it acts for nobody in particular.'
                : `The entry that it acts as, within ${issueRest.map(shown).join(' or ')}.`
            }
          >
            {(given) => (
              <input
                {...given}
                required={!anywhere}
                maxLength={5000}
                autocomplete="off"
                spellcheck={false}
                placeholder="uid=sync,ou=services,o=acme"
                value={target}
                onInput={(event) => setTarget(event.currentTarget.value)}
              />
            )}
          </Field>
        )}
        {api !== 'CONFIG' && issueScopes.length > 0 && (
          <Field
            label="Scopes"
            error={wrongWith(error, 'scopes')}
            hint={anyScope ? 'Of your applications, separated by spaces; none is needed.' : 'Those that you may grant; none is needed.'}
          >
            {(given) =>
              anyScope ? (
                <input
                  {...given}
                  autocomplete="off"
                  spellcheck={false}
                  placeholder="orders:read orders:write"
                  value={scopes}
                  onInput={(event) => setScopes(event.currentTarget.value)}
                />
              ) : (
                <select
                  {...given}
                  multiple
                  onChange={(event) =>
                    setScopes(Array.from(event.currentTarget.selectedOptions, (option) => option.value).join(' '))
                  }
                >
                  {issueScopes.map((scope) => (
                    <option key={scope} value={scope}>
                      {scope}
                    </option>
                  ))}
                </select>
              )
            }
          </Field>
        )}
        <Expiration choice={expiration} error={wrongWith(error, 'expires', 'zone')} />
        <details>
          <summary>Description and networks</summary>
          <Field label="Description" error={wrongWith(error, 'description')}>
            {(given) => (
              <input
                {...given}
                maxLength={1000}
                autocomplete="off"
                value={description}
                onInput={(event) => setDescription(event.currentTarget.value)}
              />
            )}
          </Field>
          <Field
            label="Networks"
            error={wrongWith(error, 'networks')}
            hint="From which it may be used, separated by spaces: 10.0.0.0/8. From anywhere when none is said."
          >
            {(given) => (
              <input
                {...given}
                autocomplete="off"
                spellcheck={false}
                value={networks}
                onInput={(event) => setNetworks(event.currentTarget.value)}
              />
            )}
          </Field>
        </details>
        <Failure error={error} />
        <div class="actions">
          <button type="button" onClick={onClose} disabled={busy}>
            Cancel
          </button>
          <button type="submit" class="primary" disabled={busy}>
            {busy ? 'Generating…' : 'Generate'}
          </button>
        </div>
      </form>
    </Dialog>
  )
}

/** What a role may do, in words. */
export function Spelled({ role }: { role: Role | Permissions }) {
  const lists = spelledOut(role)
  return (
    <dl class="facts small" aria-label="What this role may do" tabIndex={0}>
      {lists.length === 0 && <dd>It permits nothing.</dd>}
      {lists.map(({ title, items }) => (
        <>
          <dt>{title}</dt>
          <dd>{items.map(shown).join(' · ')}</dd>
        </>
      ))}
    </dl>
  )
}
