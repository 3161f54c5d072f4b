/** The views there are: where each is, what it is called, the scope that opens it. Another one is one more line. */
import type { ComponentType } from 'preact'
import { SEE_AUDIT, SEE_ROLES, SEE_SETTINGS, SEE_TOKENS, SEE_USERS } from './session'
import { Tokens } from './tokens/page'
import { Audit } from './views/audit'
import { Roles } from './views/roles'
import { Users } from './views/users'
import { Validators } from './views/validators'

export interface View {
  at: string
  title: string
  needs: string
  Shown: ComponentType
}

export const VIEWS: readonly View[] = [
  { at: 'tokens', title: 'Access tokens', needs: SEE_TOKENS, Shown: Tokens },
  { at: 'roles', title: 'Roles', needs: SEE_ROLES, Shown: Roles },
  { at: 'users', title: 'Users', needs: SEE_USERS, Shown: Users },
  { at: 'validators', title: 'External token validators', needs: SEE_SETTINGS, Shown: Validators },
  { at: 'audit', title: 'Audit trail', needs: SEE_AUDIT, Shown: Audit },
]
