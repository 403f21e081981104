"""Random editing for as long as asked: ``python -m tests.chaos``."""
