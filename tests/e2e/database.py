"""Reads Home Assistant's database, which covers all its runs."""

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

from tests.support.house import until

if TYPE_CHECKING:
    from tests.support.house import House

_FENCE = "everything_before_is_written"
_TOLD = """
    SELECT shared_data FROM events JOIN event_data USING (data_id)
    JOIN event_types USING (event_type_id)
    WHERE event_types.event_type = ? ORDER BY event_id
"""


def recorded(house: House, event_type: str) -> list[dict[str, Any]]:
    """Return the data of all events of a type that are written, in order."""
    file = house.installation.home_assistant.folder / "home-assistant_v2.db"
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        return [json.loads(row[0]) for row in database.execute(_TOLD, (event_type,))]


async def async_all_recorded(house: House) -> None:
    """Wait until all that has happened by now is written."""
    before = len(recorded(house, _FENCE))
    await house.client.async_command(
        type="fire_event", event_type=_FENCE, event_data={"number": before}
    )
    await until(lambda: len(recorded(house, _FENCE)) > before)
