"""The garbage collector of the server's process, tuned for large documents that stay.

A document of ten megabytes is a few million objects without a cycle among them; a full collection that walks them all
stands still for longer than a hundred slices.  So full collections are rare, and what a document has become when it is
parsed is taken out of their sight.  Only the process that serves does this, never the library.
"""

from __future__ import annotations

import gc

__all__ = ["rest", "tune"]

YOUNG, MIDDLE, OLD = 2_000, 4, 500
"""Allocations before a young collection, and how many of each kind come before one of the next: what has grown since
the last middle one is walked in a few milliseconds."""


def tune() -> None:
    """Makes collections small and full ones rare; to be called once, before the first document."""
    gc.set_threshold(YOUNG, MIDDLE, OLD)


def rest() -> None:
    """Takes everything there is out of the sight of later collections; called when a document is parsed."""
    gc.collect(1)
    gc.freeze()
