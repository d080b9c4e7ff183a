"""These tests run in Home Assistant's own test harness, and in virtual time."""

from tests.support.clock import loop_clocks, pytest_asyncio_loop_factories, virtual_time
from tests.support.harness import (
    broker,
    custom_integrations,
    no_error_is_logged,
    prompt_mqtt,
)

__all__ = [
    "broker",
    "custom_integrations",
    "loop_clocks",
    "no_error_is_logged",
    "prompt_mqtt",
    "pytest_asyncio_loop_factories",
    "virtual_time",
]
