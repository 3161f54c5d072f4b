"""An API that checks tokens of an authority in its own process, by a replica.

GATEPASS_SERVER=https://gatepass.example:8443 GATEPASS_TOKEN=… uvicorn fastapi_app:app
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated

import gatepass
from fastapi import FastAPI, Response
from gatepass.fastapi import Bearer

state: dict[str, gatepass.aio.Verifier] = {}


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    """Each worker has a replica of its own, which is there before the first request."""
    credential = gatepass.env("GATEPASS_TOKEN")
    connecting = gatepass.aio.connect(os.environ["GATEPASS_SERVER"], credential=credential)
    async with connecting as gp, await gp.verifier() as verifier:
        state["verifier"] = verifier
        yield


app = FastAPI(title="Orders", lifespan=lifespan)
bearer = Bearer(lambda: state["verifier"], api="rest", realm="orders")


@app.get("/orders")
def orders(access: Annotated[gatepass.Access, bearer.requires("orders:read")]) -> dict[str, str | None]:
    """Needs a REST token with the scope `orders:read`."""
    return {"orders_of": access.target_dn}


@app.post("/orders", status_code=201)
def order(
    access: Annotated[gatepass.Access, bearer.requires("orders:read", "orders:write")],
) -> dict[str, str]:
    """Needs both scopes."""
    return {"ordered_by": access.name}


@app.get("/ready")
def ready(response: Response) -> dict[str, bool]:
    """For a load balancer: a replica without news denies everybody."""
    stale = state["verifier"].state().stale
    response.status_code = 503 if stale else 200
    return {"ready": not stale}
