"""Parse and validate received messages. Pure.

Every function raises `MalformedError` for whatever docs/protocol.md does not allow. Some take
`Fields`, because identity, snapshot and templates are also part of the answer to hello.
"""

from .fields import Fields, MalformedError
from .messages import (
    Answer,
    Diagnostics,
    Hello,
    Identity,
    Page,
    Refused,
    SensorErrorDetails,
    SensorInfo,
    Settings,
    Snapshot,
    Status,
    Templates,
)
from .words import (
    RUNNING_STAGES,
    LedColor,
    Reason,
    Refusal,
    Rejection,
    SensorFault,
    Stage,
)

_U8 = 0xFF
_U16 = 0xFFFF
UPTIME = 2**42
"""Longer than any uptime in milliseconds, about 139 years: as a date it can still be told."""
_COUNT = 2**53
_HOUR_MS = 3_600_000
_MAX_SCANS = 7
_MAX_SHIFT = 8
_PAGE = 64
_PAIR = 2


def identity(fields: Fields) -> Identity:
    """Parse the identity of a reader."""
    return Identity(
        device=fields.name("device"),
        firmware=fields.text("firmware"),
        board=fields.text("board"),
        sensor=fields.text("sensor"),
        max_scans=fields.integer("max_scans", 3, _MAX_SCANS),
        # Each is checked as text, because they are saved to a file.
        features=frozenset(
            Fields({"features": feature}).text("features")
            for feature in fields.array("features", 32)
        ),
    )


def status(payload: bytes) -> Status:
    """Parse `status`, from the reader or its last will."""
    fields = Fields.parse(payload)
    return Status(identity=identity(fields) if fields.boolean("online") else None)


def templates(fields: Fields) -> Templates:
    """Parse `templates`."""
    count = fields.integer_or_none("count", 0, _U16)
    revision = fields.id_or_none("revision")
    if (count is None) != (revision is None):
        raise MalformedError("only one of count and revision is null")
    return Templates(
        capacity=fields.integer_or_none("capacity", 0, _U16),
        count=count,
        revision=revision,
        sensor_changed=fields.boolean("sensor_changed"),
        sensor_error=fields.open_word_or_none("sensor_error", SensorFault),
        sensor_error_details=_sensor_error_details(fields),
    )


def _sensor_error_details(fields: Fields) -> SensorErrorDetails | None:
    key = "sensor_error_details"
    if not fields.has(key) or fields.null(key):
        return None
    details = fields.inner(key)
    return SensorErrorDetails(
        command=details.integer("command", 0, _U8), code=details.integer_or_none("code", 0, _U8)
    )


def snapshot(fields: Fields) -> Snapshot:
    """Parse a snapshot of `enroll/response`; also checks that its fields are consistent."""
    rejected = fields.inner("rejected")
    timeout_ms = fields.integer_or_none("timeout_ms", 0, _HOUR_MS)
    stage, reason = _stage(fields, running=timeout_ms is not None)
    value = Snapshot(
        template_id=fields.id_or_none("template_id"),
        seq=fields.integer("seq", 0, _U16),
        slot=fields.integer_or_none("slot", 0, _U16),
        stage=stage,
        step=fields.integer("step", 0, _MAX_SCANS),
        total=fields.integer("total", 0, _MAX_SCANS),
        captured=_captured(fields),
        rejected=rejected.integer("count", 0, _U16),
        rejected_last=rejected.open_word_or_none("last", Rejection),
        timeout_ms=timeout_ms if stage in RUNNING_STAGES else None,
        reason=reason if stage is Stage.FAILED else None,
        duplicate_of=fields.id_or_none("duplicate_of") if fields.has("duplicate_of") else None,
    )
    _check_whole(value)
    return value


def _stage(fields: Fields, *, running: bool) -> tuple[Stage, str | None]:
    """Return the stage and the reason; a stage of a later firmware is shown as the nearest."""
    word, reason = fields.open_word("stage", Stage), fields.open_word_or_none("reason", Reason)
    if isinstance(word, Stage):
        return word, reason
    return (Stage.PROCESSING, None) if running else (Stage.FAILED, reason or word)


def _captured(fields: Fields) -> tuple[int, ...]:
    attempts = []
    for entry in fields.array("captured", _MAX_SCANS):
        if not isinstance(entry, dict):
            raise MalformedError("key captured holds more than objects")
        attempts.append(Fields(entry).integer("attempts", 1, _U16))
    return tuple(attempts)


def _check_whole(value: Snapshot) -> None:
    """Raise unless the fields are consistent (docs/protocol.md, table of stages).

    Only what progress and names depend on; whatever else does not fit is no reason to drop it.
    """
    done = len(value.captured)
    if value.stage is Stage.IDLE:
        fits = (value.template_id, value.slot, value.seq, value.step, value.total, done) == (
            None,
            None,
            0,
            0,
            0,
            0,
        )
    else:
        fits = (
            value.template_id is not None
            and value.slot is not None
            and value.seq > 0
            and 1 <= value.step <= value.total
            and _captured_fits(value.stage, value.step, value.total, done)
        )
    if not fits:
        raise MalformedError(f"the fields do not fit stage {value.stage}")


def _captured_fits(stage: Stage, step: int, total: int, done: int) -> bool:
    match stage:
        case Stage.PLACE_FINGER:
            return done == step - 1
        # Also `processing`: a stage of a later firmware may be shown as that.
        case Stage.PROCESSING | Stage.LIFT_FINGER:
            return done in (step - 1, step)
        case Stage.COMPLETED:
            return done == step == total
        case _:
            return done <= total


def answer(payload: bytes) -> Answer | Refused:
    """Parse `command/response`."""
    fields = Fields.parse(payload)
    request = fields.id("request")
    if fields.boolean("ok"):
        return Answer(request, fields.mapping("result"))
    return Refused(request, fields.open_word("error", Refusal))


def hello(result: dict[str, object]) -> Hello:
    """Parse the result of hello."""
    fields = Fields(result)
    return Hello(
        identity=identity(fields),
        boot=fields.id("boot"),
        uptime_ms=fields.integer("uptime_ms", 0, UPTIME),
        nonce=fields.id("nonce"),
        enrollment=_enrollment(fields),
        templates=templates(fields.inner("templates")),
        journal=fields.integer("journal", 0, _COUNT),
        dropped=fields.integer("dropped", 0, _COUNT),
        changing=fields.boolean("changing") if fields.has("changing") else False,
        settings=settings(fields.mapping("settings")) if fields.has("settings") else None,
        diagnostics=(
            diagnostics(fields.mapping("diagnostics")) if fields.has("diagnostics") else None
        ),
        sensor_info=(
            _sensor_info(fields.inner("sensor_info")) if fields.has("sensor_info") else None
        ),
    )


def _enrollment(fields: Fields) -> Snapshot | None:
    try:
        return snapshot(fields.inner("enrollment"))
    except MalformedError:
        return None


def settings(result: dict[str, object]) -> Settings:
    """Parse the result of settings, which is also a part of the result of hello."""
    fields = Fields(result)
    return Settings(
        identification=fields.boolean("identification"),
        security_level=fields.integer_or_none("security_level", 1, 5),
        led_color=fields.open_word("led_color", LedColor) if fields.has("led_color") else None,
    )


def diagnostics(result: dict[str, object]) -> Diagnostics:
    """Parse the diagnostics in the result of hello."""
    fields = Fields(result)
    return Diagnostics(
        signal=fields.integer_or_none("signal", -127, 0),
        free_memory=fields.integer_or_none("free_memory", 0, _COUNT),
        sensor_errors=fields.integer("sensor_errors", 0, _COUNT),
    )


def _sensor_info(fields: Fields) -> SensorInfo:
    missing: list[int] = []
    for number in fields.array("missing", 16):
        after = missing[-1] + 1 if missing else 0
        missing.append(Fields({"missing": number}).integer("missing", after, _U8))
    return SensorInfo(
        product=fields.text_or_none("product"),
        missing=tuple(missing),
        mark=fields.boolean("mark"),
        index=fields.text("index"),
        index_shift=fields.integer_or_none("index_shift", -_MAX_SHIFT, _MAX_SHIFT),
        count_agrees=None if fields.null("count_agrees") else fields.boolean("count_agrees"),
    )


def page(result: dict[str, object]) -> Page:
    """Parse the result of list: slots in ascending order, without duplicate ids."""
    fields = Fields(result)
    found: dict[int, str | None] = {}
    last = -1
    for entry in fields.array("templates", _PAGE):
        if not isinstance(entry, list) or len(entry) != _PAIR:
            raise MalformedError("key templates holds more than pairs of slot and id")
        pair = Fields({"slot": entry[0], "template_id": entry[1]})
        last = pair.integer("slot", last + 1, _U16)
        found[last] = pair.id_or_none("template_id")
    ids = [template_id for template_id in found.values() if template_id is not None]
    if len(set(ids)) < len(ids):
        raise MalformedError("key templates holds an id twice")
    following = fields.integer_or_none("next", last + 1, _U16)
    if following is not None and not found:
        raise MalformedError("an empty page is the last one")
    return Page(fields.id("revision"), found, following)


def changed_revision(result: dict[str, object]) -> str:
    """Parse the result of delete or adopt: the new revision."""
    return Fields(result).id("revision")


def nothing(_result: dict[str, object]) -> None:
    """Accept any result, for requests that return nothing."""


def started_slot(result: dict[str, object]) -> int:
    """Parse the result of start: the slot that the template will have."""
    return Fields(result).integer("slot", 0, _U16)


def ended_snapshot(result: dict[str, object]) -> Snapshot:
    """Parse the result of cancel: the snapshot of the ended enrollment."""
    return snapshot(Fields(result).inner("enrollment"))
