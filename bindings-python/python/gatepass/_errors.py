"""What can go wrong: one class for each thing that a caller can do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from ._gatepass import Denied
    from ._records import Answer, Reason


class GatepassError(Exception):
    """The base of all errors of this package.

    `code` is stable and finer than the class (`name_taken`), and so are `field`, the argument at fault, and `kind`; the
    text is for people and may change. No part of a secret is ever in it. What lay beneath is the `__cause__`.

    >>> try:
    ...     gp.tokens.get("nobody")
    ... except gatepass.NotFoundError as error:
    ...     error.code, error.retryable
    ('token_not_found', False)
    """

    __module__ = "gatepass"

    kind: ClassVar[str] = "internal"
    """The class's own stable name, the same in every language."""

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        field: str | None = None,
        status_code: int | None = None,
        request_id: str | None = None,
        retryable: bool = False,
    ) -> None:
        super().__init__(message)
        self.code = code
        """Stable, and finer than the class."""
        self.field = field
        """What of the request is at fault, where something is."""
        self.status_code = status_code
        """The HTTP status that this came from, where it came over the wire."""
        self.request_id = request_id
        """The server's id of the request, to be quoted to its operator."""
        self.retryable = retryable
        """Whether the same request may succeed later, unchanged."""

    def __str__(self) -> str:
        said = {"field": self.field, "status": self.status_code, "request": self.request_id}
        about = [self.code] if self.code else []
        about += [f"{name} {value}" for name, value in said.items() if value is not None]
        message = super().__str__()
        return f"{message} [{', '.join(about)}]" if about else message


class InvalidInputError(GatepassError, ValueError):
    """The request can never succeed as it is; `field` names what to change."""

    __module__ = "gatepass"
    kind = "invalid_input"


class UnauthorizedError(GatepassError):
    """The credential is missing, wrong, expired or revoked."""

    __module__ = "gatepass"
    kind = "unauthorized"


class ForbiddenError(GatepassError):
    """The credential is good and does not permit this."""

    __module__ = "gatepass"
    kind = "forbidden"


class NotFoundError(GatepassError, LookupError):
    """What was asked for does not exist."""

    __module__ = "gatepass"
    kind = "not_found"


class ConflictError(GatepassError):
    """The present state does not permit this: the name is taken, a rotation is under way."""

    __module__ = "gatepass"
    kind = "conflict"


class UnsupportedError(GatepassError):
    """The server or the store cannot do this at all."""

    __module__ = "gatepass"
    kind = "unsupported"


class RateLimitedError(GatepassError):
    """Too many requests: wait, then try again."""

    __module__ = "gatepass"
    kind = "rate_limited"


class UnavailableError(GatepassError):
    """The service cannot be reached or cannot answer now."""

    __module__ = "gatepass"
    kind = "unavailable"


class TimedOutError(GatepassError, TimeoutError):
    """No answer came in time; whether it was done is not known."""

    __module__ = "gatepass"
    kind = "timeout"


class ProtocolError(GatepassError):
    """The other side answered something that makes no sense."""

    __module__ = "gatepass"
    kind = "protocol"


class IncompleteResult(ProtocolError):
    """The server has cut a result: what came of it is right, and not all. Raised after all that came."""

    __module__ = "gatepass"

    def __init__(self, message: str, *, count: int, cookie: str | None = None, **details: Any) -> None:
        super().__init__(message, **details)
        self.count = count
        """How much came: entries, or resources."""
        self.cookie = cookie
        """What the server said to ask with for more, where it did."""


class StorageError(GatepassError):
    """The store is corrupt, full, read-only or of another version."""

    __module__ = "gatepass"
    kind = "storage"


class ClosedError(GatepassError):
    """This handle was closed, or was opened before a fork."""

    __module__ = "gatepass"
    kind = "closed"


class InternalError(GatepassError):
    """A defect in Gatepass, or a machine without what it needs."""

    __module__ = "gatepass"
    kind = "internal"


class Cause(Exception):
    """What lay beneath an error, where it is not an exception of Python's own."""

    __module__ = "gatepass"


class AccessDenied(GatepassError):
    """A check denied, and `require` was asked. `answer()` is what to tell the outside; the reason is for logs.

    >>> try:
    ...     guard.require(None)
    ... except gatepass.AccessDenied as denied:
    ...     denied.reason.value, denied.answer("orders").headers
    ('missing', {'WWW-Authenticate': 'Bearer realm="orders"'})
    """

    __module__ = "gatepass"

    def __init__(
        self, message: str, denied: Denied, *, kind: str = "unauthorized", retryable: bool = False
    ) -> None:
        answer: Answer = denied.answer()
        super().__init__(
            message, code=str(denied.reason), status_code=answer.status_code, retryable=retryable
        )
        self.args = (message, denied)
        self.kind = kind  # type: ignore[misc]  # of a denial: what its reason comes to
        self.denied = denied
        """The verdict."""

    def __str__(self) -> str:
        return str(self.args[0])

    @property
    def reason(self) -> Reason:
        """Why, precisely. Not for the outside."""
        return self.denied.reason

    @property
    def token_id(self) -> str | None:
        """The id of the token that was tried, where there is one of that id."""
        return self.denied.token_id

    def answer(self, realm: str = "api") -> Answer:
        """What to answer to the outside, for a resource of this realm (RFC 6750)."""
        return self.denied.answer(realm)


KINDS: dict[str, type[GatepassError]] = {
    error.kind: error
    for error in (
        InvalidInputError,
        UnauthorizedError,
        ForbiddenError,
        NotFoundError,
        ConflictError,
        UnsupportedError,
        RateLimitedError,
        UnavailableError,
        TimedOutError,
        ProtocolError,
        StorageError,
        ClosedError,
        InternalError,
    )
}
