"""What the reader remembers, and what it makes of damaged memories."""

import hashlib
import json

from fpreader.memory import DELETE, RECORD, Memory, unpack
from fpreader.template_ids import TemplateIds
from tests.firmware.portable.fake_hardware import FakeFlash, Steps

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

MARK, OTHER_MARK = bytes(range(16)), bytes(range(16, 32))
ID = "9f2c01ab44d0e1f7"
OTHER = "1b7d4e90c2a3f586"
OPERATION = {"template_id": ID, "seq": 3, "slot": 5, "total": 3, "captured": []}
LAST = {"template_id": ID, "seq": 9, "stage": "completed"}


def flash() -> FakeFlash:
    return FakeFlash(Steps())


def refused(write: "Callable[[], None]") -> bool:
    try:
        write()
    except OSError:
        return True
    return False


def test_everything_is_there_after_a_restart() -> None:
    records = flash()
    memory = Memory(records)
    memory.keep_mark(MARK)
    memory.commit(5, ID, LAST)
    memory.keep_operation(OPERATION)
    again = Memory(records)
    assert again.mark == MARK
    assert again.operation == OPERATION
    assert again.last == LAST
    assert (again.template_id(5), again.template_id(6)) == (ID, None)


def kept(records: FakeFlash) -> "dict[str, Any]":
    """Read what is in flash."""
    found = unpack(*records.records[RECORD])
    found["ids"] = [(slot, found["ids"].get(slot)) for slot in found["ids"]]
    return found


def test_a_commit_is_one_write() -> None:
    records = flash()
    memory = Memory(records)
    memory.keep_operation(OPERATION)
    before = kept(records)
    memory.commit(5, ID, LAST)
    assert (before["operation"], before["ids"]) == (OPERATION, [])
    after = kept(records)
    assert (after["operation"], after["last"], after["ids"]) == (None, LAST, [(5, ID)])
    assert records.writes == 2


def test_a_delete_is_one_write() -> None:
    records = flash()
    memory = Memory(records)
    memory.commit(4, OTHER, LAST)
    memory.commit(5, ID, LAST)
    memory.keep_operation({"op": DELETE, "slot": 5, "template_id": ID})
    writes = records.writes
    memory.forget(5)
    after = kept(records)
    assert (after["operation"], after["last"], after["ids"]) == (None, LAST, [(4, OTHER)])
    assert records.writes == writes + 1


def test_to_accept_a_sensor_is_one_write_and_leaves_no_id() -> None:
    records = flash()
    memory = Memory(records)
    memory.keep_mark(MARK)
    memory.commit(5, ID, LAST)
    memory.keep_operation(OPERATION)
    writes = records.writes
    memory.accept(OTHER_MARK)
    after = kept(records)
    assert (after["mark"], after["operation"], after["ids"]) == (OTHER_MARK, None, [])
    assert (after["last"], records.writes) == (LAST, writes + 1)


def test_a_setting_survives_a_restart() -> None:
    records = flash()
    assert (Memory(records).identification, Memory(records).led_color) == (True, "off")
    Memory(records).keep_settings(False, "cyan")
    assert (Memory(records).identification, Memory(records).led_color) == (False, "cyan")
    Memory(records).keep_mark(MARK)
    assert (Memory(records).identification, Memory(records).led_color) == (False, "cyan")


def test_a_record_without_a_colour_or_with_one_that_nobody_knows_is_read_all_the_same() -> None:
    """That of a firmware before there were colours, and that of a later one."""
    for colour in (None, "off", "orange", 7, ["red"]):
        records = flash()
        Memory(records).commit(5, ID, LAST)
        Memory(records).keep_settings(False, "red")
        line, pieces = records.records[RECORD]
        head: dict[str, Any] = json.loads(line.decode())
        assert head.pop("led_color") == "red"
        if colour is not None:
            head["led_color"] = colour
        records.records[RECORD] = json.dumps(head).encode(), pieces
        memory = Memory(records)
        assert (memory.led_color, memory.identification) == ("off", False)
        assert (memory.template_id(5), memory.last) == (ID, LAST)


def test_the_record_of_firmware_0_1_is_read() -> None:
    records = flash()
    mark, ids = MARK.hex(), "0005" + ID + "0007" + OTHER
    record = {"mark": mark, "map": ids, "operation": OPERATION, "last": LAST}
    records.records[RECORD] = json.dumps(record).encode(), []
    memory = Memory(records)
    assert (memory.mark, memory.operation, memory.last) == (MARK, OPERATION, LAST)
    assert [memory.template_id(slot) for slot in (5, 6, 7)] == [ID, None, OTHER]
    assert (memory.identification, memory.led_color) == (True, "off")
    memory.reconcile(lambda _: True)
    assert kept(records)["ids"] == [(5, ID), (7, OTHER)]


def test_a_refused_write_changes_nothing() -> None:
    records = flash()
    memory = Memory(records)
    records.broken = True
    writes: list[Callable[[], None]] = [
        lambda: memory.commit(5, ID, LAST),
        lambda: memory.keep_mark(MARK),
        lambda: memory.keep_operation(OPERATION),
        lambda: memory.adopt(5, ID),
        lambda: memory.accept(MARK),
        lambda: memory.keep_settings(False, "red"),
    ]
    assert [refused(write) for write in writes] == [True] * len(writes)
    assert (memory.template_id(5), memory.last, memory.identification) == (None, None, True)
    assert (memory.mark, memory.operation, memory.led_color) == (None, None, "off")


def test_a_record_of_another_kind_counts_as_erased() -> None:
    good: dict[str, Any] = {"mark": None, "map": "", "operation": None, "last": None}
    wrongs: list[Any] = [{}, [], 7, "memory"]
    for key, value in (("mark", 7), ("map", "0005"), ("map", "zz"), ("map", None)):
        wrongs.append(dict(good))
        wrongs[-1][key] = value
    lines = [json.dumps(wrong).encode() for wrong in wrongs]
    records_of_no_firmware: list[tuple[bytes, list[bytes]]] = [(line, []) for line in lines]
    records_of_no_firmware += [(b"", []), (b"\n", []), (b"\xff", [])]
    good.pop("map")
    records_of_no_firmware.append((json.dumps(good).encode(), [b"12345"]))
    for line, pieces in records_of_no_firmware:
        records = flash()
        records.records[RECORD] = line, pieces
        memory = Memory(records)
        assert (memory.mark, memory.operation, memory.last) == (None, None, None)
        assert RECORD not in records.records


def test_the_map_keeps_every_slot_apart_and_in_order() -> None:
    ids = TemplateIds()
    slots = [513, 0, 65535, 256, 2, 1, 255]
    for slot in slots:
        ids = ids.with_id(slot, "%016x" % slot)
    assert list(ids) == sorted(slots)
    for slot in slots:
        assert ids.get(slot) == "%016x" % slot
    for slot in (3, 254, 257, 512, 65534):
        assert ids.get(slot) is None
    assert ids.has("%016x" % 513)
    assert not ids.has("%016x" % 514)
    assert not ids.has("0001" + "0" * 12)  # is there, but across two fields
    ids = ids.with_id(256, ID)
    assert (ids.get(256), ids.get(255), ids.get(513)) == (ID, "%016x" % 255, "%016x" % 513)
    assert list(TemplateIds([b"".join(ids.packed())])) == sorted(slots)


def test_ids_whose_template_is_gone_are_dropped() -> None:
    records = flash()
    memory = Memory(records)
    for slot in range(5):
        memory.commit(slot, "%016x" % slot, LAST)
    memory.reconcile(lambda slot: slot in (1, 3, 7))
    kept = [slot for slot in range(8) if Memory(records).template_id(slot)]
    assert kept == [1, 3]


def test_nothing_is_written_where_no_id_is_dropped() -> None:
    records = flash()
    memory = Memory(records)
    memory.commit(5, ID, LAST)
    records.broken = True
    memory.reconcile(lambda slot: slot == 5)


def test_an_operation_is_forgotten_with_the_ids_that_it_left_without_a_template() -> None:
    records = flash()
    memory = Memory(records)
    memory.commit(5, ID, LAST)
    memory.keep_operation({"op": DELETE, "slot": 5, "template_id": ID})
    writes = records.writes
    memory.reconcile(lambda slot: slot != 5)
    assert (kept(records)["ids"], kept(records)["operation"]) == ([], None)
    assert records.writes == writes + 1


def test_the_revision_is_that_of_the_protocol() -> None:
    memory = Memory(flash())
    memory.keep_mark(MARK)
    memory.commit(5, ID, LAST)
    text = "000102030405060708090a0b0c0d0e0f\n2:\n5:" + ID + "\n"
    expected = hashlib.sha256(text.encode()).digest()[:8].hex()
    assert memory.revision([2, 5], void=False) == expected
    void = hashlib.sha256(text.replace(ID, "").encode()).digest()[:8].hex()
    assert memory.revision([2, 5], void=True) == void
