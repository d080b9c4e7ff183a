"""Protocol version 1, in plain Python.

No Home Assistant, clock or network here: bytes and ids are arguments, values are returned.
"""
