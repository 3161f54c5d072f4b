"""An API over a store in the same process: it issues tokens for its own clients, and checks them.

GATEPASS_STORE=tokens.db flask --app flask_app run
"""

from __future__ import annotations

import os
from functools import cache

import gatepass
from flask import Flask, g, jsonify
from flask.typing import ResponseReturnValue
from gatepass.flask import protect

app = Flask(__name__)


@cache
def verifier() -> gatepass.Verifier:
    return gatepass.open(os.environ["GATEPASS_STORE"]).verifier()


# Functions, so that each worker opens the store after it was forked, and not before.
@app.get("/orders")
@protect(lambda: verifier().guard("rest", ["orders:read"]), realm="orders")
def orders() -> ResponseReturnValue:
    return jsonify(orders_of=g.access.target_dn)


@app.get("/people")
@protect(lambda: verifier().guard("scim"), realm="people")
def people() -> ResponseReturnValue:
    return jsonify(asked_by=g.access.name)
