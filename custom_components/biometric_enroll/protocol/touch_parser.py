"""Parse `fingerprint`: a touch. Pure.

Unlike other messages, one that violates docs/protocol.md is not dropped if it has an id: whoever
does not acknowledge it would get it again and again.
"""

from typing import TYPE_CHECKING

from .fields import Fields, MalformedError
from .messages import Touch
from .parser import UPTIME
from .words import TouchResult

if TYPE_CHECKING:
    from collections.abc import Callable

_U16 = 0xFFFF


def touch(payload: bytes) -> Touch:
    """Parse a touch; one that cannot be understood has a `problem`.

    Raises `MalformedError` only without its id.
    """
    fields = Fields.parse(payload)
    touch_id = fields.id("touch")
    try:
        return _whole_touch(fields)
    except MalformedError as err:
        return _partial_touch(fields, touch_id, str(err))


def _partial_touch(fields: Fields, touch_id: str, problem: str) -> Touch:
    """Return what can be understood of a touch; it is never identified."""
    unreadable = fields.value("result") == TouchResult.UNREADABLE
    boot = _understood(fields.id_or_none, "boot")
    at_ms = _understood(lambda key: fields.integer_or_none(key, 0, UPTIME), "at_ms")
    known = boot is not None and at_ms is not None
    return Touch(
        touch=touch_id,
        boot=boot if known else None,
        at_ms=at_ms if known else None,
        result=TouchResult.UNREADABLE if unreadable else TouchResult.NOT_IDENTIFIED,
        slot=None,
        template_id=None,
        confidence=None,
        reason=_understood(fields.text_or_none, "reason") if unreadable else None,
        count=(_understood(lambda key: fields.integer(key, 1, _U16), "count") or 1),
        problem=problem,
    )


def _understood[V](read: Callable[[str], V | None], key: str) -> V | None:
    try:
        return read(key)
    except MalformedError:
        return None


def _whole_touch(fields: Fields) -> Touch:
    value = Touch(
        touch=fields.id("touch"),
        boot=fields.id_or_none("boot"),
        at_ms=fields.integer_or_none("at_ms", 0, UPTIME),
        result=fields.word("result", TouchResult),
        slot=fields.integer_or_none("slot", 0, _U16),
        template_id=fields.id_or_none("template_id"),
        confidence=fields.integer_or_none("confidence", 0, _U16),
        # Not limited to the known words: an unknown reason is no reason to understand nothing.
        reason=fields.text_or_none("reason"),
        count=fields.integer("count", 1, _U16),
    )
    if (value.boot is None) != (value.at_ms is None):
        raise MalformedError("only one of boot and at_ms is null")
    identified = value.result is TouchResult.IDENTIFIED
    fits = identified == (value.slot is not None) == (value.confidence is not None)
    fits = fits and (identified or value.template_id is None)
    unreadable = value.result is TouchResult.UNREADABLE
    fits = fits and (unreadable or (value.reason is None and value.count == 1))
    if not fits:
        raise MalformedError(f"the fields do not fit result {value.result}")
    return value
