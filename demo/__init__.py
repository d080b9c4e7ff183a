"""A whole installation on one machine: broker, Home Assistant, and readers with the real firmware.

The demo is for people to try; the end-to-end tests use the same parts. Only the sensors and the
fingers are emulated.
"""
