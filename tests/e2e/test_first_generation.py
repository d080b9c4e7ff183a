"""A reader of the first generation in a real Home Assistant, on a real broker, unmodified."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from demo.brokers import BrokerKind
from demo.installation import Installation
from tests.support.first_generation.reader import READER_ID, Settings
from tests.support.first_generation.runner import FirstGenerationRunner
from tests.support.first_generation.sketch import Sketch
from tests.support.house import until

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from demo.client import Client

pytestmark = pytest.mark.asyncio(loop_scope="session")

ENROLLMENT = "sensor.esp32_enrollment"
PROGRESS = "sensor.esp32_enrollment_progress"
TOUCH = "event.esp32_touch"
LATE_TOUCH = "event.esp32_late_touch"
CONNECTIVITY = "binary_sensor.esp32_connectivity"


@dataclass
class FirstGenerationHouse:
    """A house with one such reader."""

    installation: Installation
    client: Client
    runner: FirstGenerationRunner
    device_id: str
    entry_id: str

    async def act(self, action: str, **data: Any) -> Any:
        return await self.client.async_action(
            f"biometric_enroll.{action}",
            response=action != "cancel_enrollment",
            device_id=self.device_id,
            **data,
        )

    async def scan(self, finger: str) -> None:
        """Place and lift a finger as asked until the enrollment has ended."""
        while self.client.states[ENROLLMENT].state in {"place_finger", "lift_finger"}:
            state = self.client.states[ENROLLMENT]
            if state.state == "place_finger":
                self.runner.place(finger)
            else:
                self.runner.lift()
            before = state
            await self.client.async_until(lambda states: states[ENROLLMENT] != before)  # noqa: B023
        self.runner.lift()

    def progress(self, since: int) -> list[str]:
        """Return the states of the progress since a position in the history."""
        return [
            state.state for _, entity_id, state in self.client.history[since:]
            if entity_id == PROGRESS
        ]  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=list(Sketch))
async def first_gen(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[FirstGenerationHouse]:
    folder = tmp_path_factory.mktemp("first_generation")
    async with Installation(folder, broker=BrokerKind.MOSQUITTO) as installation:
        await installation.async_start({})
        runner = FirstGenerationRunner(installation.broker.port, request.param, Settings())
        runner.start()
        try:
            form = await installation.home_assistant.async_add_reader(READER_ID)
            assert form["step_id"] == "first_generation", form
            await installation.home_assistant.async_confirm(form)
            async with await installation.home_assistant.async_connect() as client:
                await client.async_until_state(CONNECTIVITY, "on")
                [device] = [
                    each
                    for each in await client.async_command(type="config/device_registry/list")
                    if ["biometric_enroll", READER_ID] in each["identifiers"]
                ]
                [entry] = await client.async_command(
                    type="config_entries/get", domain="biometric_enroll"
                )
                yield FirstGenerationHouse(
                    installation, client, runner, device["id"], entry["entry_id"]
                )
        finally:
            runner.stop()


async def test_every_scan_is_shown_and_the_name_is_known(first_gen: FirstGenerationHouse) -> None:
    since = len(first_gen.client.history)
    await first_gen.act("enroll_fingerprint", name="Anna")
    await first_gen.client.async_until_state(ENROLLMENT, "place_finger")
    await first_gen.scan("anna")
    await first_gen.client.async_until_state(ENROLLMENT, "completed")
    await first_gen.client.async_until_state(PROGRESS, "100")

    assert [each for each in first_gen.progress(since) if each != "0"] == ["33", "67", "100"]
    answer = await first_gen.act("get_fingerprints")
    assert [each["name"] for each in answer["fingerprints"]] == ["Anna"]


async def test_a_cancel_ends_it_without_a_name(first_gen: FirstGenerationHouse) -> None:
    await first_gen.act("enroll_fingerprint", name="Nobody")
    await first_gen.client.async_until_state(ENROLLMENT, "place_finger")
    await first_gen.act("cancel_enrollment")
    await first_gen.client.async_until_state(ENROLLMENT, "cancelled")

    answer = await first_gen.act("get_fingerprints")
    assert "Nobody" not in [each["name"] for each in answer["fingerprints"]]


async def test_a_touch_opens_nothing_unless_the_user_trusts_the_reader(
    first_gen: FirstGenerationHouse,
) -> None:
    if not (await first_gen.act("get_fingerprints"))["fingerprints"]:
        pytest.fail("the first test enrolls Anna")
    first_gen.runner.touch("anna")
    await first_gen.client.async_until(
        lambda states: states[LATE_TOUCH].attributes.get("event_type") == "identified"
    )
    late = first_gen.client.states[LATE_TOUCH].attributes
    assert (late["late_name"], late["reason"]) == (None, "unproven")
    assert first_gen.client.states[TOUCH].state == "unknown"

    await first_gen.installation.home_assistant.async_set_options(
        first_gen.entry_id, {"trust_touches": True}
    )
    first_gen.runner.touch("anna")
    await first_gen.client.async_until(
        lambda states: states[TOUCH].attributes.get("event_type") == "identified"
    )
    touch = first_gen.client.states[TOUCH].attributes
    assert (touch["name"], touch["attributed_by"]) == ("Anna", "slot")


async def test_a_reader_without_power_is_away_once_it_is_asked_and_comes_back(
    first_gen: FirstGenerationHouse,
) -> None:
    """It has no last will; without the request of the action this would take a minute more."""
    await first_gen.client.async_until_state(CONNECTIVITY, "on")
    first_gen.runner.kill()
    await first_gen.client.async_action("homeassistant.update_entity", entity_id=[ENROLLMENT])
    await first_gen.client.async_until_state(CONNECTIVITY, "off")
    first_gen.runner.start()
    await first_gen.client.async_until_state(CONNECTIVITY, "on")
    # A restarted reader reports touches only when it is told to.
    await until(lambda: first_gen.runner.reader.detecting)
    since = len(first_gen.client.history)
    first_gen.runner.touch("a stranger")
    await first_gen.client.async_until(
        lambda _: any(
            entity_id in {TOUCH, LATE_TOUCH} for _, entity_id, _ in first_gen.client.history[since:]
        )
    )


async def test_the_reader_is_away_with_the_broker_and_comes_back(
    first_gen: FirstGenerationHouse,
) -> None:
    first_gen.installation.broker.kill()
    await first_gen.client.async_until_state(CONNECTIVITY, "off")
    await first_gen.installation.broker.async_start()
    await first_gen.client.async_until_state(CONNECTIVITY, "on", within=60)
