"""A fingerprint reader and its protocol, in plain Python.

Nothing here knows Home Assistant, a clock or a network: bytes and times come in as arguments,
values go out.
"""
