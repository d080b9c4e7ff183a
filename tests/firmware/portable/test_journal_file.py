"""The journal's file, as a power cut may leave it."""

import os

from fpreader.journal_file import JournalFile
from fpreader.touch_record import RECORD_BYTES

ONE, TWO = b"1" * RECORD_BYTES, b"2" * RECORD_BYTES


def fresh(name: str) -> str:
    return "/tmp/fpreader-journal-%s-%s" % (name, os.urandom(4).hex())  # noqa: S108


def remove(path: str) -> None:
    os.remove(path)


def size(path: str) -> int:
    return os.stat(path)[6]


def cut(path: str, length: int) -> None:
    with open(path, "rb") as file:
        data = file.read()[:length]
    with open(path, "wb") as file:
        file.write(data)


def test_there_is_nothing_before_the_first_write() -> None:
    assert list(JournalFile(fresh("none")).read()) == []


def test_records_come_back_in_order() -> None:
    path = fresh("order")
    file = JournalFile(path)
    file.append([ONE])
    file.append([TWO, ONE])
    assert list(JournalFile(path).read()) == [ONE, TWO, ONE]
    remove(path)


def test_replacing_leaves_only_the_new_ones() -> None:
    path = fresh("replace")
    file = JournalFile(path)
    file.append([ONE, ONE])
    file.replace(iter([TWO]))
    assert list(file.read()) == [TWO]
    file.replace(iter(()))
    assert list(file.read()) == []
    remove(path)


def test_a_write_cut_off_anywhere_leaves_the_records_before_it() -> None:
    path = fresh("torn")
    file = JournalFile(path)
    file.append([ONE, TWO])
    whole = size(path)
    for length in range(whole - 1, whole // 2, -1):
        cut(path, length)
        assert list(file.read()) == [ONE, None]
    cut(path, whole // 2)
    assert list(file.read()) == [ONE]
    remove(path)


def test_a_flipped_bit_costs_only_its_record() -> None:
    path = fresh("flipped")
    file = JournalFile(path)
    file.append([ONE, TWO])
    with open(path, "rb") as opened:
        data = bytearray(opened.read())
    data[3] ^= 1
    with open(path, "wb") as opened:
        opened.write(data)
    assert list(file.read()) == [None, TWO]
    remove(path)
