"""Who acts, and what nobody may run.

An agent can never approve, answer, trust or change policy: such a call is refused when the process that makes it
carries the marker of a step or descends from one that does. Descent holds where an agent clears its environment and
leaves its session too: on Linux every process of a step stays below the step's guard, which is marked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from engine.orchestrate.agents.family import MARKER

__all__ = ["acting_agent", "danger_of"]


def acting_agent(environ: Mapping[str, str] | None = None, pid: int | None = None) -> str | None:
    """The key of the step that a process belongs to, or None for a person's.

    `environ`: variables that are known already. `pid`: the process, as the peer of a socket for instance; None for this
    one. Processes of other users cannot be looked into and say nothing.
    """
    if environ and environ.get(MARKER):
        return environ[MARKER]
    return next((key for variables in _environments(pid) if (key := variables.get(MARKER))), None)


def _environments(pid: int | None) -> Iterator[Mapping[str, str]]:
    """The variables of a process and of its ancestors, nearest first."""
    import psutil

    try:
        process = psutil.Process(pid)
        line = [process, *process.parents()]
    except psutil.Error:
        return
    for process in line:
        try:
            yield process.environ()
        except (psutil.Error, OSError):
            continue


#: where a command may begin in a line of shell
_BEGIN: Final = r"(?:^|[;&|(`\n]|\$\()\s*(?:(?:\w+=\S*|exec|env|nohup|time|command|then|do|else)\s+)*"
_END: Final = r"(?=\s|$|[;&|)])"
_EVERYTHING: Final = (
    r"[\"']?(?:/\*?|~/?\*?|\$\{?HOME\}?/?\*?|/(?:bin|boot|dev|etc|home|lib|opt|root|sbin|usr|var)/?\*?)[\"']?" + _END
)
_RECURSIVE: Final = r"(?:-\S+\s+)*(?:-\w*[rR]\w*|--recursive)\s+"

#: what a line must not hold, by the reason that is shown
_DANGERS: Final = {
    "deletes a whole system or home": rf"{_BEGIN}rm\s+{_RECURSIVE}(?:\S+\s+)*?{_EVERYTHING}",
    "changes the rights of a whole system or home": rf"{_BEGIN}ch(?:mod|own|grp)\s+{_RECURSIVE}\S+\s+{_EVERYTHING}",
    "destroys a file system": rf"{_BEGIN}(?:mkfs(?:\.\w+)?|wipefs|fdisk|parted|shred)\s",
    "writes to a device": (
        r"\bdd\s[^;&|\n]*\bof=/dev/(?!null\b)|>\s*/dev/(?:sd|hd|vd|xvd|nvme|mmcblk|disk|mem\b|kmem)"
    ),
    "starts processes without end": r"(\w+|:)\s*\(\s*\)\s*\{\s*\1\s*\|\s*\1\s*&",
    "runs what it downloads": (
        r"\b(?:curl|wget)\b[^;\n]*\|\s*(?:sudo\s+)?(?:ba|z|da|k|fi)?sh\b"
        r"|\b(?:ba|z|da|k)?sh\s+(?:-c\s+[\"']?\$\(|<\(\s*)(?:curl|wget)\b"
    ),
    "acts as another user": rf"{_BEGIN}(?:sudo|doas|su|pkexec){_END}",
    "stops the machine": rf"{_BEGIN}(?:shutdown|reboot|halt|poweroff){_END}",
    "ends every process": rf"{_BEGIN}kill\s+(?:-\S+\s+)*-1{_END}",
    "rewrites a remote repository": (
        rf"{_BEGIN}git\s+(?:-[cC]\s+\S+\s+|-\S+\s+)*push\s[^;&|\n]*(?:--force\b|--force-with-lease|--mirror|--delete|(?<=\s)-f{_END})"
    ),
    "decides in a person's place": rf"{_BEGIN}penstock\s+(?:\S+\s+)*?(?:approve|answer|reject|trust){_END}",
}
_PATTERNS: Final = tuple((re.compile(pattern), reason) for reason, pattern in _DANGERS.items())


def danger_of(command: Sequence[str] | str) -> str | None:
    """Why a command is refused whoever asks, such as "deletes a whole system or home"; None if it is not.

    A net for accidents and for agents that mean no harm; who wants to hide a command from it can.
    """
    line = command if isinstance(command, str) else " ".join(command)
    return next((reason for pattern, reason in _PATTERNS if pattern.search(line)), None)
