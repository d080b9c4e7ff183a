"""Sensors that differ from their manuals, each over a real serial line."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from emulator import R307, R503, Code, Command, EmulatedSensor, Fault, SensorLine, templates
from emulator.fingers import Capture, Finger, Quality
from emulator.odd_profiles import PROFILES
from fpreader import enrollment, finger_presence, scanner, sensor, touches
from fpreader.sensor_connection import SensorConnection
from tests.firmware.emulated_reader import ANNA, BERT, EmulatedReader

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from emulator import Profile

NO_LOAD_CHAR = R307.commands - {Command.LOAD_CHAR}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enrollment, "POLL_MS", 5)
    monkeypatch.setattr(scanner, "POLL_MS", 5)
    monkeypatch.setattr(scanner, "RETRY_MS", 50)
    monkeypatch.setattr(finger_presence, "EMPTY_MS", 10)
    monkeypatch.setattr(touches, "UNDECIDED_MS", 5)
    monkeypatch.setattr(touches, "LOOK_EVERY_MS", 5)
    monkeypatch.setattr(enrollment, "UNDECIDED_MS", 5)
    monkeypatch.setattr(sensor, "SLOW_ANSWER_MS", 500)
    defaults = {**(SensorConnection.send.__kwdefaults__ or {}), "timeout_ms": 200}
    monkeypatch.setattr(SensorConnection.send, "__kwdefaults__", defaults)


def _small(profile: Profile) -> Profile:
    """Make the sensor small, so that asking for each slot takes no time worth mentioning."""
    return replace(profile, capacity=min(profile.capacity, 40))


@asynccontextmanager
async def reading(
    profile: Profile, folder: Path, held: dict[int, bytes] | None = None, **config: str | int
) -> AsyncIterator[EmulatedReader]:
    """Run a reader with a sensor, until it says whether that works."""
    emulated = EmulatedSensor(profile)
    emulated.templates.update(held or {})
    with SensorLine(emulated) as line:
        reader = EmulatedReader(line, folder, **config)
        try:
            await reader.until(lambda: reader.told)
            yield reader
        finally:
            await reader.turn_off()


def _template(finger: str) -> bytes:
    """Make a template that was stored by somebody else."""
    features = templates.features(Capture(Finger(finger), 0, Quality.OK), R307.feature_size)
    merged = templates.merge([features, features], R307.template_size)
    assert merged is not None
    return merged


@pytest.mark.parametrize("name", sorted(set(PROFILES) - {"other-address", "with-password"}))
async def test_two_people_enroll_are_identified_and_known_after_a_restart(
    name: str, tmp_path: Path
) -> None:
    profile = _small(PROFILES[name])
    config: dict[str, Any] = (
        {"capacity": 40} if Command.READ_SYS_PARA not in profile.commands else {}
    )
    async with reading(profile, tmp_path, **config) as reader:
        await reader.ready()
        for number, finger in enumerate((ANNA, BERT)):
            final = await reader.enroll(*[finger] * 3, template_id=str(number) * 16)
            assert (final["stage"], final["slot"]) == ("completed", number)
        reader.told.clear()
        await reader.restart()
        await reader.ready()
        assert reader.told[-1]["count"] == 2
        for number, finger in enumerate((ANNA, BERT)):
            touch = await reader.touch(finger)
            assert (touch.result, touch.slot, touch.template_id) == (
                "identified",
                number,
                str(number) * 16,
            )
        assert list(reader.templates()) == [0, 1]


_TABLES: dict[str, dict[str, Any]] = {
    **{f"shifted by {shift}": {"index_shift": shift} for shift in (-8, -2, 1, 2, 7, 8)},
    "shifted too far": {"index_shift": 9},
    "reversed": {"index_reversed": True},
    "reversed and shifted": {"index_reversed": True, "index_shift": 3},
    "shifted, LoadChar lies": {"index_shift": 1, "load_char_lies": True},
    "shifted, no LoadChar": {"index_shift": 1, "commands": NO_LOAD_CHAR},
    "reversed, no LoadChar": {"index_reversed": True, "commands": NO_LOAD_CHAR},
}


@pytest.mark.parametrize("table", _TABLES)
@pytest.mark.parametrize("held", [(), (0,), (0, 1, 3), (5, 6), (9, 17, 30)])
async def test_no_template_is_stored_over_another_whatever_the_index_says(
    table: str, held: tuple[int, ...], tmp_path: Path
) -> None:
    profile = replace(_small(R307), **_TABLES[table])
    before = {slot: _template(f"finger {slot}") for slot in held}
    async with reading(profile, tmp_path, before) as reader:
        for number, finger in enumerate((ANNA, BERT)):
            if reader.told[-1]["sensor_error"] is None:
                await reader.enroll(*[finger] * 3, template_id=str(number) * 16)
                await reader.until(lambda: not reader.scanner.busy)
            stored = reader.templates()
            for slot, template in before.items():
                assert stored[slot] == template
            before |= stored


@pytest.mark.parametrize(
    ("table", "held"),
    [
        ({"index_shift": -1}, (0,)),
        ({"index_shift": -1}, (0, 1)),
        ({"index_shift": -8}, (3, 9)),
        ({"index_shift": 9}, (0, 5)),
        ({"index_reversed": True}, (0, 1, 3)),
    ],
)
async def test_templates_of_somebody_else_are_listed_in_their_slots_whatever_the_index_says(
    table: dict[str, Any], held: tuple[int, ...], tmp_path: Path
) -> None:
    before = {slot: _template(f"finger {slot}") for slot in held}
    async with reading(replace(_small(R307), **table), tmp_path, before) as reader:
        page = reader.scanner.page(0)
        assert page is not None
        assert [slot for slot, _ in page["templates"]] == list(held)


@pytest.mark.parametrize("code", [0x17, 0x22, 0x24, 0x27, 0x29, 0xFC, 0xFD, 0xFE])
@pytest.mark.parametrize("command", [Command.GEN_IMG, Command.IMG_2_TZ, Command.READ_NOTEPAD])
async def test_a_code_off_the_list_costs_one_command_and_never_the_sensor(
    code: int, command: Command, tmp_path: Path
) -> None:
    async with reading(_small(R307), tmp_path) as reader:
        await reader.ready()
        await reader.enroll(*[ANNA] * 3)
        told = len(reader.told)
        for times in (1, 2):
            await reader.seen_empty()
            with reader.line.hold() as emulated:
                emulated.faults.add(Fault.CODE, times, command=command, code=code)
            touch = await reader.touch(ANNA)
            assert touch.result == "identified"  # while the finger rests it is looked at again
        assert len(reader.told) == told


async def test_a_sensor_without_a_way_to_tell_its_slots_is_refused_in_words(
    tmp_path: Path,
) -> None:
    missing = {Command.READ_INDEX_TABLE, Command.LOAD_CHAR}
    profile = replace(_small(R307), commands=R307.commands - missing)
    async with reading(profile, tmp_path) as reader:
        assert reader.told[-1]["sensor_error"] == "missing_command"
        assert reader.told[-1]["sensor_error_details"]["command"] == Command.READ_INDEX_TABLE


@pytest.mark.parametrize("answer", [None, Code.PACKET_ERROR, Code.UNSUPPORTED])
async def test_without_a_capacity_the_missing_command_is_told(
    answer: Code | None, tmp_path: Path
) -> None:
    profile = replace(R307, commands=R307.commands - {Command.READ_SYS_PARA}, unknown_answer=answer)
    async with reading(profile, tmp_path) as reader:
        assert reader.told[-1]["sensor_error"] == "missing_command"
        code = None if answer is None else int(answer)
        assert reader.told[-1]["sensor_error_details"] == {"command": 0x0F, "code": code}


async def test_a_sensor_at_another_rate_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with reading(replace(_small(R307), baud=1), tmp_path) as reader:
        await reader.ready()
        assert "answers at 9600 baud" in capsys.readouterr().out
        assert (await reader.enroll(*[ANNA] * 3))["stage"] == "completed"


async def test_address_and_password_are_those_of_the_configuration(tmp_path: Path) -> None:
    profile = replace(_small(R307), address=0x12345678, password=0xCAFE)
    config: dict[str, Any] = {"address": "0x12345678", "sensor_password": "0xCAFE"}
    async with reading(profile, tmp_path, **config) as reader:
        await reader.ready()
        assert (await reader.enroll(*[ANNA] * 3))["stage"] == "completed"


async def test_a_password_that_is_not_configured_is_asked_for(tmp_path: Path) -> None:
    async with reading(replace(R307, password=0xCAFE), tmp_path) as reader:
        assert reader.told[-1]["sensor_error"] == "wrong_password"


@pytest.mark.parametrize(
    ("profile", "name", "buffers", "colored"),
    [
        (R307, "unknown", 2, False),
        (R503, "R503", 6, True),
        (replace(R503, product=None), "unknown", 2, True),
        (replace(R307, product="XY-9"), "XY-9", 2, False),
    ],
)
async def test_the_model_is_found_by_what_the_sensor_answers(
    profile: Profile, name: str, buffers: int, colored: bool, tmp_path: Path
) -> None:
    async with reading(profile, tmp_path) as reader:
        await reader.ready()
        model = reader.scanner.model
        assert (model.name, model.buffers, model.colored) == (name, buffers, colored)


async def test_a_delete_shows_that_the_index_has_another_order(tmp_path: Path) -> None:
    # Each has the bit that the other should have, so that nothing shows before.
    before = {slot: _template(f"finger {slot}") for slot in (3, 4)}
    async with reading(replace(_small(R307), index_reversed=True), tmp_path, before) as reader:
        await reader.ready()
        said: list[str | None] = []
        revision = reader.scanner.templates["revision"]
        assert reader.scanner.changes.delete(3, None, revision, said.append) is None
        await reader.until(lambda: bool(said))
        assert said == [None]
        assert list(reader.templates()) == [4]
        reader.told.clear()
        await reader.restart()
        await reader.ready()
        page = reader.scanner.page(0)
        assert page is not None
        assert [slot for slot, _ in page["templates"]] == [4]


async def test_a_sensor_that_is_silent_to_a_missing_count_is_found_again_after_a_fault(
    tmp_path: Path,
) -> None:
    commands = R307.commands - {Command.TEMPLETE_NUM}
    profile = replace(_small(R307), commands=commands, unknown_answer=None)
    async with reading(profile, tmp_path) as reader:
        await reader.ready()
        reader.told.clear()
        with reader.line.hold() as emulated:
            emulated.faults.add(Fault.REQUEST_LOST, 6)
        await reader.until(lambda: any(told["sensor_error"] for told in reader.told))
        await reader.ready()
