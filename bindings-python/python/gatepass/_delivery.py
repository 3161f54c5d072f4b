"""Where a secret comes from and where it goes: keyrings, files, the headers of other clients."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._errors import UnauthorizedError, UnsupportedError
from ._gatepass import Credential, Secret
from ._words import CredentialLike

if TYPE_CHECKING:
    import types


def keyring(service: str, username: str) -> Credential:
    """The password of this name in the system's keyring, by the package `keyring` (`pip install keyring`).

    >>> rest = gatepass.keyring("radiantone", "nightly-sync")
    """
    library = _keyring()

    def ask() -> str:
        found = library.get_password(service, username)
        if found is None:
            message = f"the keyring has no password for {username} of {service}"
            raise UnauthorizedError(message, code="credential_missing", field="credential")
        return str(found)

    return Credential(ask)


def to_keyring(service: str, username: str) -> Callable[[Secret], None]:
    """A function for `rotate(deliver=…)` that puts the secret into the system's keyring."""
    library = _keyring()

    def deliver(secret: Secret) -> None:
        library.set_password(service, username, secret.reveal())

    return deliver


def to_file(path: str | os.PathLike[str]) -> Callable[[Secret], None]:
    """A function for `rotate(deliver=…)` that writes the secret to a file that only its owner can read.

    The file is there whole or not at all, and on disk before the function returns.

    >>> _ = gp.tokens.create("backup", api="rest", expires=gatepass.days(90))
    >>> _ = gp.tokens.rotate("backup", deliver=gatepass.to_file(folder / "backup.token"))
    >>> oct((folder / "backup.token").stat().st_mode)[-3:]
    '600'
    """
    target = Path(path)

    def deliver(secret: Secret) -> None:
        # mkstemp gives 0600; a link's own place would be taken, and the file that it leads to left behind.
        place = target.resolve()
        handle, beside = tempfile.mkstemp(prefix=".gatepass-", dir=place.parent)
        try:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(secret.reveal() + "\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, place)
        except BaseException:
            os.unlink(beside)
            raise
        _sync_folder(place.parent)

    return deliver


def _sync_folder(folder: Path) -> None:
    """The name is on disk once its folder is; not every system lets one ask for that."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)


def _keyring() -> types.ModuleType:
    try:
        import keyring as library
    except ImportError as error:
        message = "the package keyring is needed; this line installs it: pip install keyring"
        raise UnsupportedError(message, code="keyring_missing") from error
    return library


class Auth:
    """Puts a secret into the `Authorization` header of another client's requests: see `gatepass.auth`."""

    requires_request_body = False
    requires_response_body = False

    def __init__(self, credential: Credential) -> None:
        self._credential = credential

    def __repr__(self) -> str:
        return f"Auth({self._credential!r})"

    # httpx

    def sync_auth_flow(self, request: Any) -> Generator[Any, Any, None]:
        """For httpx.Client: once more with another secret, where the first one was refused and there is one."""
        secret = self._credential.secret().wait()
        response = yield _signed(request, secret)
        if response.status_code == 401:
            other = self._credential.other_than(secret).wait()
            if other is not None:
                yield _signed(request, other)

    async def async_auth_flow(self, request: Any) -> AsyncGenerator[Any, Any]:
        """The same for httpx.AsyncClient."""
        secret = await self._credential.secret()
        response = yield _signed(request, secret)
        if response.status_code == 401:
            other = await self._credential.other_than(secret)
            if other is not None:
                yield _signed(request, other)

    # requests

    def __call__(self, request: Any) -> Any:
        """For requests: the same, by a hook on its answer."""
        secret = self._credential.secret().wait()

        def again(response: Any, **options: Any) -> Any:
            moved = response.request.headers.get("Authorization") != _header(secret)
            if response.status_code != 401 or moved:
                return response  # a redirect to another host takes the header away, and it stays away
            other = self._credential.other_than(secret).wait()
            if other is None:
                return response
            response.content  # noqa: B018  # read to its end, so that the connection can be used again
            response.close()
            repeated = _signed(response.request.copy(), other)
            repeated.deregister_hook("response", again)
            answer = response.connection.send(repeated, **options)
            answer.history.append(response)
            answer.request = repeated
            return answer

        request.register_hook("response", again)
        return _signed(request, secret)


def auth(credential: CredentialLike) -> Auth:
    """Authentication for httpx (and httpx2) and requests: `httpx.get(url, auth=gatepass.auth(gatepass.env("ADAP_TOKEN")))`.

    The secret is put into the `Authorization` header; where the server refuses it with 401 and the credential's source
    has another one by then, the request is sent once more with that.
    """
    made = credential if isinstance(credential, Credential) else Credential(credential)
    return _class()(made)


@cache
def _class() -> type[Auth]:
    """httpx and its successor want a class of theirs; neither is needed by those who have none."""
    theirs: list[type[Any]] = []
    for library in ("httpx", "httpx2"):
        with suppress(ImportError):
            theirs.append(import_module(library).Auth)
    return type("Auth", (Auth, *theirs), {"__module__": "gatepass", "__doc__": Auth.__doc__})


def _header(secret: Secret) -> str:
    return f"Bearer {secret.reveal()}"


def _signed(request: Any, secret: Secret) -> Any:
    request.headers["Authorization"] = _header(secret)
    return request
