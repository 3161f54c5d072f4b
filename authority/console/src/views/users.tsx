/** Users: who may sign in, and with which roles. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { call, under, USERS } from '../api'
import { onLeave } from '../route'
import { CHANGE_USERS, may, me } from '../session'
import { Instant } from '../time'
import { Confirm } from '../ui/confirm'
import { Failure } from '../ui/failure'
import { say } from '../ui/say'
import { Name, plural, shown } from '../ui/text'
import type { User } from '../wire'
import { UserEditor } from './userEditor'

/** As many as the server gives at a time. */
const PAGE = 1000

async function read(search: string): Promise<User[]> {
  const users: User[] = []
  let cursor: string | undefined
  do {
    const query = { searchFilter: search, pageSize: PAGE, cursor }
    const page: { users: User[]; cursor?: string } = await call('GET', USERS, { query })
    users.push(...page.users)
    cursor = page.cursor
  } while (cursor !== undefined)
  return users
}

type Open = { kind: 'new' } | { kind: 'edit' | 'password' | 'disable' | 'delete'; user: User }

export function Users() {
  const users = useSignal<User[] | undefined>(undefined)
  const error = useSignal<unknown>(undefined)
  const search = useSignal('')
  const open = useSignal<Open | undefined>(undefined)
  const close = () => {
    open.value = undefined
  }
  const load = () => {
    const asked = search.value
    error.value = undefined
    read(asked).then(
      (found) => {
        if (asked === search.value) users.value = found
      },
      (failed: unknown) => (error.value = failed),
    )
  }
  useEffect(() => {
    load()
    return onLeave(close)
  }, [])
  const edits = may(CHANGE_USERS)
  const done = (text: string) => {
    say(text)
    close()
    load()
  }
  const now = open.value
  const setActive = async (user: User, active: boolean) => {
    await call('PUT', under(USERS, user.username), { body: { ...user, password: null, active } })
    done(`${shown(user.username)} is ${active ? 'enabled' : 'disabled, and signed out'}.`)
  }
  return (
    <>
      <header class="head">
        <h1 tabIndex={-1}>Users</h1>
        {edits && (
          <button type="button" class="primary" onClick={() => (open.value = { kind: 'new' })}>
            <span aria-hidden="true">+ </span>Create user
          </button>
        )}
      </header>
      <div class="tools" role="search" aria-label="Users">
        <input
          type="search"
          aria-label="Search users"
          placeholder="Search by name or e-mail…"
          value={search.value}
          onInput={(event) => {
            search.value = event.currentTarget.value
            load()
          }}
        />
        <span class="count" role="status" aria-live="polite">
          {users.value ? plural(users.value.length, 'user') : 'Loading users…'}
        </span>
      </div>
      <Failure error={error.value} onRetry={load} />
      {users.value?.length === 0 && (
        <div class="empty">
          <p>No user fits this search.</p>
        </div>
      )}
      {users.value && users.value.length > 0 && (
        <div class="scroll" role="region" aria-label="Users" tabIndex={0}>
          <table class="list">
            <thead>
              <tr>
                <th scope="col">User name</th>
                <th scope="col">Name</th>
                <th scope="col">Roles</th>
                <th scope="col">Status</th>
                <th scope="col">Password set</th>
                {edits && (
                  <th scope="col">
                    <span class="unseen">Actions</span>
                  </th>
                )}
              </tr>
            </thead>
            <tbody>
              {users.value.map((user) => (
                <tr key={user.username}>
                  <th scope="row">
                    <Name>{user.username}</Name>
                    {user.username === me.value?.username && <span class="quiet"> (you)</span>}
                  </th>
                  <td>
                    {shown([user.firstName, user.lastName].filter(Boolean).join(' '))}
                    {user.email && <div class="quiet">{shown(user.email)}</div>}
                  </td>
                  <td>{user.roles.map(shown).join(', ') || <span class="quiet">None</span>}</td>
                  <td>
                    <span class={`chip ${user.active ? 'active' : 'revoked'}`}>{user.active ? 'Active' : 'Disabled'}</span>
                  </td>
                  <td>
                    <Instant at={user.passwordOn} to="day" />
                  </td>
                  {edits && (
                    <td class="deeds">
                      <button type="button" aria-label={`Edit ${shown(user.username)}`} onClick={() => (open.value = { kind: 'edit', user })}>
                        Edit
                      </button>
                      <button
                        type="button"
                        aria-label={`Set the password of ${shown(user.username)}`}
                        onClick={() => (open.value = { kind: 'password', user })}
                      >
                        Password
                      </button>
                      <button
                        type="button"
                        aria-label={`${user.active ? 'Disable' : 'Enable'} ${shown(user.username)}`}
                        onClick={() => (open.value = { kind: 'disable', user })}
                      >
                        {user.active ? 'Disable' : 'Enable'}
                      </button>
                      <button type="button" aria-label={`Delete ${shown(user.username)}`} onClick={() => (open.value = { kind: 'delete', user })}>
                        Delete
                      </button>
                    </td>
                  )}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {(now?.kind === 'new' || now?.kind === 'edit' || now?.kind === 'password') && (
        <UserEditor kind={now.kind} user={now.kind === 'new' ? undefined : now.user} onDone={done} onClose={close} />
      )}
      {now?.kind === 'disable' && (
        <Confirm
          title={now.user.active ? 'Disable user' : 'Enable user'}
          action={now.user.active ? 'Disable' : 'Enable'}
          onClose={close}
          onDo={() => setActive(now.user, !now.user.active)}
        >
          <p>
            <Name>{now.user.username}</Name>{' '}
            {now.user.active ? 'is signed out, and cannot sign in until enabled again.' : 'can sign in again.'}
          </p>
        </Confirm>
      )}
      {now?.kind === 'delete' && (
        <Confirm
          title="Delete user"
          action="Delete"
          typed={now.user.username}
          onClose={close}
          onDo={async () => {
            await call('DELETE', under(USERS, now.user.username))
            done(`${shown(now.user.username)} is deleted.`)
          }}
        >
          <p>They are signed out, and gone. Tokens that they made stay.</p>
        </Confirm>
      )}
    </>
  )
}
