"""The demo's dashboard: for each reader its card, and beside it fingers to place on its sensor."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .fingers import FINGERS, NOBODY, DemoFinger, lift_of, lying_of, switch_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .client import Client

URL_PATH = "fingerprint-demo"
TITLE = "Fingerprint readers"


@dataclass(frozen=True, slots=True)
class Door:
    """A door with a reader."""

    name: str
    reader_id: str
    device_id: str
    """Of the reader, in Home Assistant's device registry."""


def dashboard(doors: Iterable[Door]) -> dict[str, Any]:
    """Return the dashboard of the readers."""
    return {
        "views": [
            {
                "title": TITLE,
                "type": "sections",
                # Each reader's two sections side by side, on a phone one after the other.
                "max_columns": 2,
                "sections": [
                    section for door in doors for section in (_card(door), _person_section(door))
                ],
            }
        ]
    }


def _card(door: Door) -> dict[str, Any]:
    """Return the section with the card, as a real installation would have it."""
    card = {
        "type": "custom:biometric-enroll-card",
        "device_id": door.device_id,
        "name": door.name,
    }
    return {"type": "grid", "cards": [card]}


def _person_section(door: Door) -> dict[str, Any]:
    """Return the section with the emulated fingers, with a background of its own."""
    return {
        "type": "grid",
        "background": True,
        "cards": [
            {
                "type": "heading",
                "heading": f"Play the person at the {door.name.lower()}",
                "icon": "mdi:drama-masks",
            },
            *(_finger(door.reader_id, finger) for finger in FINGERS),
            *_lying(door.reader_id),
        ],
    }


def _finger(reader_id: str, finger: DemoFinger) -> dict[str, Any]:
    toggle = {"action": "toggle"}
    return {
        "type": "tile",
        "entity": switch_of(reader_id, finger),
        "name": finger.label,
        "color": "orange",
        "vertical": True,
        "hide_state": True,
        "tap_action": toggle,
        "icon_tap_action": toggle,
        "grid_options": {"columns": 6, "rows": 2},
    }


def _lying(reader_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return two tiles: one if no finger is placed, one that shows the placed finger and lifts it.

    Only one of them is shown; the layout does not change when they alternate.
    """
    entity = lying_of(reader_id)
    lift = {
        "action": "perform-action",
        "perform_action": "button.press",
        "target": {"entity_id": lift_of(reader_id)},
    }
    whole_row = {"columns": "full"}
    return (
        {
            "type": "tile",
            "entity": entity,
            "name": "Tap a finger to put it on the sensor",
            "icon": "mdi:gesture-tap",
            "color": "grey",
            "hide_state": True,
            "tap_action": {"action": "none"},
            "icon_tap_action": {"action": "none"},
            "grid_options": whole_row,
            "visibility": [{"condition": "state", "entity": entity, "state": NOBODY}],
        },
        {
            "type": "tile",
            "entity": entity,
            "name": "Lift the finger",
            "icon": "mdi:gesture-swipe-up",
            "color": "orange",
            "tap_action": lift,
            "icon_tap_action": lift,
            "grid_options": whole_row,
            "visibility": [{"condition": "state", "entity": entity, "state_not": NOBODY}],
        },
    )


async def async_install(client: Client, doors: Iterable[Door]) -> None:
    """Create the dashboard, and make it the default of every user."""
    await client.async_command(
        type="lovelace/dashboards/create",
        url_path=URL_PATH,
        title=TITLE,
        icon="mdi:fingerprint",
        require_admin=False,
        show_in_sidebar=True,
        mode="storage",
    )
    await client.async_command(
        type="lovelace/config/save", url_path=URL_PATH, config=dashboard(doors)
    )
    await client.async_command(
        type="frontend/set_system_data", key="core", value={"default_panel": URL_PATH}
    )
