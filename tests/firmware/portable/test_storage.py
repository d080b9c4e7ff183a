"""Records in files, whole or not at all."""

import os

from fpreader.storage import Storage

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable

VALUE = {"mark": "5f0c", "last": {"seq": 7, "reason": None}, "name": "Zoë"}


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


def test_a_record_is_read_back() -> None:
    def test(folder: str) -> None:
        Storage(folder).write("memory", {"old": 1})
        Storage(folder).write("memory", VALUE)
        assert Storage(folder).read("memory") == VALUE
        assert os.listdir(folder) == ["memory"]

    with_folder(test)


def test_what_was_never_written_is_none() -> None:
    with_folder(lambda folder: check_none(folder, "memory"))


def check_none(folder: str, name: str) -> None:
    assert Storage(folder).read(name) is None


def test_a_record_torn_anywhere_counts_as_erased_and_is_kept_aside() -> None:
    def test(folder: str) -> None:
        Storage(folder).write("memory", VALUE)
        whole = contents(folder, "memory")
        for length in range(len(whole)):
            fill(folder, "memory", whole[:length])
            check_none(folder, "memory")
            assert contents(folder, "memory.bad") == whole[:length]
            check_none(folder, "memory")

    with_folder(test)


def test_a_record_with_one_wrong_bit_counts_as_erased() -> None:
    def test(folder: str) -> None:
        Storage(folder).write("memory", VALUE)
        whole = contents(folder, "memory")
        for position in range(len(whole)):
            wrong = bytearray(whole)
            wrong[position] ^= 1
            fill(folder, "memory", bytes(wrong))
            check_none(folder, "memory")

    with_folder(test)


def test_a_write_that_was_interrupted_leaves_the_old_record() -> None:
    def test(folder: str) -> None:
        Storage(folder).write("memory", VALUE)
        fill(folder, "memory.new", contents(folder, "memory")[:50])
        assert Storage(folder).read("memory") == VALUE
        Storage(folder).write("memory", {"next": 1})
        assert Storage(folder).read("memory") == {"next": 1}

    with_folder(test)


def test_a_refused_write_raises_and_leaves_the_old_record() -> None:
    def test(folder: str) -> None:
        Storage(folder).write("memory", VALUE)
        os.mkdir(folder + "/memory.new")  # cannot be opened for writing
        try:
            Storage(folder).write("memory", {"next": 1})
        except OSError:
            pass
        else:
            raise AssertionError("was not refused")
        finally:
            os.rmdir(folder + "/memory.new")
        assert Storage(folder).read("memory") == VALUE

    with_folder(test)
