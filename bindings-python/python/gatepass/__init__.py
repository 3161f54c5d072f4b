"""API access tokens in the manner of RadiantOne: issue, scope, check, rotate and revoke them.

Tokens are in a store of one's own, or on a server:

    import gatepass
    from gatepass import days

    with gatepass.open("tokens.db") as gp:      # or gatepass.connect(url, credential=gatepass.file(path))
        new = gp.tokens.create("nightly-sync", api="rest", scopes=["orders:read"], expires=days(90))
        vault.put(new.secret)                   # shown once; reveal() gives the string

        guard = gp.verifier().guard(api="rest", scopes=["orders:read"])
        access = guard.require(request.headers.get("Authorization"))    # or AccessDenied

        for token in gp.tokens.list(expires_within=days(14)):
            gp.tokens.rotate(token.name, grace=days(1), deliver=vault.put)

What tokens open is read and changed by `RestClient` (a directory's entries) and `ScimClient` (resources):

    with gatepass.RestClient(adap_url, credential=gatepass.env("ADAP_TOKEN")) as rest:
        for entry in rest.search("ou=People,o=acme", filter=gatepass.Filter.starts_with("cn", "Ad")):
            print(entry.dn, entry.first("mail"))

`gatepass.aio` is the same for asyncio; `gatepass.asgi`, `gatepass.wsgi`, `gatepass.fastapi`, `gatepass.flask` and
`gatepass.django` protect applications; `gatepass.testing` is for tests. Logs go to `logging.getLogger("gatepass")`.

Whatever goes wrong is a `GatepassError` with a stable `code`; a value of a wrong type is a `TypeError`.
"""

from . import aio, testing
from ._delivery import Auth, auth, keyring, to_file, to_keyring
from ._dn import Dn
from ._entries import Attributes, BulkResult, Entry
from ._errors import (
    AccessDenied,
    Cause,
    ClosedError,
    ConflictError,
    ForbiddenError,
    GatepassError,
    IncompleteResult,
    InternalError,
    InvalidInputError,
    NotFoundError,
    ProtocolError,
    RateLimitedError,
    StorageError,
    TimedOutError,
    UnauthorizedError,
    UnavailableError,
    UnsupportedError,
)
from ._gatepass import (
    VERSION,
    Access,
    BulkOperation,
    Credential,
    Denied,
    Expiration,
    Filter,
    Granted,
    Guard,
    IdempotencyKey,
    Mod,
    Operation,
    PatchOp,
    Role,
    ScimFilter,
    Secret,
    at,
    days,
    env,
    file,
    never,
    on,
    scanner_rule,
)
from ._open import connect, external_verifier, open
from ._records import (
    AccessToken,
    Answer,
    Api,
    AuditEntry,
    Changed,
    IssuedToken,
    KeyHealth,
    Myself,
    Outcome,
    Reason,
    Receipt,
    ReceiptState,
    RemoteState,
    Replica,
    Revoked,
    ServiceAnswer,
    Status,
    User,
    VerifierState,
)
from ._rest import RestClient, Search
from ._scim import Listing, Resources, ScimClient
from ._sync import (
    Audit,
    Gatepass,
    RemoteGuard,
    RemoteVerifier,
    Replicas,
    Roles,
    Tokens,
    Users,
    Validators,
    Verifier,
)
from ._validators import ExternalTokenValidator, KeyOptions

__version__ = VERSION

__all__ = [
    "Access",
    "AccessDenied",
    "AccessToken",
    "Answer",
    "Api",
    "Attributes",
    "Audit",
    "AuditEntry",
    "Auth",
    "BulkOperation",
    "BulkResult",
    "Cause",
    "Changed",
    "ClosedError",
    "ConflictError",
    "Credential",
    "Denied",
    "Dn",
    "Entry",
    "Expiration",
    "ExternalTokenValidator",
    "Filter",
    "ForbiddenError",
    "Gatepass",
    "GatepassError",
    "Granted",
    "Guard",
    "IdempotencyKey",
    "IncompleteResult",
    "InternalError",
    "InvalidInputError",
    "IssuedToken",
    "KeyHealth",
    "KeyOptions",
    "Listing",
    "Mod",
    "Myself",
    "NotFoundError",
    "Operation",
    "Outcome",
    "PatchOp",
    "ProtocolError",
    "RateLimitedError",
    "Reason",
    "Receipt",
    "ReceiptState",
    "RemoteGuard",
    "RemoteState",
    "RemoteVerifier",
    "Replica",
    "Replicas",
    "Resources",
    "RestClient",
    "Revoked",
    "Role",
    "Roles",
    "ScimClient",
    "ScimFilter",
    "Search",
    "Secret",
    "ServiceAnswer",
    "Status",
    "StorageError",
    "TimedOutError",
    "Tokens",
    "UnauthorizedError",
    "UnavailableError",
    "UnsupportedError",
    "User",
    "Users",
    "Validators",
    "Verifier",
    "VerifierState",
    "aio",
    "at",
    "auth",
    "connect",
    "days",
    "env",
    "external_verifier",
    "file",
    "keyring",
    "never",
    "on",
    "open",
    "scanner_rule",
    "testing",
    "to_file",
    "to_keyring",
]
