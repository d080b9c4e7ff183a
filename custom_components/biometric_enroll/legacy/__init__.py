"""Readers of the first generation: their protocol, and a client of their own."""
