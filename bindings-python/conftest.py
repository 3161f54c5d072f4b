"""What the examples in docstrings find about them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gatepass
import pytest


class _Vault:
    def put(self, secret: gatepass.Secret) -> None:
        pass


@pytest.fixture(autouse=True)
def _examples(request: pytest.FixtureRequest, doctest_namespace: dict[str, Any]) -> Any:
    if not isinstance(request.node, pytest.DoctestItem):
        yield
        return
    folder: Path = request.getfixturevalue("tmp_path")
    with gatepass.testing.store() as gp:
        guard = gp.verifier().guard(api="rest", scopes=["orders:read"])
        rest = gatepass.RestClient("https://radiantone.example:8090/adap", gatepass.env("ADAP_TOKEN"))
        scim = gatepass.ScimClient("https://radiantone.example:8090/scim2/v2", gatepass.env("SCIM_TOKEN"))
        doctest_namespace.update(
            gatepass=gatepass,
            gp=gp,
            guard=guard,
            rest=rest,
            scim=scim,
            folder=folder,
            vault=_Vault(),
            Api=gatepass.Api,
        )
        yield
