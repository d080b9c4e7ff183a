"""The people of the demo, and their portraits."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from .client import Client

PEOPLE = {"Anna": ("#8e4585", "#f2c9a1", "#5b2c13"), "Ben": ("#2f6f8f", "#c98e62", "#1d1a18")}
"""Names, with the colours of background, skin and hair."""


def draw(folder: Path) -> None:
    """Draw the portraits into a configuration folder, before Home Assistant starts."""
    pictures = folder / "www"
    pictures.mkdir(parents=True, exist_ok=True)
    for name, colours in PEOPLE.items():
        (pictures / f"{name.lower()}.svg").write_text(_portrait(*colours))


async def async_add(client: Client) -> None:
    """Add the people to Home Assistant, and remove the person of the demo's user."""
    for person in (await client.async_command(type="person/list"))["storage"]:
        await client.async_command(type="person/delete", person_id=person["id"])
    for name in PEOPLE:
        await client.async_command(
            type="person/create",
            name=name,
            user_id=None,
            device_trackers=[],
            picture=f"/local/{name.lower()}.svg",
        )


def _portrait(behind: str, skin: str, hair: str) -> str:
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" width="100" height="100">
<rect width="100" height="100" fill="{behind}"/>
<path d="M10 110a40 40 0 0 1 80 0z" fill="#fff" opacity=".85"/>
<path d="M26 48a24 26 0 0 1 48 0v14H26z" fill="{hair}"/>
<path d="M42 58h16v14a8 8 0 0 1-16 0z" fill="{skin}"/>
<ellipse cx="50" cy="48" rx="18" ry="21" fill="{skin}"/>
<path d="M31 44a19 20 0 0 1 38 0q-19-2-26-10-3 8-12 10z" fill="{hair}"/>
</svg>
"""
