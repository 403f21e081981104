"""Types of a benchmark's arguments: what makes no sense is refused with a message, before anything is measured."""

from __future__ import annotations

import argparse
import math

__all__ = ["count", "size"]


def count(text: str) -> int:
    """How many times, at least once."""
    if (value := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, not {text}")
    return value


def size(text: str) -> float:
    """How much of something, more than nothing."""
    if not 0 < (value := float(text)) < math.inf:
        raise argparse.ArgumentTypeError(f"must be more than 0, not {text}")
    return value
