/** A role of one's own: made, cloned or changed. Levels above one's own cannot be chosen. */
import { useId, useState } from 'preact/hooks'
import { call, ROLES, under } from '../api'
import { areas, blank, isOn, label, level, LEVELS, type Place, rights, set, switches } from '../permissions'
import { me, refresh } from '../session'
import { API } from '../tokens/status'
import { Dialog } from '../ui/dialog'
import { Failure, useWork, wrongWith } from '../ui/failure'
import { Field } from '../ui/field'
import { say } from '../ui/say'
import { shown } from '../ui/text'
import type { Api, Level, Role, TokenRights } from '../wire'

interface Props {
  kind: 'new' | 'edit' | 'clone'
  /** The one to change or to clone, or one of which the new one has the shape. */
  role: Role
  onDone: () => void
  onClose: () => void
}

const TITLE = { new: 'Create role', edit: 'Edit role', clone: 'Clone role' }
const lines = (text: string) => text.split('\n').map((line) => line.trim()).filter(Boolean)

export function RoleEditor({ kind, role: given, onDone, onClose }: Props) {
  const [role, setRole] = useState<Role>(() =>
    kind === 'new' ? blank(given) : { ...given, name: kind === 'clone' ? '' : given.name, defaultRole: false },
  )
  const { busy, error, run } = useWork()
  const own = me.value?.permissions ?? {}
  const change = (place: Place, value: Level | boolean) => setRole(set(role, place, value))
  const groups = [...new Set(areas(role).map(({ group }) => group))]
  return (
    <Dialog title={TITLE[kind]} onClose={onClose} busy={busy} wide>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          run(async () => {
            if (kind === 'edit') await call('PUT', under(ROLES, role.name), { body: role })
            else await call('POST', ROLES, { body: role })
            say(`${shown(role.name)} is ${kind === 'edit' ? 'changed' : 'created'}.`)
            // What is offered may be another thing from now on.
            await refresh()
            onDone()
          })
        }}
      >
        <Field
          label="Name"
          error={wrongWith(error, 'name')}
          hint={kind === 'edit' ? 'A role keeps its name.' : undefined}
        >
          {(field) => (
            <input
              {...field}
              required
              maxLength={1000}
              autofocus
              autocomplete="off"
              readOnly={kind === 'edit'}
              value={role.name}
              onInput={(event) => setRole({ ...role, name: event.currentTarget.value })}
            />
          )}
        </Field>
        {groups.map((group) => (
          <fieldset key={group}>
            <legend>{group === undefined ? 'General' : label(group)}</legend>
            {areas(role)
              .filter((place) => place.group === group)
              .map((place) => (
                <Levels
                  key={place.key}
                  title={label(place.key)}
                  value={level(role, place)}
                  most={level(own, place)}
                  onChange={(value) => change(place, value)}
                />
              ))}
          </fieldset>
        ))}
        <fieldset>
          <legend>Also</legend>
          {switches(role).map((place) => (
            <label class="check" key={`${place.group}.${place.key}`}>
              <input
                type="checkbox"
                checked={isOn(role, place)}
                disabled={!isOn(own, place) && !isOn(role, place)}
                onChange={(event) => change(place, event.currentTarget.checked)}
              />
              {label(place.key)}
            </label>
          ))}
        </fieldset>
        <Tokens
          value={rights(role)}
          own={rights(own)}
          onChange={(gatepassPermissions) => setRole({ ...role, gatepassPermissions })}
        />
        <Failure error={error} />
        <div class="actions">
          <button type="button" onClick={onClose} disabled={busy}>
            Cancel
          </button>
          <button type="submit" class="primary" disabled={busy}>
            {busy ? 'Saving…' : 'Save role'}
          </button>
        </div>
      </form>
    </Dialog>
  )
}

interface LevelsProps {
  title: string
  value: Level
  /** The level that the one who edits holds. */
  most: Level
  onChange: (level: Level) => void
}

function Levels({ title, value, most, onChange }: LevelsProps) {
  const group = useId()
  return (
    <div class="levels" role="radiogroup" aria-label={title}>
      <span aria-hidden="true">{title}</span>
      {LEVELS.map((one) => (
        <label key={one}>
          <input
            type="radio"
            name={group}
            checked={value === one}
            disabled={LEVELS.indexOf(one) > LEVELS.indexOf(most) && value !== one}
            onChange={() => onChange(one)}
          />
          {one.charAt(0) + one.slice(1).toLowerCase()}
        </label>
      ))}
    </div>
  )
}

/** The rights over tokens of the data APIs. */
function Tokens({ value, own, onChange }: { value: TokenRights; own: TokenRights; onChange: (rights: TokenRights) => void }) {
  const verify = (api: Api, on: boolean) => {
    const rest = (value.verify ?? []).filter((one) => one !== api)
    onChange({ ...value, verify: on ? [...rest, api] : rest })
  }
  return (
    <fieldset>
      <legend>Tokens of the data APIs</legend>
      {(Object.keys(API) as Api[]).map((api) => (
        <label class="check" key={api}>
          <input
            type="checkbox"
            checked={value.verify?.includes(api) ?? false}
            disabled={!own.verify?.includes(api) && !value.verify?.includes(api)}
            onChange={(event) => verify(api, event.currentTarget.checked)}
          />
          Verify {API[api]} tokens
        </label>
      ))}
      <label class="check">
        <input
          type="checkbox"
          checked={value.issueScim ?? false}
          disabled={!own.issueScim && !value.issueScim}
          onChange={(event) => onChange({ ...value, issueScim: event.currentTarget.checked })}
        />
        Issue SCIM tokens
      </label>
      <Field label="Issue REST tokens within" hint="A DN a line, such as ou=services,o=acme.">
        {(given) => (
          <textarea
            {...given}
            rows={2}
            spellcheck={false}
            disabled={!own.issueRest?.length && !value.issueRest?.length}
            defaultValue={value.issueRest?.filter(Boolean).join('\n')}
            onChange={(event) =>
              onChange({
                ...value,
                issueRest: [...(value.issueRest?.includes('') ? [''] : []), ...lines(event.currentTarget.value)],
              })
            }
          />
        )}
      </Field>
      {(own.issueRest?.includes('') || value.issueRest?.includes('')) && (
        <label class="check">
          <input
            type="checkbox"
            checked={value.issueRest?.includes('') ?? false}
            onChange={(event) => {
              const rest = (value.issueRest ?? []).filter(Boolean)
              onChange({ ...value, issueRest: event.currentTarget.checked ? ['', ...rest] : rest })
            }}
          />
          Issue REST tokens for anybody
        </label>
      )}
      <Field label="Grant scopes" hint="A scope a line; * for any.">
        {(given) => (
          <textarea
            {...given}
            rows={2}
            spellcheck={false}
            disabled={!own.issueScopes?.length && !value.issueScopes?.length}
            defaultValue={value.issueScopes?.join('\n')}
            onChange={(event) => onChange({ ...value, issueScopes: lines(event.currentTarget.value) })}
          />
        )}
      </Field>
    </fieldset>
  )
}
