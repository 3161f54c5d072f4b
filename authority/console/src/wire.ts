/** What the server says, as far as the console looks at it. */

export type Api = 'CONFIG' | 'SCIM' | 'REST'
export type Level = 'NONE' | 'VIEW' | 'EDIT'

export interface Token {
  id?: string
  name: string
  apiType: Api
  roles?: string[]
  scopes?: string[]
  targetDn?: string
  networks?: string[]
  description?: string
  metadata?: Record<string, string>
  createdOn: string
  createdBy?: string
  notBefore?: string
  expiresOn?: string
  rotatedOn?: string
  graceUntil?: string
  revokedOn?: string
  lastUsedOn?: string
  lastUsedFrom?: string
  lastUsedVia?: string
}

export interface TokenRights {
  verify?: Api[]
  issueScim?: boolean
  issueRest?: string[]
  issueScopes?: string[]
}

/** A role's permissions: groups of levels and switches, as the server names them, whatever it names. */
export interface Permissions {
  gatepassPermissions?: TokenRights
  [key: string]: unknown
}

export interface Role extends Permissions {
  name: string
  entryDn?: string | null
  defaultRole?: boolean
}

export interface Me {
  username: string
  roles: string[]
  scopes: string[]
  permissions: Permissions
  grantableRoles: Role[]
  expiresOn: string
  sessionEnd: string
  now: string
  maxDays: number | null
  allowNever: boolean
  soonMillis: number
  server: string
  organization: string
  version: string
}

export interface User {
  username: string
  password?: string | null
  firstName: string | null
  lastName: string | null
  email: string | null
  active: boolean
  roles: string[]
  createdOn?: string
  passwordOn?: string
}

/** A validator in the vendor's form; what is optional is Gatepass's. */
export interface Validator {
  name: string
  enabled?: boolean
  apiService: string
  oidcProvider: string
  oidcDiscoveryUrl: string
  jsonWebKeySetUri: string
  scopeClaimName?: string
  expectedAudience: string
  expectedScope: string
  jwtValidationClock?: number
  claimsMapper: { claimsExpressionList: string[] }
  expectedIssuer?: string
  anyIssuer?: boolean
  algorithms?: string[]
  tokenType?: string
  maxAgeSeconds?: number
}

/** How a provider's keys are doing. */
export interface KeyReport {
  url: string
  usable: number
  unusable: number
  fetchedOn?: string
  code?: string
  message?: string
}

export interface ValidatorTest {
  keys: KeyReport
  verdict?: {
    granted: boolean
    reason?: string
    issuer?: string
    subject?: string
    targetDn?: string
    scopes?: string[]
    expiresOn?: string
  }
}

export interface AuditEntry {
  number: number
  happened: string
  action: string
  actor: string
  subject?: string
  outcome: 'done' | 'refused'
  code?: string
  peer?: string
  requestId?: string
  details?: string
}

export type Expires = { days: number } | { on: { date: string; zone: string } } | 'never'

export interface Issued {
  secret: string
  token: Token
}
