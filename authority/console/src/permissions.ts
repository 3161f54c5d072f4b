/**
 * What a role permits, read out of it as it comes: whatever has a level is an area, whatever is true or false a switch. So a
 * permission that a later server adds is shown as well, and nothing here has to be changed for it.
 */
import type { Level, Permissions, Role, TokenRights } from './wire'

export const LEVELS: readonly Level[] = ['NONE', 'VIEW', 'EDIT']

/** Something that a role sets, and where: within a group, or by itself. */
export interface Place {
  group: string | undefined
  key: string
}

/** These have a form of their own. */
const APART = new Set(['gatepassPermissions', 'classicControlPanelPermission', 'dataSourceOverrides', 'defaultRole'])

function isLevel(value: unknown): value is Level {
  return value === 'NONE' || value === 'VIEW' || value === 'EDIT'
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function places(permissions: Permissions, fits: (value: unknown) => boolean): Place[] {
  const found: Place[] = []
  for (const [key, value] of Object.entries(permissions)) {
    if (APART.has(key)) continue
    if (fits(value)) found.push({ group: undefined, key })
    else if (isGroup(value)) {
      for (const [inner, own] of Object.entries(value)) {
        if (!APART.has(inner) && fits(own)) found.push({ group: key, key: inner })
      }
    }
  }
  return found
}

export const areas = (permissions: Permissions) => places(permissions, isLevel)
export const switches = (permissions: Permissions) => places(permissions, (value) => typeof value === 'boolean')

function at(permissions: Permissions, { group, key }: Place): unknown {
  const holder = group === undefined ? permissions : permissions[group]
  return isGroup(holder) ? holder[key] : undefined
}

export function level(permissions: Permissions, place: Place): Level {
  const value = at(permissions, place)
  return isLevel(value) ? value : 'NONE'
}

export const isOn = (permissions: Permissions, place: Place) => at(permissions, place) === true

/** The same role with another value there. */
export function set(role: Role, { group, key }: Place, value: Level | boolean): Role {
  if (group === undefined) return { ...role, [key]: value }
  const holder = role[group]
  return { ...role, [group]: { ...(isGroup(holder) ? holder : {}), [key]: value } }
}

/** `directoryBrowserPermission`: Directory browser. */
export function label(key: string): string {
  const words = key
    .replace(/Permissions?$|Enabled$/, '')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
  return words.charAt(0).toUpperCase() + words.slice(1)
}

export const rights = (permissions: Permissions): TokenRights => permissions.gatepassPermissions ?? {}

/** What a role permits, as lists of words. */
export function spelledOut(role: Permissions): { title: string; items: string[] }[] {
  const named = (wanted: Level) =>
    areas(role)
      .filter((place) => level(role, place) === wanted)
      .map(({ key }) => label(key))
  const on = switches(role)
    .filter((place) => isOn(role, place))
    .map(({ key }) => label(key))
  const { verify = [], issueScim, issueRest = [], issueScopes = [] } = rights(role)
  const tokens = [
    ...(issueScim ? ['issue SCIM tokens'] : []),
    ...issueRest.map((dn) => (dn === '' ? 'issue REST tokens for anybody' : `issue REST tokens within ${dn}`)),
    ...(issueScopes.includes('*') ? ['grant any scope'] : issueScopes.map((scope) => `grant ${scope}`)),
    ...(verify.length > 0 ? [`verify tokens of ${verify.join(', ')}`] : []),
  ]
  const classic = role['classicControlPanelPermission']
  const also = isGroup(classic) && classic['enabled'] === true ? [...on, 'Classic control panel'] : on
  return [
    { title: 'May change', items: named('EDIT') },
    { title: 'May view', items: named('VIEW') },
    { title: 'May also', items: [...also, ...tokens] },
  ].filter(({ items }) => items.length > 0)
}

/** A role that permits nothing, of the same shape as this one. */
export function blank(like: Role): Role {
  let role: Role = { ...structuredClone(like), name: '', defaultRole: false, entryDn: null }
  delete role.gatepassPermissions
  for (const place of areas(role)) role = set(role, place, 'NONE')
  for (const place of switches(role)) role = set(role, place, false)
  role['classicControlPanelPermission'] = { enabled: false, assumeRole: null }
  const catalog = role['dataCatalogPermissions']
  if (isGroup(catalog)) role['dataCatalogPermissions'] = { ...catalog, dataSourceOverrides: [] }
  return role
}
