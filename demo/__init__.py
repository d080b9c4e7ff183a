"""A whole installation on one machine: broker, Home Assistant, and readers with the real firmware.

The demo shows it to a person, the end-to-end tests drive it. Only the fingers and the sensors
under them are made up.
"""
