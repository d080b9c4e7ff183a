"""Records in files, whole or not at all."""

import os

from fpreader import storage
from fpreader.memory import Memory
from fpreader.storage import PIECE, Storage

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable

LINE = b"Zo\xc3\xab\n"
VALUE = LINE, [b"\x00\n\xff" * 500]
NEXT = b"next\n", [b"1"]


def with_folder(test: "Callable[[str], None]") -> None:
    """Run a test in an empty folder of its own."""
    folder = (os.getenv("TMPDIR") or "/tmp") + "/fpreader-" + os.urandom(8).hex()  # noqa: S108
    os.mkdir(folder)
    try:
        test(folder)
    finally:
        for name in os.listdir(folder):
            os.remove(folder + "/" + name)
        os.rmdir(folder)


def contents(folder: str, name: str) -> bytes:
    with open(folder + "/" + name, "rb") as file:
        data: bytes = file.read()
    return data


def fill(folder: str, name: str, data: bytes) -> None:
    with open(folder + "/" + name, "wb") as file:
        file.write(data)


def check(folder: str, value: "tuple[bytes, list[bytes]]") -> None:
    """Check that this is what the record holds."""
    record = Storage(folder).read("memory")
    assert record is not None
    assert (record[0], b"".join(record[1])) == (value[0], b"".join(value[1]))


def test_a_record_is_read_back() -> None:
    def test(folder: str) -> None:
        Storage(folder).write("memory", *NEXT)
        Storage(folder).write("memory", *VALUE)
        check(folder, VALUE)
        assert os.listdir(folder) == ["memory"]

    with_folder(test)


def test_a_record_can_be_written_in_pieces_and_is_read_in_pieces_of_one_size() -> None:
    def test(folder: str) -> None:
        Storage(folder).write("memory", LINE, [b"1" * 3, b"", b"2" * PIECE])
        assert Storage(folder).read("memory") == (LINE, [b"111" + b"2" * (PIECE - 3), b"222"])
        Storage(folder).write("memory", LINE, [])
        assert Storage(folder).read("memory") == (LINE, [])

    with_folder(test)


def test_what_was_never_written_is_none() -> None:
    with_folder(lambda folder: check_none(folder, "memory"))


def check_none(folder: str, name: str) -> None:
    assert Storage(folder).read(name) is None


def test_a_record_torn_anywhere_counts_as_erased_and_is_kept_aside() -> None:
    def test(folder: str) -> None:
        Storage(folder).write("memory", *VALUE)
        whole = contents(folder, "memory")
        for length in range(len(whole)):
            fill(folder, "memory", whole[:length])
            check_none(folder, "memory")
            assert contents(folder, "memory.bad") == whole[:length]
            check_none(folder, "memory")

    with_folder(test)


def test_a_record_with_one_wrong_bit_counts_as_erased() -> None:
    def test(folder: str) -> None:
        Storage(folder).write("memory", *VALUE)
        whole = contents(folder, "memory")
        for position in range(len(whole)):
            wrong = bytearray(whole)
            wrong[position] ^= 1
            fill(folder, "memory", bytes(wrong))
            check_none(folder, "memory")

    with_folder(test)


def test_a_write_that_was_interrupted_leaves_the_old_record() -> None:
    def test(folder: str) -> None:
        Storage(folder).write("memory", *VALUE)
        fill(folder, "memory.new", contents(folder, "memory")[:50])
        check(folder, VALUE)
        Storage(folder).write("memory", *NEXT)
        check(folder, NEXT)

    with_folder(test)


def test_a_refused_write_raises_and_leaves_the_old_record() -> None:
    def test(folder: str) -> None:
        Storage(folder).write("memory", *VALUE)
        os.mkdir(folder + "/memory.new")  # cannot be opened for writing
        try:
            Storage(folder).write("memory", *NEXT)
        except OSError:
            pass
        else:
            raise AssertionError("was not refused")
        finally:
            os.rmdir(folder + "/memory.new")
        check(folder, VALUE)

    with_folder(test)


def refuse(*_: object) -> None:
    raise OSError(5)


def test_a_flash_that_cannot_be_read_does_not_count_as_empty() -> None:
    """A record that cannot be read this time is not a record that is not there."""

    def test(folder: str) -> None:
        Storage(folder).write("memory", *VALUE)
        storage.open = refuse  # type: ignore[attr-defined]
        try:
            Memory(Storage(folder))  # the reader would make a new mark now, over all its ids
        except OSError:
            pass
        else:
            raise AssertionError("taken for a reader that was never set up")
        finally:
            del storage.open  # type: ignore[attr-defined]
        check(folder, VALUE)

    with_folder(test)
