"""Firmware of the fingerprint reader: runs under MicroPython and, for tests, under CPython."""
