"""Distinguished names."""

from __future__ import annotations

from . import _gatepass


class Dn(str):
    """A distinguished name (RFC 4514): a str, with names made of it from values that may have anything in them.

    As a str it is equal to what is written alike; `is_within` compares as directories do.

    >>> people = gatepass.Dn("ou=People,o=acme")
    >>> people.child("cn", "O'Hara, P.")
    Dn("cn=O'Hara\\\\, P.,ou=People,o=acme")
    >>> people.parent, people.rdn, people.is_within("O=ACME")
    (Dn('o=acme'), 'ou=People', True)
    """

    __module__ = "gatepass"
    __slots__ = ()

    def child(self, attribute: str, value: str) -> Dn:
        """The name of an entry right below this one; what is special in the value is escaped.

        Raises `InvalidInputError`: `dn_malformed`, `dn_too_long`.
        """
        return Dn(_gatepass.dn_child(self, attribute, value))

    @property
    def parent(self) -> Dn | None:
        """The name above this one; the root, which is empty, has none."""
        parent = _gatepass.dn_parent(self)
        return None if parent is None else Dn(parent)

    @property
    def rdn(self) -> str | None:
        """The first step, as it was written: `uid=sync`. The root has none."""
        return _gatepass.dn_rdn(self)

    def is_within(self, base: str) -> bool:
        """Whether this name is `base` or lies below it."""
        return _gatepass.dn_is_within(self, base)

    def __repr__(self) -> str:
        return f"Dn({super().__repr__()})"
