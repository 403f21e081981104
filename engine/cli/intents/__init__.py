"""Intents on the command line: set up, written, decided about, shown."""
