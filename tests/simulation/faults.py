"""All faults of a history: each is chosen at random, strikes, and is repaired after a while."""

from __future__ import annotations

from tests.simulation import (
    faults_of_clocks,
    faults_of_home_assistant,
    faults_of_networks,
    faults_of_others,
    faults_of_readers,
)

FAULTS = (
    *faults_of_readers.FAULTS,
    *faults_of_networks.FAULTS,
    *faults_of_home_assistant.FAULTS,
    *faults_of_clocks.FAULTS,
    *faults_of_others.FAULTS,
)
FAULTS_BY_NAME = {happens.__name__: happens for _, happens in FAULTS}
FAULT_NAMES = tuple(FAULTS_BY_NAME)
