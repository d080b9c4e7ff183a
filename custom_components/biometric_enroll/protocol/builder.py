"""Build the JSON text of requests. Pure: ids are passed in."""

import json
from typing import TYPE_CHECKING

from .fields import VERSION

if TYPE_CHECKING:
    from .messages import Snapshot


def _message(request: str, **fields: object) -> str:
    return json.dumps({"v": VERSION, "request": request, **fields}, separators=(",", ":"))


def hello(request: str) -> str:
    """Ask for identity, uptime, a nonce and the current state."""
    return _message(request, command="hello")


def start(  # noqa: PLR0913 - the keys of the request
    request: str,
    *,
    template_id: str,
    nonce: str,
    slot: int | None,
    total: int,
    scan_timeout_s: int,
) -> str:
    """Ask for an enrollment; the nonce is from the newest hello."""
    return _message(
        request,
        action="start",
        template_id=template_id,
        nonce=nonce,
        slot=slot,
        total=total,
        scan_timeout_s=scan_timeout_s,
    )


def cancel(request: str, *, template_id: str) -> str:
    """Ask to cancel the enrollment of this template id."""
    return _message(request, action="cancel", template_id=template_id)


def ack(request: str, *, touch: str) -> str:
    """Acknowledge that this touch is saved."""
    return _message(request, command="ack", touch=touch)


def identify(request: str) -> str:
    """Ask the reader to blink."""
    return _message(request, command="identify")


def restart(request: str, *, nonce: str) -> str:
    """Ask the reader to restart."""
    return _message(request, command="restart", nonce=nonce)


def list_templates(request: str, *, first: int) -> str:
    """Ask for the page of the list of templates that begins at slot `first`."""
    return _message(request, command="list", first=first)


def delete(
    request: str, *, nonce: str, slot: int, template_id: str | None, revision: str | None = None
) -> str:
    """Ask the reader to delete this template from this slot.

    A template without an id (None) is identified by slot and revision; with an id the revision is
    not sent.
    """
    listed = {} if template_id is not None else {"revision": revision}
    return _message(
        request, command="delete", nonce=nonce, slot=slot, template_id=template_id, **listed
    )


def adopt(request: str, *, nonce: str, slot: int, template_id: str, revision: str) -> str:
    """Ask the reader to assign an id to the template without id in this slot of this revision."""
    return _message(
        request,
        command="adopt",
        nonce=nonce,
        slot=slot,
        template_id=template_id,
        revision=revision,
    )


def accept_sensor(request: str, *, nonce: str) -> str:
    """Ask the reader to accept the connected sensor as its own."""
    return _message(request, command="accept_sensor", nonce=nonce)


def settings(
    request: str,
    *,
    nonce: str,
    identification: bool | None = None,
    security_level: int | None = None,
    led_color: str | None = None,
) -> str:
    """Ask the reader to change the given settings; None leaves one unchanged."""
    wanted = {
        "identification": identification,
        "security_level": security_level,
        "led_color": led_color,
    }
    given = {name: value for name, value in wanted.items() if value is not None}
    return _message(request, command="settings", nonce=nonce, **given)


def snapshot(value: Snapshot) -> dict[str, object]:
    """Return a snapshot in the wire format, which `parser.snapshot` parses."""
    return {
        "template_id": value.template_id,
        "seq": value.seq,
        "slot": value.slot,
        "stage": value.stage,
        "step": value.step,
        "total": value.total,
        "captured": [{"attempts": attempts} for attempts in value.captured],
        "rejected": {"count": value.rejected, "last": value.rejected_last},
        "timeout_ms": value.timeout_ms,
        "reason": value.reason,
        "duplicate_of": value.duplicate_of,
    }
