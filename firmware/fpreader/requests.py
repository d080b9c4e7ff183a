"""What a request has to look like (protocol, "Requests and answers")."""

import json

from fpreader.sensor import LED_COLORS

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

MOST_PAYLOAD = 4096
MOST_SLOT = 65535
ID_DIGITS = 16

_HEX = "0123456789abcdef"


class Refusal(Exception):  # noqa: N818 - an answer, not an error of this program
    """A request that is answered with an error of the protocol."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


def parse(payload: bytes) -> "dict[str, Any] | None":
    """Read a message of this protocol, None when it is none."""
    if len(payload) > MOST_PAYLOAD:
        return None
    try:
        message = json.loads(payload.decode())
    except Exception:
        # Also the recursion and memory limits of the parser.
        return None
    # Exactly int: true is not a number.
    if not isinstance(message, dict) or type(message.get("v")) is not int or message["v"] != 1:
        return None
    return message


def is_id(value: object) -> bool:
    """Tell whether a value is an id: 16 lower-case hexadecimal digits."""
    return (
        isinstance(value, str)
        and len(value) == ID_DIGITS
        and all(character in _HEX for character in value)
    )


def is_in(value: "Any", lowest: int, highest: int) -> bool:
    """Tell whether a value is an integer of this range."""
    return type(value) is int and lowest <= value <= highest


def require(valid: bool) -> None:  # noqa: FBT001 - reads as a sentence
    """Refuse a request that is not valid. Raises Refusal."""
    if not valid:
        raise Refusal("bad_request")


def check_nonce(message: "dict[str, Any]") -> None:
    """Refuse a request whose nonce is malformed; a missing one is refused elsewhere, as stale."""
    require(message.get("nonce") is None or is_id(message["nonce"]))


def start_options(message: "dict[str, Any]") -> "tuple[str, int | None, int, int]":
    """Read template_id, slot, total and scan_timeout_s of `start`. Raises Refusal."""
    template_id: Any = message.get("template_id")
    slot: Any = message.get("slot")
    total: Any = message.get("total")
    timeout: Any = message.get("scan_timeout_s")
    require(is_id(template_id) and "slot" in message)
    require(slot is None or is_in(slot, 0, MOST_SLOT))
    require(is_in(total, 3, 7) and is_in(timeout, 5, 120))
    check_nonce(message)
    return template_id, slot, total, timeout


def delete_target(message: "dict[str, Any]") -> "tuple[int, str | None, str | None]":
    """Read slot, template_id and revision of `delete`. Raises Refusal.

    `revision` is required only for a template without an id.
    """
    slot: Any = message.get("slot")
    template_id: Any = message.get("template_id")
    revision: Any = message.get("revision")
    require(is_in(slot, 0, MOST_SLOT) and "template_id" in message)
    require(is_id(template_id) or (template_id is None and is_id(revision)))
    check_nonce(message)
    return slot, template_id, revision


def adopt_target(message: "dict[str, Any]") -> "tuple[int, str, str]":
    """Read slot, template_id and revision of `adopt`. Raises Refusal."""
    slot: Any = message.get("slot")
    template_id: Any = message.get("template_id")
    revision: Any = message.get("revision")
    require(is_in(slot, 0, MOST_SLOT) and is_id(template_id) and is_id(revision))
    check_nonce(message)
    return slot, template_id, revision


def settings_changes(
    message: "dict[str, Any]", *, colored: bool
) -> "tuple[bool | None, int | None, str | None]":
    """Read identification, security_level and led_color; None for what is missing, but not all.

    `colored` says whether there is a light with colours. Raises Refusal.
    """
    identification: Any = message.get("identification")
    level: Any = message.get("security_level")
    color: Any = message.get("led_color")
    require(any(key in message for key in ("identification", "security_level", "led_color")))
    require("identification" not in message or isinstance(identification, bool))
    require("security_level" not in message or is_in(level, 1, 5))
    require("led_color" not in message or (colored and color in LED_COLORS))
    check_nonce(message)
    return identification, level, color
