"""Doing steps, one piece in front of the world."""
