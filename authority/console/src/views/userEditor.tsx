/** A user: made, changed, or given another password. */
import { useState } from 'preact/hooks'
import { call, under, USERS } from '../api'
import { me, refresh, useFresh } from '../session'
import { Dialog } from '../ui/dialog'
import { Failure, useWork, wrongWith } from '../ui/failure'
import { Field } from '../ui/field'
import { Name, shown } from '../ui/text'
import type { User } from '../wire'

interface Props {
  kind: 'new' | 'edit' | 'password'
  user: User | undefined
  onDone: (text: string) => void
  onClose: () => void
}

const BLANK: User = { username: '', firstName: null, lastName: null, email: null, active: true, roles: [] }
const TITLE = { new: 'Create user', edit: 'Edit user', password: 'Set password' }

export function UserEditor({ kind, user: given = BLANK, onDone, onClose }: Props) {
  useFresh()
  const [user, setUser] = useState(given)
  const [password, setPassword] = useState('')
  const { busy, error, run } = useWork()
  const { username } = user
  const mayGive = me.value?.grantableRoles.map(({ name }) => name) ?? []
  // Held already, and not one's own to give: it is shown, and stays as it is.
  const offered = [...new Set([...mayGive, ...given.roles])]
  const rolesDiffer = [...user.roles].sort().join('\n') !== [...given.roles].sort().join('\n')
  const save = async () => {
    if (kind === 'new') {
      await call('POST', USERS, { body: { ...user, password } })
      onDone(`${shown(username)} is created.`)
      return
    }
    await call('PUT', under(USERS, username), { body: { ...user, password: kind === 'password' ? password : null } })
    if (rolesDiffer) await call('PUT', under(USERS, username, 'roles'), { body: user.roles })
    if (username === me.value?.username) await refresh()
    onDone(kind === 'password' ? `${shown(username)} has another password, and is signed out.` : `${shown(username)} is changed.`)
  }
  const text = (key: 'firstName' | 'lastName' | 'email', label: string, email = false) => (
    <Field label={label} error={wrongWith(error, key)}>
      {(field) => (
        <input
          {...field}
          inputMode={email ? 'email' : 'text'}
          autocomplete="off"
          value={user[key] ?? ''}
          onInput={(event) => setUser({ ...user, [key]: event.currentTarget.value || null })}
        />
      )}
    </Field>
  )
  return (
    <Dialog title={TITLE[kind]} onClose={onClose} busy={busy}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          run(save)
        }}
      >
        {kind === 'new' ? (
          <Field label="User name" error={wrongWith(error, 'username', 'name')}>
            {(field) => (
              <input
                {...field}
                required
                autofocus
                autocomplete="off"
                autocapitalize="none"
                spellcheck={false}
                value={username}
                onInput={(event) => setUser({ ...user, username: event.currentTarget.value })}
              />
            )}
          </Field>
        ) : (
          <p>
            <Name>{username}</Name>
            {kind === 'password' && ' is signed out everywhere.'}
          </p>
        )}
        {kind === 'password' && <input type="text" autocomplete="username" value={username} hidden readOnly />}
        {kind !== 'edit' && (
          <Field label="Password" error={wrongWith(error, 'password')} hint="At least 15 characters; a few words do well.">
            {(field) => (
              <input
                {...field}
                type="password"
                required
                minLength={15}
                maxLength={1000}
                autofocus={kind === 'password'}
                autocomplete="new-password"
                value={password}
                onInput={(event) => setPassword(event.currentTarget.value)}
              />
            )}
          </Field>
        )}
        {kind !== 'password' && (
          <>
            <div class="two">
              {text('firstName', 'First name')}
              {text('lastName', 'Last name')}
            </div>
            {text('email', 'E-mail', true)}
            <fieldset>
              <legend>Roles</legend>
              {offered.length === 0 && <p class="quiet">You hold no role that you could give.</p>}
              {offered.map((role) => (
                <label class="check" key={role}>
                  <input
                    type="checkbox"
                    checked={user.roles.includes(role)}
                    disabled={!mayGive.includes(role)}
                    onChange={(event) =>
                      setUser({
                        ...user,
                        roles: event.currentTarget.checked ? [...user.roles, role] : user.roles.filter((one) => one !== role),
                      })
                    }
                  />
                  {shown(role)}
                </label>
              ))}
              {wrongWith(error, 'roles') && <p class="wrong">{wrongWith(error, 'roles')}</p>}
            </fieldset>
          </>
        )}
        <Failure error={error} />
        <div class="actions">
          <button type="button" onClick={onClose} disabled={busy}>
            Cancel
          </button>
          <button type="submit" class="primary" disabled={busy}>
            {busy ? 'Saving…' : 'Save'}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
