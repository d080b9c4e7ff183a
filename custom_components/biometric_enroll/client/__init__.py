"""The client of one reader: requests, state, and the registry of fingerprints.

Plain Python on asyncio, without Home Assistant: everything external, including time, comes through
`Host`, so the same code runs in Home Assistant and in a simulation.
"""
