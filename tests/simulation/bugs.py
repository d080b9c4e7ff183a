"""Mistakes that systems like this one have made, or that we nearly made: each has to be caught.

They are planted one at a time, in the integration's or in the firmware's real code. A simulation
that does not notice one of them would not notice it in earnest.
"""

from __future__ import annotations

# All that are planted anywhere are in the list.
from tests.simulation import bugs_in_changes, bugs_in_enrollments, bugs_in_touches  # noqa: F401 - to plant theirs
from tests.simulation.planting import BUGS

__all__ = ["BUGS"]
