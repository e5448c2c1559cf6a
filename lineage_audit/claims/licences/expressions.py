"""SPDX licence expressions, through license-expression."""

from __future__ import annotations

import math
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any

from lineage_audit.claims.licences.catalogue import licence_called
from lineage_audit.claims.licences.licence import Licence

if TYPE_CHECKING:
    from license_expression import Licensing

_EXPRESSION_LIMIT = 500
"""Longest expression that is parsed, in characters."""
_MOST_CHOICES = 64


def spdx_of(expression: str) -> str | None:
    """The valid SPDX expression that this is, in SPDX spelling; None where it is not one."""
    from license_expression import ExpressionError

    if len(expression) > _EXPRESSION_LIMIT:
        return None
    try:
        parsed = _licensing().parse(expression, validate=True)
    except (ExpressionError, ValueError, RecursionError):
        return None
    return str(parsed) if parsed is not None else None


Choice = tuple[Licence, ...]
"""Licences of which a derivative may choose one."""


def terms_of(expression: str) -> tuple[Choice, ...]:
    """What an expression asks for: choices that all hold at once; empty unless every licence of it is known.

    ``A OR B`` is one choice of two, ``A AND B`` two choices of one each. Of ``A WITH exception`` the licence counts.
    """
    from license_expression import ExpressionError

    if len(expression) > _EXPRESSION_LIMIT:
        return ()
    try:
        return _choices(_licensing().parse(expression)) or ()
    except (ExpressionError, ValueError, RecursionError):
        return ()


def _choices(node: Any) -> tuple[Choice, ...] | None:
    """The choices of a parsed expression, or None where a licence is not known or there are too many."""
    from license_expression import AND, OR, LicenseSymbol, LicenseWithExceptionSymbol

    if isinstance(node, LicenseWithExceptionSymbol):
        return _choices(node.license_symbol)
    if isinstance(node, LicenseSymbol):
        licence = licence_called(str(node.key))
        return ((licence,),) if licence is not None else None
    parts = [_choices(part) for part in node.args] if isinstance(node, AND | OR) else [None]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    if isinstance(node, AND):
        return tuple(choice for part in known for choice in part)
    if math.prod(map(len, known)) > _MOST_CHOICES:
        return None
    return tuple(tuple(licence for choice in picked for licence in choice) for picked in product(*known))


@cache
def _licensing() -> Licensing:
    from license_expression import get_spdx_licensing

    return get_spdx_licensing()
