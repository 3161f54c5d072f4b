/** What a server says of any resource: RFC 7643 section 3.1. Instants are RFC 3339. */
export interface ScimMeta {
  resourceType?: string
  created?: string
  lastModified?: string
  location?: string
  /** Which it is of its versions, for {@link Resources.ifMatch}; where the server counts them. */
  version?: string
}

/** A resource of any form. */
export interface ScimResource {
  [attribute: string]: unknown
}

/** A resource as a server keeps it: what it says, and by which it is known. */
export type Stored<T extends object> = T & { id: string; meta?: ScimMeta }

/** A resource as it is sent: its id and what is said of it are the server's to say, and may be left out. */
export type Sent<T extends object> = {
  [Key in keyof T as Key extends 'id' | 'meta' ? never : Key]: T[Key]
} & { id?: string | undefined; meta?: ScimMeta | undefined }

/** One of several values: an address, a number, a membership. */
export interface ScimMultiValue {
  value?: string
  display?: string
  /** `work`, `home`, …. */
  type?: string
  primary?: boolean
  $ref?: string
}

/** What a user is in an enterprise: RFC 7643 section 4.3. */
export interface ScimEnterpriseUser {
  employeeNumber?: string
  costCenter?: string
  organization?: string
  division?: string
  department?: string
  manager?: { value?: string; $ref?: string; displayName?: string }
}

/** Other schemas' parts of a resource, by their URNs. */
export interface ScimExtensions {
  [urn: `urn:${string}`]: unknown
}

/** A user: RFC 7643 section 4.1. */
export interface ScimUser extends ScimExtensions {
  /** The URNs of what it is: `urn:ietf:params:scim:schemas:core:2.0:User`, …. */
  schemas: string[]
  externalId?: string
  userName: string
  name?: {
    formatted?: string
    familyName?: string
    givenName?: string
    middleName?: string
    honorificPrefix?: string
    honorificSuffix?: string
  }
  displayName?: string
  nickName?: string
  profileUrl?: string
  title?: string
  userType?: string
  preferredLanguage?: string
  locale?: string
  timezone?: string
  active?: boolean
  /** Written, and never read. */
  password?: string
  emails?: ScimMultiValue[]
  phoneNumbers?: ScimMultiValue[]
  ims?: ScimMultiValue[]
  photos?: ScimMultiValue[]
  addresses?: {
    formatted?: string
    streetAddress?: string
    locality?: string
    region?: string
    postalCode?: string
    country?: string
    type?: string
    primary?: boolean
  }[]
  /** Read, and never written. */
  groups?: ScimMultiValue[]
  entitlements?: ScimMultiValue[]
  roles?: ScimMultiValue[]
  x509Certificates?: ScimMultiValue[]
  'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'?: ScimEnterpriseUser
}

/** A group: RFC 7643 section 4.2. */
export interface ScimGroup extends ScimExtensions {
  /** The URNs of what it is: `urn:ietf:params:scim:schemas:core:2.0:Group`. */
  schemas: string[]
  externalId?: string
  displayName: string
  members?: ScimMultiValue[]
}

/** A kind of resources that a server has: RFC 7643 section 6. */
export interface ResourceType {
  schemas: string[]
  id?: string
  name: string
  /** Where such resources are: `/Users`, for {@link ScimClient.resources}. */
  endpoint: string
  description?: string
  schema: string
  /** Schemas that may be there as well. */
  schemaExtensions?: { schema: string; required: boolean }[]
  meta?: ScimMeta
}

/** What resources may say: RFC 7643 section 7. */
export interface ScimSchema {
  /** Its URN. */
  id: string
  name?: string
  description?: string
  attributes: ScimAttribute[]
  meta?: ScimMeta
}

/** An attribute. Where something is not said, RFC 7643 section 2.2 says what holds. */
export interface ScimAttribute {
  name: string
  type?: 'string' | 'boolean' | 'decimal' | 'integer' | 'dateTime' | 'binary' | 'reference' | 'complex' | (string & {})
  /** What a complex one has. */
  subAttributes?: ScimAttribute[]
  multiValued: boolean
  description?: string
  required: boolean
  canonicalValues?: unknown[]
  caseExact: boolean
  mutability?: 'readOnly' | 'readWrite' | 'immutable' | 'writeOnly' | (string & {})
  returned?: 'always' | 'never' | 'default' | 'request' | (string & {})
  uniqueness?: 'none' | 'server' | 'global' | (string & {})
  referenceTypes?: string[]
}

/** What a server can do: RFC 7643 section 5. */
export interface ServiceProviderConfig {
  patch?: { supported: boolean }
  bulk?: { supported: boolean; maxOperations?: number; maxPayloadSize?: number }
  filter?: { supported: boolean; maxResults?: number }
  changePassword?: { supported: boolean }
  sort?: { supported: boolean }
  etag?: { supported: boolean }
  authenticationSchemes?: { type: string; name: string; description?: string }[]
  [more: string]: unknown
}
