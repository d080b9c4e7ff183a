"""These tests run in virtual time."""

from tests.unit.virtual_time import pytest_asyncio_loop_factories, virtual_time

__all__ = ["pytest_asyncio_loop_factories", "virtual_time"]
