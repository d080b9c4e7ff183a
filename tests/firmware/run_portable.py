"""Runs test files under MicroPython, which has no pytest: run_portable.py FILE...

Prints one line for each failed test and a last line with the counts; exits 1 if any has failed.
"""

import os
import sys

HERE = __file__.rsplit("/", 1)[0]
sys.path[:0] = [HERE + "/../..", HERE + "/../../firmware"]


def run(path: str) -> "tuple[int, int]":
    """Run all test functions of one file: how many there are, how many failed."""
    folder, name = path.rsplit("/", 1)
    sys.path.insert(0, folder)
    name = name[: -len(".py")]
    module = __import__(name)
    tests = [word for word in dir(module) if word.startswith("test_")]
    failed = 0
    for word in tests:
        try:
            getattr(module, word)()
        except BaseException as error:  # noqa: BLE001, PERF203 - the next test runs all the same
            failed += 1
            print("FAILED", name + "." + word)
            print_exception(error)
    return len(tests), failed


def print_exception(error: BaseException) -> None:
    """Show where it came from."""
    if hasattr(sys, "print_exception"):
        sys.print_exception(error, sys.stdout)
    else:
        print(repr(error))


def main() -> None:
    """Run the files that the command line names, or all of them."""
    files = sys.argv[1:] or [
        HERE + "/portable/" + name
        for name in os.listdir(HERE + "/portable")
        if name.startswith("test_")
    ]
    counts = [run(path) for path in files]
    failed = sum(count[1] for count in counts)
    print(sum(count[0] for count in counts), "tests,", failed, "failed")
    sys.exit(1 if failed else 0)


main()
