/** Roles: what each permits, side by side, and the ones that can be changed. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { call, ROLES, under } from '../api'
import { areas, isOn, label, level, type Place, switches } from '../permissions'
import { onLeave } from '../route'
import { CHANGE_ROLES, may } from '../session'
import { Spelled } from '../tokens/generate'
import { Confirm } from '../ui/confirm'
import { Dialog } from '../ui/dialog'
import { Failure } from '../ui/failure'
import { say } from '../ui/say'
import { Name, shown } from '../ui/text'
import type { Role } from '../wire'
import { RoleEditor } from './roleEditor'

/** Roles that are asked for at a time. */
const AT_ONCE = 6

async function read(): Promise<Role[]> {
  const names = (await call<{ name: string }[]>('GET', ROLES)).map(({ name }) => name)
  const found: Role[] = []
  let next = 0
  const one = async () => {
    for (let at = next++; at < names.length; at = next++) {
      found[at] = await call<Role>('GET', under(ROLES, names[at] ?? ''))
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, one))
  return found
}

type Open = { kind: 'look' | 'edit' | 'clone' | 'delete'; role: Role } | { kind: 'new'; role: Role }

export function Roles() {
  const roles = useSignal<Role[] | undefined>(undefined)
  const error = useSignal<unknown>(undefined)
  const open = useSignal<Open | undefined>(undefined)
  const close = () => {
    open.value = undefined
  }
  const load = () => {
    error.value = undefined
    read().then(
      (found) => (roles.value = found),
      (failed: unknown) => (error.value = failed),
    )
  }
  useEffect(() => {
    load()
    return onLeave(close)
  }, [])
  const edits = may(CHANGE_ROLES)
  const like = roles.value?.find(({ defaultRole }) => defaultRole)
  const now = open.value
  const done = () => {
    close()
    load()
  }
  return (
    <>
      <header class="head">
        <h1 tabIndex={-1}>Roles</h1>
        {edits && like && (
          <button type="button" class="primary" onClick={() => (open.value = { kind: 'new', role: like })}>
            <span aria-hidden="true">+ </span>Create role
          </button>
        )}
      </header>
      <Failure error={error.value} onRetry={load} />
      {!roles.value && !error.value && <p class="quiet">Loading roles…</p>}
      {roles.value && <Matrix roles={roles.value} onLook={(role) => (open.value = { kind: 'look', role })} />}
      {now?.kind === 'look' && (
        <Dialog title={<Name>{now.role.name}</Name>} onClose={close} wide>
          <p class="quiet">{now.role.defaultRole ? 'Comes with the product, and cannot be changed.' : 'A role of your own.'}</p>
          <Spelled role={now.role} />
          {now.role.entryDn && (
            <p>
              Group in the directory: <Name>{now.role.entryDn}</Name>
            </p>
          )}
          <div class="actions">
            {edits && !now.role.defaultRole && (
              <>
                <button type="button" onClick={() => (open.value = { ...now, kind: 'edit' })}>
                  Edit
                </button>
                <button type="button" onClick={() => (open.value = { ...now, kind: 'delete' })}>
                  Delete
                </button>
              </>
            )}
            {edits && (
              <button type="button" onClick={() => (open.value = { ...now, kind: 'clone' })}>
                Clone
              </button>
            )}
            <button type="button" class="primary" autofocus onClick={close}>
              Close
            </button>
          </div>
        </Dialog>
      )}
      {(now?.kind === 'new' || now?.kind === 'edit' || now?.kind === 'clone') && (
        <RoleEditor kind={now.kind} role={now.role} onDone={done} onClose={close} />
      )}
      {now?.kind === 'delete' && (
        <Confirm
          title="Delete role"
          action="Delete"
          typed={now.role.name}
          onClose={close}
          onDo={async () => {
            await call('DELETE', under(ROLES, now.role.name))
            say(`${shown(now.role.name)} is deleted.`)
            done()
          }}
        >
          <p>A role that a token or a user holds is not deleted.</p>
        </Confirm>
      )}
    </>
  )
}

const SIGN = { NONE: '–', VIEW: 'View', EDIT: 'Edit' }

function Matrix({ roles, onLook }: { roles: Role[]; onLook: (role: Role) => void }) {
  const like = roles.find(({ defaultRole }) => defaultRole) ?? roles[0]
  if (!like) return null
  const row = (place: Place, cell: (role: Role) => preact.ComponentChildren) => (
    <tr key={`${place.group}.${place.key}`}>
      <th scope="row">
        {place.group && <span class="quiet">{label(place.group)} · </span>}
        {label(place.key)}
      </th>
      {roles.map((role) => (
        <td key={role.name}>{cell(role)}</td>
      ))}
    </tr>
  )
  return (
    <div class="scroll" role="region" aria-label="What each role permits" tabIndex={0}>
      <table class="matrix">
        <thead>
          <tr>
            <th scope="col">Permission</th>
            {roles.map((role) => (
              <th scope="col" key={role.name}>
                <button type="button" class="link" onClick={() => onLook(role)}>
                  <Name>{role.name}</Name>
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {areas(like).map((place) =>
            row(place, (role) => {
              const is = level(role, place)
              return <span class={`level ${is.toLowerCase()}`}>{SIGN[is]}</span>
            }),
          )}
          {switches(like).map((place) =>
            row(place, (role) => <span class={`level ${isOn(role, place) ? 'edit' : 'none'}`}>{isOn(role, place) ? 'Yes' : '–'}</span>),
          )}
        </tbody>
      </table>
    </div>
  )
}
