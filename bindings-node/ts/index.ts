/**
 * API access tokens in the manner of RadiantOne: issue, scope, check, rotate and revoke them.
 *
 * @packageDocumentation
 */
export { Audit, type AuditFilter, Replicas, Roles, type UserChange, Users } from './admin.js'
export type { CallOptions } from './call.js'
export { BulkOperation, type BulkResult, Mod } from './change.js'
export { Credential, type CredentialFunction, type CredentialSource, env, file, value } from './credential.js'
export { Dn } from './dn.js'
export { type Attributes, Entry } from './entry.js'
export { type ErrorKind, GatepassError, IncompleteResult } from './error.js'
export {
  type ExternalOptions,
  externalVerifier,
  type KeyOptions,
  type SubjectSearch,
  type SubjectSource,
  type ValidatorOptions,
} from './external.js'
export { at, type Days, days, type Expiration, never, on, type Span } from './expiration.js'
export { Filter, type FilterValue } from './filter.js'
export {
  type ConnectOptions,
  connect,
  Gatepass,
  type OpenOptions,
  open,
  type ServiceAnswer,
  type ServiceRequest,
} from './gatepass.js'
export { type Authorization, type Counters, Guard, type Peer, type Requirement } from './guard.js'
export { type CallMessage, type CheckMessage, channels, type StateMessage } from './observe.js'
export { RemoteGuard, type RemoteOptions, type RemoteState, RemoteVerifier } from './remote.js'
export type { Cursor } from './paging.js'
export { PatchOp, type PatchOperation } from './patch.js'
export { type ListOptions, type ListPage, Listing, type ReadOptions, Resources } from './resources.js'
export { RestClient, type RestOptions } from './rest.js'
export { ScimClient, type ScimOptions } from './scim.js'
export { ScimFilter, type ScimValue } from './scim-filter.js'
export type {
  ResourceType,
  ScimAttribute,
  ScimEnterpriseUser,
  ScimExtensions,
  ScimGroup,
  ScimMeta,
  ScimMultiValue,
  ScimResource,
  ScimSchema,
  ScimUser,
  Sent,
  ServiceProviderConfig,
  Stored,
} from './scim-types.js'
export { Search, type SearchOptions } from './search.js'
export { Secret } from './secret.js'
export {
  type Changed,
  type IssuedToken,
  idempotencyKey,
  type NewToken,
  type OnceOptions,
  type Revoked,
  type Rotation,
  type SecretCheck,
  type TokenFilter,
  type TokenPage,
  Tokens,
} from './tokens.js'
export type { ClientOptions, TransportOptions } from './transport.js'
export type {
  AccessToken,
  Api,
  AuditEntry,
  Level,
  Myself,
  Outcome,
  Receipt,
  Replica,
  Role,
  Status,
  TokenPolicy,
  User,
} from './types.js'
export { type Algorithm, type ExternalTokenValidator, type StoredValidator, Validators } from './validators.js'
export { Access, AccessDenied, type Answer, type Claims, Denied, Granted, type Reason, type Verdict } from './verdict.js'
export {
  type FollowOptions,
  type KeyHealth,
  type ValidatorFault,
  Verifier,
  type VerifierEvents,
  type VerifierState,
} from './verifier.js'
