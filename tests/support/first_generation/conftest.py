"""A reader with each of the sketches."""

import pytest

from tests.support.first_generation.scene import Scene, quiet_scene
from tests.support.first_generation.sketch import Sketch


@pytest.fixture
def first() -> Scene:
    return quiet_scene(Sketch.FIRST)


@pytest.fixture
def later() -> Scene:
    return quiet_scene(Sketch.LATER)
