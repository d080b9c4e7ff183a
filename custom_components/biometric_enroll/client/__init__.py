"""Following one reader: what to ask it, what to believe of it, and whose fingers it knows.

Plain Python on asyncio, without Home Assistant: what it needs of the world comes through
`Host`, time included, so the same code runs in Home Assistant and in a simulation.
"""
