"""Coding agents: what all have in common, the adapters, and the processes they run in."""
