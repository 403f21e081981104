"""Dependencies that lead back to where they began.

Knows only names. The same for Tasks inside an Intent and for Intents among each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["cycles"]


def cycles(edges: Mapping[str, Sequence[str]]) -> list[tuple[str, ...]]:
    """The cycles among names that depend on others: each name is in at most one, which ends where it begins.

    Names that nobody defines are no part of any. Takes time in proportion to names and edges.
    """
    found: list[tuple[str, ...]] = []
    done: set[str] = set()
    for root in edges:
        path: list[str] = []
        rest = [iter([root])]
        while rest:
            name = next(rest[-1], None)
            if name is None:
                rest.pop()
                if path:
                    done.add(path.pop())
            elif name in path:
                if not any(name in cycle for cycle in found):
                    found.append((*path[path.index(name) :], name))
            elif name in edges and name not in done:
                path.append(name)
                rest.append(iter(edges[name]))
    return found
