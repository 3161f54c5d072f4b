"""Tokens, roles and users, for code that waits: what `gatepass.open` and `gatepass.connect` return.

`_async.py` is made of this file, by `tools/twin.py`: each `….wait()` becomes an `await`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from types import EllipsisType, TracebackType
from typing import Any, Literal

from . import _fork, _gatepass
from ._errors import GatepassError
from ._gatepass import (
    Access,
    Denied,
    Expiration,
    Granted,
    Guard,
    IdempotencyKey,
    Role,
    Secret,
)
from ._records import (
    AccessToken,
    Api,
    AuditEntry,
    Changed,
    IssuedToken,
    KeyHealth,
    Myself,
    Outcome,
    Receipt,
    RemoteState,
    Replica,
    Revoked,
    ServiceAnswer,
    User,
    VerifierState,
)
from ._validators import ExternalTokenValidator, KeyOptions, SubjectsLike, keys_of, subjects_of
from ._words import ApiName, HeaderLike, Peer, Span, StatusName, body, given, pairs, service_answer


class Gatepass:
    """Tokens, roles and users of one store or server. Threads may share it; close it, or use it in `with`."""

    def __init__(self, handle: _gatepass.Handle) -> None:
        self._handle = handle
        self.tokens = Tokens(handle)
        """The tokens."""
        self.roles = Roles(handle)
        """The roles."""
        self.validators = Validators(handle)
        """The external token validators."""
        self.users = Users(handle)
        """The users."""
        self.audit = Audit(handle)
        """The audit trail."""
        self.replicas = Replicas(handle)
        """Who follows."""

    def verifier(
        self,
        *,
        max_staleness: Span | None = None,
        startup: Literal["wait", "background"] = "wait",
        deadline: Span | None = None,
        usage_interval: Span | EllipsisType | None = ...,
        keys: KeyOptions | None = None,
        subjects: SubjectsLike | None = None,
    ) -> Verifier:
        """An index of all tokens in this process, which follows the store or the server.

        On a store, what this process changes is seen at once, what others change after some 50 ms on SQLite and 100 ms
        on PostgreSQL. On a server it is a *replica*: it takes the permission to verify tokens, holds those of the APIs
        that the permission names, and hears of changes in milliseconds.

        No secret is accepted later than `max_staleness` (10 s on a server, 1 s on a store) after its revocation was
        acknowledged: without news for so long, every check is denied as `stale`. `startup="background"` gives the
        verifier at once, and it denies everything until it knows all tokens; else it is waited for, `deadline` (30 s)
        at most. Every `usage_interval` (30 s; None for never) it is reported which tokens were used.

        `keys` says how its external token validators get their keys, and `subjects`, a `RestClient` or a function, finds whom a
        token acts as where a validator's mapping is a search; without it such a token is denied as `keys_unavailable`.

        Raises `UnavailableError` (`verifier_not_ready`) after the deadline; `UnsupportedError` (`needs_gatepass`) on a
        plain RadiantOne.
        """
        options = given(usage_interval=usage_interval)
        following = self._handle.verifier(
            max_staleness=max_staleness,
            startup=startup,
            deadline=deadline,
            keys=keys_of(keys),
            subjects=subjects_of(subjects),
            **options,
        )
        return Verifier(following.wait())

    def remote_verifier(
        self,
        *,
        max_staleness: Span | None = None,
        capacity: int | None = None,
        concurrent: int | None = None,
        deadline: Span | None = None,
        introspection: str | None = None,
        audiences: Mapping[ApiName, str] | None = None,
    ) -> RemoteVerifier:
        """Checks tokens by asking the server about each, where there is nothing to follow.

        An authority and, where `introspection` names the path, another product's server are asked by introspection
        (RFC 7662), a plain RadiantOne about `rest` tokens alone. `audiences` says which API opens what a token's `aud`
        names.

        A revoked token is refused by every check that begins after the revocation was answered; with `max_staleness`, for
        which an answer serves other checks, by every check that ends later than that after it. `capacity` answers are kept
        (10 000), `concurrent` questions are under way at once (64), and a check takes `deadline` at the most (5 s).
        """
        asking = self._handle.remote_verifier(
            max_staleness=max_staleness,
            capacity=capacity,
            concurrent=concurrent,
            deadline=deadline,
            introspection=introspection,
            audiences=None if audiences is None else list(audiences.items()),
        )
        return RemoteVerifier(asking)

    def myself(self) -> Myself:
        """Who asks, as the server sees it.

        Raises `UnsupportedError`: `needs_server` on a store, `needs_gatepass` on a plain RadiantOne.
        """
        return self._handle.myself().wait()

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        json: Any = None,
    ) -> ServiceAnswer:
        """Calls any other service of the Configuration API, with the same credential, time limits, retries and errors.

        `request("GET", "/settings-service/external_token_validators")`. The path goes under the base URL as it is, its
        segments percent-encoded; the parameters are encoded here. Tried again only where the method permits it.
        """
        return service_answer(self._handle.request(method, path, pairs(query), body(json)).wait())

    @property
    def place(self) -> str:
        """Where the tokens are: the store's or the server's place, without a password."""
        return self._handle.place

    @property
    def revision(self) -> int:
        """The number of this process's last commit; 0 before the first, and on a server."""
        return self._handle.revision

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._handle.closed

    def close(self) -> None:
        """Finishes what was asked before, and lets go of the store; on a server ends the session that was begun here.

        What is asked afterwards raises `ClosedError`. Closing twice is no mistake.
        """
        self._handle.close().wait()
        _fork.closed(self._handle)

    def __enter__(self) -> Gatepass:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Gatepass {self.place}{', closed' if self.closed else ''}>"


class Verifier:
    """An index of all tokens in this process: checks without I/O. Made by `Gatepass.verifier()`."""

    def __init__(self, index: _gatepass.Index) -> None:
        self._index = index

    def guard(self, api: ApiName, scopes: Iterable[str] = ()) -> Guard:
        """Compiles a requirement once: this API, and all of these scopes.

        For `config` they are the vendor's (`SCOPE_SETTINGS_EDIT`), else the application's own.

        Raises `InvalidInputError` on `scopes` where no token could ever satisfy it.

        >>> gp.verifier().guard(api="rest", scopes=["orders:read"])
        <Guard of rest, scopes [orders:read]>
        """
        return self._index.guard(api, scopes)

    @property
    def age(self) -> timedelta | None:
        """How long ago everything was known to be in the index; None before the first proof."""
        age = self._index.age
        return None if age is None else timedelta(seconds=age)

    @property
    def revision(self) -> int:
        """The number of the last change that is in the index; 0 where it follows nothing."""
        return self._index.revision

    def wait_for(self, revision: int) -> None:
        """Waits until the change of this number is in the index: what was revoked before is then refused.

        Raises `ClosedError` where it follows no more.
        """
        self._index.wait_for(revision).wait()

    def state(self) -> VerifierState:
        """How it is doing at this moment: for readiness probes and metrics.

        >>> state = gp.verifier().state()
        >>> state.stale, state.connected
        (False, True)
        """
        return self._index.state()

    def key_health(self) -> tuple[KeyHealth, ...]:
        """How the keys of each external token validator that is consulted are doing: for readiness probes and metrics."""
        return self._index.key_health()

    def validator_faults(self) -> dict[str, GatepassError]:
        """The external token validators that are not consulted because they are not as they should be, by name, and why."""
        return self._index.validator_faults()

    def changes(self) -> Iterator[VerifierState]:
        """How it is doing, each time that something other than its age has changed: stale, connected, revision.

        It waits for the next, and ends when the verifier follows no more.
        """
        watch = self._index.watch()

        def states() -> Iterator[VerifierState]:
            while (state := watch.changed().wait()) is not None:
                yield state

        return states()

    def close(self) -> None:
        """Reports what was used, follows no more, fetches no keys: from then on every check is denied as `stale`."""
        self._index.close().wait()

    def __enter__(self) -> Verifier:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return repr(self._index)


class RemoteVerifier:
    """Checks by asking a server about each token. Made by `Gatepass.remote_verifier()`."""

    def __init__(self, index: _gatepass.RemoteIndex) -> None:
        self._index = index

    def guard(self, api: ApiName, scopes: Iterable[str] = ()) -> RemoteGuard:
        """Compiles a requirement once, as `Verifier.guard` does. Nothing is sent."""
        return RemoteGuard(self._index.guard(api, scopes))

    def state(self) -> RemoteState:
        """What it did until now: for metrics."""
        return self._index.state()


class RemoteGuard:
    """One requirement on a server's tokens; asked on each request.

    Where nobody can tell whether a token is good, `UnavailableError`, `TimedOutError`, `RateLimitedError` or `ProtocolError`
    is raised, which is neither a yes nor a no, and to be answered with 503; `UnsupportedError` where a plain RadiantOne is
    asked about another API than `rest`, or about scopes.
    """

    def __init__(self, guard: _gatepass.RemoteGuard) -> None:
        self._guard = guard

    def check(self, authorization: HeaderLike, peer: Peer | None = None) -> Granted | Denied:
        """Checks the `Authorization` header as it came, as `Guard.check` does. A token that is not good is `unknown`."""
        return self._guard.check(authorization, peer, False).wait()

    def require(self, authorization: HeaderLike, peer: Peer | None = None) -> Access:
        """The same, which gives the access or raises `AccessDenied`."""
        return self._guard.check(authorization, peer, True).wait()

    def check_secret(self, secret: Secret | str, peer: Peer | None = None) -> Granted | Denied:
        """Checks a bare secret."""
        return self._guard.check_secret(secret, peer).wait()

    @property
    def api(self) -> Api:
        """The API that it wants."""
        return self._guard.api

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes that it wants."""
        return self._guard.scopes

    def __repr__(self) -> str:
        return repr(self._guard)


class Tokens:
    """The tokens: `Gatepass.tokens`."""

    def __init__(self, handle: _gatepass.Handle) -> None:
        self._handle = handle

    def create(
        self,
        name: str,
        api: ApiName,
        *,
        expires: Expiration | None = None,
        roles: Iterable[str] = (),
        scopes: Iterable[str] = (),
        target_dn: str | None = None,
        not_before: datetime | None = None,
        networks: Iterable[str] = (),
        description: str | None = None,
        metadata: Mapping[str, str] | None = None,
        key: IdempotencyKey | None = None,
    ) -> IssuedToken:
        """Makes a token. Its secret is in the answer, and nowhere else.

        `expires` is `days(90)`, `on(date)`, `at(datetime)` or `never`. A `config` token holds `roles`, a `scim` or `rest`
        token application `scopes`, a `rest` token may act as `target_dn`. With a `key` the same request gets the
        same answer for 24 h, however often it is sent.

        Raises `InvalidInputError`, `ConflictError` (`name_taken`), `ForbiddenError` by the delegation rule.

        >>> new = gp.tokens.create("hr-feed", api="scim", scopes=["people:write"], expires=gatepass.days(90))
        >>> new.secret.api.value, str(new.secret) == new.secret.reveal()
        ('scim', False)
        """
        asked = self._handle.create_token(
            name,
            api,
            expires=expires,
            roles=roles,
            scopes=scopes,
            target_dn=target_dn,
            not_before=not_before,
            networks=networks,
            description=description,
            metadata=metadata,
            key=key,
        )
        return asked.wait()

    def get(self, name: str) -> AccessToken:
        """The token of this name. Raises `NotFoundError`."""
        return self._handle.token(name).wait()

    def list(
        self,
        *,
        api: ApiName | None = None,
        status: StatusName | None = None,
        expires_within: Span | None = None,
        name_contains: str | None = None,
    ) -> Iterator[AccessToken]:
        """All tokens that fit, by name. They are read as they are asked for, a page at a time.

        `expires_within`: neither revoked nor expired, and expiring within this time.

        >>> [token.name for token in gp.tokens.list(expires_within=gatepass.days(14))]
        []
        """
        asked = {
            "api": api,
            "status": status,
            "expires_within": expires_within,
            "name_contains": name_contains,
        }
        # Asked for at once, so that a mistake shows here and not where the first token is taken.
        first = self._handle.token_page(asked, None, 1000)

        def pages() -> Iterator[AccessToken]:
            tokens, cursor = first.wait()
            yield from tokens
            while cursor is not None:
                tokens, cursor = self._handle.token_page(asked, cursor, 1000).wait()
                yield from tokens

        return pages()

    def violations(self) -> tuple[AccessToken, ...]:
        """The tokens that break the present policy and still open something."""
        return self._handle.violations().wait()

    def rotate(
        self,
        name: str,
        *,
        grace: Span = 0,
        expires: Expiration | None = None,
        force: bool = False,
        deliver: Callable[[Secret], object] | None = None,
        key: IdempotencyKey | None = None,
    ) -> IssuedToken:
        """Gives a token a new secret; the old one stays good for `grace`, and never longer than it would have been.

        With `deliver`, a function that takes the new `Secret`, the grace begins once it has returned; where it raises, the
        old secret stays good and the new one is dropped. It can be run again after a crash at any point.

        Raises `NotFoundError`; `ConflictError`: `rotation_in_grace` unless `force`, `token_revoked`, `token_expired`;
        `UnavailableError` (`delivery_failed`), whose `__cause__` is what `deliver` raised.

        >>> _ = gp.tokens.create("nightly", api="rest", expires=gatepass.days(90))
        >>> gp.tokens.rotate("nightly", grace=gatepass.days(1), deliver=vault.put).token.name
        'nightly'
        """
        asked = self._handle.rotate_token(
            name, grace=grace, expires=expires, force=force, deliver=deliver, key=key
        )
        return asked.wait()

    def begin_rotation(
        self, name: str, *, grace: Span = 0, expires: Expiration | None = None, force: bool = False
    ) -> IssuedToken:
        """The first half of a rotation that is delivered elsewhere: the old secret is good until `settle` says more."""
        return self._handle.begin_rotation(name, grace=grace, expires=expires, force=force).wait()

    def settle(self, name: str, secret: Secret, *, delivered: bool) -> Changed:
        """The second half: the secret was delivered, and the old one's grace begins; or it was not, and is dropped.

        Raises `ConflictError` (`changed_meanwhile`) where no such delivery is under way.
        """
        return self._handle.settle_rotation(name, secret, delivered).wait()

    def revoke(self, name: str) -> Changed:
        """Ends a token, both of its secrets. Raises `NotFoundError`."""
        return self._handle.revoke_token(name).wait()

    def revoke_all(self, names: Iterable[str]) -> tuple[Changed, ...]:
        """Ends several tokens in one commit, all of them or none."""
        return self._handle.revoke_tokens(names).wait()

    def revoke_everywhere(self, names: Iterable[str], *, within: Span) -> Revoked:
        """Ends tokens in one commit, and waits until no replica accepts them any more, for so long at the most.

        The tokens are revoked in any case; `everywhere` tells whether all replicas have said that they know.

        >>> _ = gp.tokens.create("leaving", "scim", expires=gatepass.days(1))
        >>> gp.tokens.revoke_everywhere(["leaving"], within=5).everywhere
        True
        """
        return self._handle.revoke_everywhere(names, within).wait()

    def revoke_leaked(self, secret: Secret | str) -> bool:
        """Ends the token whose secret this is, for it was found where it should not be.

        Tells whether it opened something until now. Raises `UnsupportedError` on a server.
        """
        return self._handle.revoke_leaked(secret).wait()

    def delete(self, name: str) -> int:
        """Removes a token, whose name is free again. Gives the number of this change. Raises `NotFoundError`."""
        return self._handle.delete_token(name).wait()

    def purge(self, before: datetime) -> int:
        """Removes the tokens that have been expired or revoked since before this instant. Gives their number."""
        return self._handle.purge_tokens(before).wait()

    def check_secret(
        self,
        secret: Secret | str,
        api: ApiName,
        scopes: Iterable[str] = (),
        *,
        peer: Peer | None = None,
    ) -> Granted | Denied:
        """Asks the store or the server about one secret. For many checks there is `Gatepass.verifier()`.

        >>> gp.tokens.check_secret("gpr_8fK2mQ0aZx71_d9Jw0Qb3yVn5uTz1KcXe7Lg2Rh4Ms6p0ghEG1", api="rest")
        Denied('unknown')
        """
        return self._handle.check_secret(secret, api, scopes, peer).wait()


class Roles:
    """The delegated-admin roles: `Gatepass.roles`."""

    def __init__(self, handle: _gatepass.Handle) -> None:
        self._handle = handle

    def list(self) -> tuple[Role, ...]:
        """All of them, the default ones too, by name.

        >>> [role.name for role in gp.roles.list() if role.level("access tokens") == "EDIT"]
        ['Directory Administrator', 'Security Administrator']
        """
        return self._handle.roles().wait()

    def get(self, name: str) -> Role:
        """The role of this name. Raises `NotFoundError`."""
        return self._handle.role(name).wait()

    def create(self, role: Role) -> Role:
        """Adds a role. Raises `ConflictError`; `ForbiddenError` by the delegation rule.

        >>> gp.roles.create(gatepass.Role("Auditor", areas={"settings": "VIEW"})).scopes
        ('SCOPE_SETTINGS_VIEW',)
        """
        return self._handle.create_role(role).wait()

    def update(self, role: Role) -> Role:
        """Puts this role in the place of the one of its name, whole; who holds it is bound by it at once."""
        return self._handle.update_role(role).wait()

    def clone(self, name: str, new_name: str) -> Role:
        """Adds a role that permits what another one does."""
        return self._handle.clone_role(name, new_name).wait()

    def delete(self, name: str) -> None:
        """Removes a role that nobody holds. Raises `ConflictError`: `role_in_use`, `default_role`."""
        self._handle.delete_role(name).wait()


class Validators:
    """The external token validators: `Gatepass.validators`."""

    def __init__(self, handle: _gatepass.Handle) -> None:
        self._handle = handle

    def list(self) -> tuple[ExternalTokenValidator, ...]:
        """All of them, of both APIs, by name."""
        return self._handle.validators().wait()

    def get(self, name: str) -> ExternalTokenValidator:
        """The validator of this name. Raises `NotFoundError`."""
        return self._handle.validator(name).wait()

    def create(self, validator: ExternalTokenValidator) -> ExternalTokenValidator:
        """Adds a validator: from then on the tokens that it accepts open its API.

        Raises `InvalidInputError`, as `ExternalTokenValidator.check` does; `ConflictError`: `validator_exists`, whichever API the
        other one is of, `too_many_validators` (100); `ForbiddenError` by the delegation rule; on a plain RadiantOne
        `UnsupportedError` (`needs_gatepass`) on what it would silently drop.

        >>> idp = gatepass.ExternalTokenValidator(
        ...     "idp", "scim", jwks_url="https://idp.example/jwks", expected_issuer="https://idp.example"
        ... )
        >>> gp.validators.create(idp) == idp
        True
        """
        return self._handle.create_validator(validator).wait()

    def update(self, validator: ExternalTokenValidator) -> ExternalTokenValidator:
        """Puts this validator in the place of the one of its name, whole. What only the old one accepted is refused from then on.

        Raises `NotFoundError`; otherwise as `create` does.
        """
        return self._handle.update_validator(validator).wait()

    def delete(self, name: str) -> None:
        """Removes a validator. What only it accepted is refused from then on; by replicas within their `max_staleness`.

        Raises `NotFoundError`.
        """
        self._handle.delete_validator(name).wait()


class Users:
    """The people who sign in: `Gatepass.users`."""

    def __init__(self, handle: _gatepass.Handle) -> None:
        self._handle = handle

    def list(self) -> tuple[User, ...]:
        """All of them, by name."""
        return self._handle.users().wait()

    def get(self, username: str) -> User:
        """The user of this name. Raises `NotFoundError`."""
        return self._handle.user(username).wait()

    def create(
        self,
        username: str,
        *,
        password: str | None = None,
        roles: Iterable[str] = (),
        first_name: str | None = None,
        last_name: str | None = None,
        email: str | None = None,
        active: bool = True,
    ) -> User:
        """Adds a user, who cannot sign in without a password (15 to 1000 characters).

        >>> gp.users.create("alice", roles=["Read Only"]).active
        True
        """
        asked = self._handle.create_user(
            username,
            password=password,
            roles=roles,
            first_name=first_name,
            last_name=last_name,
            email=email,
            active=active,
        )
        return asked.wait()

    def update(
        self,
        username: str,
        *,
        password: str | None = None,
        roles: Iterable[str] | None = None,
        first_name: str | EllipsisType | None = ...,
        last_name: str | EllipsisType | None = ...,
        email: str | EllipsisType | None = ...,
        active: bool | None = None,
    ) -> User:
        """Changes what is given of a user, and leaves the rest; a name or an address that is None is taken away.

        Who is made inactive, or given another password, is signed out everywhere.
        """
        changes = given(first_name=first_name, last_name=last_name, email=email)
        asked = self._handle.update_user(username, password=password, roles=roles, active=active, **changes)
        return asked.wait()

    def set_password(self, username: str, password: str) -> None:
        """Sets a user's password, and signs the user out everywhere."""
        self._handle.update_user(username, password=password).wait()

    def delete(self, username: str) -> None:
        """Removes a user. Raises `ConflictError` (`last_administrator`) where nobody would be left."""
        self._handle.delete_user(username).wait()


class Replicas:
    """The replicas that follow an authority of the store, or did until lately: `Gatepass.replicas`."""

    def __init__(self, handle: _gatepass.Handle) -> None:
        self._handle = handle

    def list(self) -> tuple[Replica, ...]:
        """All of them. Raises `UnsupportedError` (`needs_gatepass`) on a plain RadiantOne."""
        return self._handle.replicas().wait()

    def confirmed(self, revision: int, *, within: Span) -> tuple[Receipt, ...]:
        """Waits until no replica can be without the change of this number, for so long at the most.

        Where no receipt is `pending`, none accepts what the change has ended. Who follows the store itself is no replica.
        """
        return self._handle.confirmed(revision, within).wait()


class Audit:
    """The audit trail: `Gatepass.audit`."""

    def __init__(self, handle: _gatepass.Handle) -> None:
        self._handle = handle

    def list(
        self,
        *,
        after: int = 0,
        action: str | None = None,
        actor: str | None = None,
        subject: str | None = None,
        outcome: Outcome | Literal["done", "refused"] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = None,
    ) -> tuple[AuditEntry, ...]:
        """The entries that fit, the oldest first, 100 unless `limit` says more. To follow, ask `after` the last one.

        `action` is how it begins: `token.` for all that was done to tokens.

        >>> _ = gp.tokens.create("feed", api="scim", expires=gatepass.days(1))
        >>> [(entry.action, entry.subject) for entry in gp.audit.list(subject="feed")]
        [('token.create', 'feed')]
        """
        asked = self._handle.audit(
            after=after,
            action=action,
            actor=actor,
            subject=subject,
            outcome=outcome,
            since=since,
            until=until,
            limit=limit,
        )
        return asked.wait()
