"""What each message of a reader has to look like: the tables of docs/protocol.md.

Shares no code with firmware and integration, so that it can hold either to the page.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    #: A leaf tells whether a value fits; a mapping has a shape for each key, optional ones end in
    #: a question mark.
    Shape = Callable[[Any], bool] | Mapping[str, "Shape"]

FINAL = ("completed", "failed", "cancelled")
RUNNING = ("place_finger", "processing", "lift_finger")
MOST_BYTES = 4096


def problems(shape: Shape, value: Any, where: str) -> Iterator[str]:
    """Tell where a value does not have a shape. Unknown keys are ignored."""
    if callable(shape):
        if not shape(value):
            yield f"{where} is {value!r}"
        return
    if not isinstance(value, dict):
        yield f"{where} is no object"
        return
    for marked, inner in shape.items():
        key = marked.removesuffix("?")
        if key in value:
            yield from problems(inner, value[key], f"{where}.{key}")
        elif key == marked:
            yield f"{where} lacks {key}"


def integer(lowest: int, highest: float = float("inf")) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and lowest <= value <= highest


def text(most: int, pattern: str = ".+") -> Callable[[Any], bool]:
    return lambda value: (
        isinstance(value, str) and len(value) <= most and bool(re.fullmatch(pattern, value))
    )


def word(*words: str) -> Callable[[Any], bool]:
    return lambda value: value in words


def or_null(shape: Shape) -> Callable[[Any], bool]:
    return lambda value: value is None or not list(problems(shape, value, ""))


def array(most: int, shape: Shape) -> Callable[[Any], bool]:
    return lambda value: (
        isinstance(value, list)
        and len(value) <= most
        and not any(list(problems(shape, each, "")) for each in value)
    )


def is_boolean(value: Any) -> bool:
    return isinstance(value, bool)


is_id = text(16, "[0-9a-f]{16}")
u16 = integer(0, 65535)
rejection = word("too_messy", "too_few_features", "no_image", "mismatch", "sensor_error")

IDENTITY: dict[str, Shape] = {
    "device": text(64, "[a-z0-9_-]{1,64}"),
    "firmware": text(32),
    "board": text(32),
    "sensor": text(32),
    "max_scans": integer(3, 7),
    "features": array(32, text(32)),
}
TEMPLATES: Shape = {
    "capacity": or_null(u16),
    "count": or_null(u16),
    "revision": or_null(is_id),
    "sensor_changed": is_boolean,
    "sensor_error": or_null(text(32)),
    "sensor_error_details?": or_null(
        {"command": integer(0, 255), "code": or_null(integer(0, 255))}
    ),
}
SNAPSHOT: Shape = {
    "template_id": or_null(is_id),
    "seq": u16,
    "slot": or_null(u16),
    "stage": word("idle", *RUNNING, *FINAL),
    "step": integer(0, 7),
    "total": integer(0, 7),
    "captured": array(7, {"attempts": integer(1, 65535)}),
    "rejected": {"count": u16, "last": or_null(rejection)},
    "timeout_ms": or_null(integer(0, 3600000)),
    "reason": or_null(word("timeout", "mismatch", "duplicate", "sensor_error", "reader_restarted")),
    "duplicate_of?": or_null(is_id),
}
TOUCH: Shape = {
    "touch": is_id,
    "boot": or_null(is_id),
    "at_ms": or_null(integer(0)),
    "result": word("identified", "not_identified", "unreadable"),
    "slot": or_null(u16),
    "template_id": or_null(is_id),
    "confidence": or_null(u16),
    "reason": or_null(rejection),
    "count": integer(1),
}
SETTINGS: Shape = {
    "identification": is_boolean,
    "security_level": or_null(integer(1, 5)),
    "led_color?": word("off", "red", "blue", "purple", "green", "yellow", "cyan", "white"),
}
HELLO: Shape = {
    **IDENTITY,
    "boot": is_id,
    "uptime_ms": integer(0),
    "nonce": is_id,
    "enrollment": SNAPSHOT,
    "templates": TEMPLATES,
    "journal": integer(0),
    "dropped": integer(0),
    "changing?": is_boolean,
    "settings?": SETTINGS,
    "diagnostics?": {
        "signal": or_null(integer(-127, 0)),
        "free_memory": or_null(integer(0)),
        "sensor_errors": integer(0),
    },
    "sensor_info?": {
        "product": or_null(text(32)),
        "missing": array(16, integer(0, 255)),
        "mark": is_boolean,
        "index": text(32),
        "index_shift": or_null(integer(-8, 8)),
        "count_agrees": or_null(is_boolean),
    },
}
PAGE: Shape = {
    "revision": is_id,
    "templates": array(
        64, lambda pair: len(pair) == 2 and u16(pair[0]) and or_null(is_id)(pair[1])
    ),
    "next": or_null(u16),
}
ERRORS = word(
    "bad_request", "unknown_command", "stale", "busy", "not_found", "slot_occupied", "sensor_full",
    "sensor_error", "sensor_changed", "not_running",
)  # fmt: skip


def of_message(topic: str, message: Any) -> Iterator[str]:
    """Tell what is wrong with a message of a reader."""
    yield from problems({"v": lambda v: type(v) is int and v == 1}, message, topic)
    if topic == "status":
        yield from problems({"online": is_boolean}, message, topic)
        if message.get("online"):
            yield from problems(IDENTITY, message, topic)
    elif topic == "templates":
        yield from _of_templates(message, topic)
    elif topic == "enroll/response":
        yield from of_snapshot(message, topic)
    elif topic == "fingerprint":
        yield from _of_touch(message)
    elif topic == "command/response":
        yield from problems({"request": is_id, "ok": is_boolean}, message, topic)
        told: Shape = {"result": lambda value: isinstance(value, dict)}
        yield from problems(told if message.get("ok") else {"error": ERRORS}, message, topic)


def of_hello(result: Any) -> Iterator[str]:
    """Tell what is wrong with the result of hello."""
    yield from problems(HELLO, result, "hello")
    yield from of_snapshot(result.get("enrollment"), "hello.enrollment")
    yield from _of_templates(result.get("templates"), "hello.templates")


def of_page(first: int, result: Any) -> Iterator[str]:
    """Tell what is wrong with a page of the list from a slot on."""
    yield from problems(PAGE, result, "list")
    slots = [slot for slot, _ in result["templates"]]
    if slots != sorted(set(slots)) or any(slot < first for slot in slots):
        yield "list is not ascending, or begins before its first slot"
    if result["next"] is not None and not slots:
        yield "list has an empty page that is not the last"
    if result["next"] is not None and slots and result["next"] <= slots[-1]:
        yield "list goes on before its last slot"


def of_snapshot(one: Any, where: str) -> Iterator[str]:
    """Tell what is wrong with a snapshot."""
    wrong = list(problems(SNAPSHOT, one, where))
    yield from wrong
    if wrong:
        return
    stage, done, step, total = one["stage"], len(one["captured"]), one["step"], one["total"]
    captured = {
        "idle": step == 0 and done == 0,
        "place_finger": done == step - 1,
        "processing": done == step - 1,
        "lift_finger": done in (step, step - 1),
        "completed": done == step == total,
    }
    if not captured.get(stage, True):
        yield f"{where} has captured {done} in step {step} of {total}, {stage}"
    for key in ("template_id", "slot"):
        if (one[key] is None) != (stage == "idle"):
            yield f"{where}.{key} is {one[key]!r} in stage {stage}"
    if (one["timeout_ms"] is not None) != (stage in RUNNING):
        yield f"{where}.timeout_ms is {one['timeout_ms']} in stage {stage}"
    if (one["reason"] is not None) != (stage == "failed"):
        yield f"{where}.reason is {one['reason']} in stage {stage}"
    if ("duplicate_of" in one) and one["reason"] != "duplicate":
        yield f"{where}.duplicate_of with reason {one['reason']}"
    if (one["rejected"]["last"] is None) != (one["rejected"]["count"] == 0):
        yield f"{where}.rejected is {one['rejected']}"


def of_change(before: Any, after: Any) -> Iterator[str]:
    """Tell what is wrong with a snapshot that follows another one of the same enrollment."""
    told = {key: value for key, value in after.items() if key != "timeout_ms"}
    same = told == {key: value for key, value in before.items() if key != "timeout_ms"}
    if not same and before["stage"] in FINAL:
        yield f"enrollment goes on after {before['stage']}"
    if same != (after["seq"] == before["seq"]) or after["seq"] < before["seq"]:
        yield f"seq is {after['seq']} after {before['seq']}"
    if after["captured"][: len(before["captured"])] != before["captured"]:
        yield f"captured is {after['captured']} after {before['captured']}"


def _of_templates(one: Any, where: str) -> Iterator[str]:
    wrong = list(problems(TEMPLATES, one, where))
    yield from wrong
    if wrong:
        return
    if (one["count"] is None) != (one["revision"] is None):
        yield f"{where} has count {one['count']} and revision {one['revision']}"
    if one["capacity"] is not None and (one["count"] or 0) > one["capacity"]:
        yield f"{where} has more templates than slots"


def _of_touch(one: Any) -> Iterator[str]:
    wrong = list(problems(TOUCH, one, "fingerprint"))
    yield from wrong
    if wrong:
        return
    identified = one["result"] == "identified"
    for key in ("slot", "confidence"):
        if (one[key] is not None) != identified:
            yield f"fingerprint.{key} is {one[key]} with {one['result']}"
    if one["template_id"] is not None and not identified:
        yield f"fingerprint.template_id with {one['result']}"
    if (one["reason"] is not None) != (one["result"] == "unreadable"):
        yield f"fingerprint.reason is {one['reason']} with {one['result']}"
    if one["count"] > 1 and one["result"] != "unreadable":
        yield f"fingerprint.count is {one['count']} with {one['result']}"
    if (one["boot"] is None) != (one["at_ms"] is None):
        yield "fingerprint has only one of boot and at_ms"
