"""Holds a reader to docs/protocol.md, through its broker only.

Without `--broker` that is our own reader, as a process with the emulated sensor, whose finger a
script plays. With it, any reader, and a person who is told what to do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conformance.hands import (
    ENROLLED,
    BrokenReader,
    Hands,
    PersonsHands,
    ScriptedHands,
)
from tests.conformance.steps import enroll
from tests.conformance.wire import BrokerAddress, Wire
from tests.firmware.reader_process import Broker, Reader

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

PROTOCOL = Path(__file__).parents[2] / "docs/protocol.md"
RUNTIME = "micropython"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance", "hold a reader to docs/protocol.md")
    group.addoption("--broker", metavar="HOST", help="the broker of the reader to be tested")
    group.addoption("--port", type=int, help="its port, by default 1883, or 8883 with TLS")
    group.addoption("--reader-id", metavar="ID", help="the reader's id")
    group.addoption("--username", help="user of the broker")
    group.addoption("--password", help="password of that user; other users of the machine see it")
    group.addoption("--password-file", type=Path, metavar="FILE", help="file with the password")
    group.addoption("--tls-ca", metavar="FILE", help="speak TLS, and trust these certificates")
    group.addoption("--mistake", help="test our reader with a mistake of broken_reader.py")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "section(heading): the section of docs/protocol.md")
    if bool(config.getoption("--broker")) != bool(config.getoption("--reader-id")):
        raise pytest.UsageError("--broker and --reader-id belong together")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse tests that name no section of the page: nobody could look up what they ask for."""
    if config.option.broker:
        # The others are about this suite.
        items[:] = [item for item in items if "wire" in fixtures_of(item)]
    headings = set(re.findall(r"^#+ (.*)$", PROTOCOL.read_text(), re.MULTILINE))
    for item in items:
        if Path(__file__).parent not in item.path.parents or "wire" not in fixtures_of(item):
            continue
        sections = [marker.args[0] for marker in item.iter_markers("section")]
        if not sections or not headings.issuperset(sections):
            raise pytest.UsageError(f"{item.name}: no such section of the protocol: {sections}")


def fixtures_of(item: pytest.Item) -> Sequence[str]:
    names: Sequence[str] = getattr(item, "fixturenames", ())
    return names


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say with each failure which section of the page it is about."""
    report = yield
    for marker in item.iter_markers("section"):
        report.sections.append(("docs/protocol.md", f"See the section {marker.args[0]}."))
    return report


@dataclass(frozen=True)
class Bench:
    """A reader on a broker, and hands to put fingers on it."""

    address: BrokerAddress
    reader_id: str
    hands: Hands

    def connect(self) -> Wire:
        """Make another connection to the broker."""
        return Wire(self.address, self.reader_id, self.hands.patience)


@pytest.fixture(scope="session")
def bench(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Bench]:
    options = request.config.option
    if options.broker:
        yield Bench(_address(options), options.reader_id, PersonsHands())
        return
    folder = tmp_path_factory.mktemp("conformance")
    broker = Broker(folder)
    broker.start()
    reader: Reader
    if options.mistake:
        reader = BrokenReader(folder, broker.port, options.mistake)
    else:
        reader = Reader(folder, RUNTIME, broker.port)
    hands = ScriptedHands(reader)
    try:
        yield Bench(BrokerAddress(host="127.0.0.1", port=broker.port), "front_door", hands)
    finally:
        hands.close()
        broker.kill()
        print(reader.log.read_text())  # noqa: T201 - shown when a test fails


def _address(options: Any) -> BrokerAddress:
    password = options.password
    if options.password_file:
        password = options.password_file.read_text().rstrip("\n")
    port = options.port or (8883 if options.tls_ca else 1883)
    return BrokerAddress(
        host=options.broker,
        port=port,
        username=options.username,
        password=password,
        tls_ca=options.tls_ca,
    )


@pytest.fixture(scope="session")
def features(bench: Bench) -> frozenset[str]:
    """Return what the reader says that it can do."""
    wire = bench.connect()
    try:
        return frozenset(wire.wait("status", lambda one: one.get("online")).payload["features"])
    finally:
        wire.close()


@pytest.fixture
def hands(bench: Bench) -> Hands:
    return bench.hands


@pytest.fixture
def wire(bench: Bench) -> Generator[Wire]:
    """Return a connection to an idle reader; fail the test if any message breaks the page."""
    wire = bench.connect()
    try:
        wire.wait("status", lambda one: one.get("online"))
        _tidy(wire, bench.hands)
        yield wire
        _tidy(wire, bench.hands)
        assert wire.problems == []
    finally:
        wire.close()


def _tidy(wire: Wire, hands: Hands) -> None:
    """End what runs, take the finger off, and acknowledge all touches."""
    while wire.hello()["enrollment"]["timeout_ms"] is not None:
        wire.cancel(wire.hello()["enrollment"]["template_id"])
    hands.lift()
    since = 0
    while True:
        for told in wire.since(since, "fingerprint"):
            wire.ack(told["touch"])
        since = wire.mark()
        if not wire.hello()["journal"]:
            return
        wire.wait("fingerprint", since=since)


@pytest.fixture(scope="session")
def enrolled(bench: Bench, features: frozenset[str]) -> Generator[str]:
    """Enroll the one finger once for all tests; return its template id. Deleted in the end."""
    wire = bench.connect()
    try:
        _tidy(wire, bench.hands)
        template_id = enroll(wire, bench.hands, ENROLLED)
        yield template_id
        _tidy(wire, bench.hands)
        if "delete" in features:
            _, held = wire.whole_list()
            slot = next(slot for slot, one in held.items() if one == template_id)
            wire.change("delete", slot=slot, template_id=template_id)
    finally:
        wire.close()


@pytest.fixture
def needs(features: frozenset[str]) -> Any:
    """Return a function that skips the test if the reader says that it lacks a feature."""

    def check(*wanted: str) -> None:
        if lacking := set(wanted) - features:
            pytest.skip(f"the reader says that it cannot {', '.join(sorted(lacking))}")

    return check
