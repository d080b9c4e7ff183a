"""What is known of sensor models by name; the rest is asked of the sensor."""

#: Character buffers of each model. Where nobody knows more, two, which every sensor has
#: (docs/sensors.md).
BUFFERS = {
    "R307": 2,
    "R305": 2,
    "R308": 2,
    "R503": 6,
    "R551": 2,
    "R558": 2,
    "AS608": 2,
    "FPM10A": 2,
    "ZFM-20": 2,
}
#: In the place of a model: ask the sensor.
AUTO = "auto"

_FEWEST_BUFFERS = 2
_COLORED = ("R503",)


class SensorModel:
    """A model as the reader works with it."""

    def __init__(self, name: str, *, colored: bool = False) -> None:
        """`name` is one of BUFFERS, or what a sensor calls itself; `colored` is for the latter."""
        self.name = name
        self.buffers = BUFFERS.get(name, _FEWEST_BUFFERS)
        """Character buffers."""
        self.colored = name in _COLORED or (name not in BUFFERS and colored)
        """Whether it has a ring of light in colours, not just a lamp."""

    def is_same(self, other: "SensorModel") -> bool:
        """Tell whether this is the same model."""
        mine = (self.name, self.buffers, self.colored)
        return mine == (other.name, other.buffers, other.colored)


def known_model(product: "str | None") -> "str | None":
    """Find the word of BUFFERS in the name that a sensor gives itself; None: it has none."""
    for name in BUFFERS:
        if product and name in product.upper():
            return name
    return None
