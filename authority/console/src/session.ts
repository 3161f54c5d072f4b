/** Who is signed in, how long that lasts, and what it permits. */
import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { call, Failed, PASSWORD, SESSION, whenSignedOut } from './api'
import { learnTime } from './time'
import type { Me } from './wire'

/** Not known yet, nobody, or somebody. */
export const me = signal<Me | null | undefined>(undefined)
/** Whether the session has ended under the one who is still looking at the page. */
export const expired = signal(false)

let again: PromiseWithResolvers | undefined

interface PromiseWithResolvers {
  promise: Promise<void>
  resolve: () => void
}

function waiting(): PromiseWithResolvers {
  let resolve = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

whenSignedOut(() => {
  expired.value = true
  again ??= waiting()
  return again.promise
})

function known(who: Me | null): void {
  if (who) learnTime(who.now)
  me.value = who
}

/** Asks who is signed in. */
export async function look(): Promise<void> {
  known((await call<Me | undefined>('GET', SESSION, { plain: true })) ?? null)
}

export async function signIn(username: string, password: string): Promise<void> {
  const before = me.value
  const who = await call<Me>('POST', SESSION, { body: { username, password }, plain: true })
  if (before && before.username !== who.username) {
    // Another person's page, and what was typed into it, is not for this one.
    location.reload()
    return
  }
  known(who)
  expired.value = false
  again?.resolve()
  again = undefined
}

export async function signOut(): Promise<void> {
  await call('DELETE', SESSION, { plain: true }).catch((error: unknown) => {
    if (!(error instanceof Failed) || error.status !== 401) throw error
  })
  // Nothing of what was on the page is left.
  location.hash = ''
  location.reload()
}

export async function changePassword(currentPassword: string, newPassword: string): Promise<void> {
  known(await call<Me>('PUT', PASSWORD, { body: { currentPassword, newPassword } }))
}

/** Has what is offered be as it is now: somebody else may have changed a role meanwhile. */
export function useFresh(): void {
  useEffect(() => {
    refresh().catch(() => {}) // then it is as it was; the server decides in any case
  }, [])
}

/** Asks again for what is permitted, after a role has changed. */
export async function refresh(): Promise<void> {
  known(await call<Me>('PUT', SESSION))
}

const MINUTE = 60_000
/** Renewed so long before the end, if the page was used in the meantime. */
const AHEAD = 30 * MINUTE

/** Keeps the session while the page is used; one that nobody uses ends by itself. */
export function keepAlive(): void {
  let used = true
  for (const kind of ['pointerdown', 'keydown']) addEventListener(kind, () => (used = true), { passive: true })
  setInterval(() => {
    const who = me.value
    if (!who || expired.value || !used) return
    const left = Date.parse(who.expiresOn) - Date.parse(who.now) - (Date.now() - lookedAt)
    if (left > AHEAD) return
    used = false
    refresh().catch(() => {}) // whatever is asked for next says what is wrong
  }, MINUTE)
}

let lookedAt = Date.now()
me.subscribe(() => {
  lookedAt = Date.now()
})

/** Whether the one who is signed in holds this scope. */
export function may(scope: string): boolean {
  return me.value?.scopes.includes(`SCOPE_${scope}`) ?? false
}

export const SEE_TOKENS = 'ADMINISTRATION_ACCESS_TOKENS_VIEW'
export const CHANGE_TOKENS = 'ADMINISTRATION_ACCESS_TOKENS_EDIT'
export const SEE_ROLES = 'ADMINISTRATION_ROLES_VIEW'
export const CHANGE_ROLES = 'ADMINISTRATION_ROLES_EDIT'
export const SEE_USERS = 'ADMINISTRATION_USER_MANAGEMENT_VIEW'
export const CHANGE_USERS = 'ADMINISTRATION_USER_MANAGEMENT_EDIT'
export const SEE_SETTINGS = 'SETTINGS_VIEW'
export const CHANGE_SETTINGS = 'SETTINGS_EDIT'
export const SEE_AUDIT = 'SECURITY_ACCESS_CONTROL_VIEW'
