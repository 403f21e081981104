"""``python -m tests.chaos``: edits random texts for as long as asked and compares after each edit.

The run is made of sessions, each known by the seed and its number, so the same command does the same edits again.  On a
difference the script that shows it is made as small as can be and printed, and the exit code is 1.
"""
from __future__ import annotations

import argparse
import gc
import multiprocessing
import queue
import random
import sys
import time
import traceback
from collections.abc import Iterable, Sequence
from itertools import count
from multiprocessing.process import BaseProcess
from multiprocessing.queues import Queue

from tests.chaos.session import EDITS, Difference, Script, Tally, play, random_session
from tests.chaos.shrink import shrunk
from tests.chaos.subjects import SUBJECTS

#: Seconds between two lines of progress.
PROGRESS = 10.0
#: Reports of sessions that wait to be read.
WAITING = 64

Report = Tally | tuple[Script, str, str] | str | None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until the edits are done, the time is over, or a difference is found; the exit code."""
    options = _options(arguments)
    seed = options.seed if options.seed is not None else random.randrange(1_000_000)
    print(f"seed {seed}: {options.edits or 'any number of'} edits over {', '.join(options.languages)}"
          f"{f' within {options.seconds} s' if options.seconds else ''}, {options.jobs} processes", flush=True)
    began, total = time.monotonic(), Tally()
    reports: Queue[Report] = multiprocessing.Queue(WAITING)
    sessions = -(-options.edits // EDITS) if options.edits else None
    numbers = [range(job, sessions, options.jobs) if sessions else count(job, options.jobs)
               for job in range(options.jobs)]
    workers = [multiprocessing.Process(target=_work, args=(reports, options.languages, seed, part)) for part in numbers]
    for worker in workers:
        worker.start()
    try:
        found = _watch(reports, workers, total, began, options.seconds)
    finally:
        for worker in workers:
            worker.terminate()
            worker.join()
    _say(total, began)
    if found is not None:
        print(_told(found), flush=True)
        return 1
    print(f"seed {seed}: no difference in {total.edits} edits")
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.chaos", description=(__doc__ or "").partition("\n\n")[2])
    parser.add_argument("--edits", type=int, metavar="N", help="edits to make (default: 20000)")
    parser.add_argument("--seconds", type=float, metavar="S", help="stop after so many seconds")
    parser.add_argument("--seed", type=int, metavar="K", help="where the random choices start (default: anywhere)")
    parser.add_argument("--languages", nargs="+", choices=SUBJECTS, default=SUBJECTS, metavar="NAME",
                        help=f"what to edit: {', '.join(SUBJECTS)} (default: all)")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes (default: 1)")
    options = parser.parse_args(arguments)
    if options.edits is None and options.seconds is None:
        options.edits = 20_000
    if options.jobs < 1 or options.edits is not None and options.edits < 1:
        parser.error("--jobs and --edits must be at least 1")
    return options


def _work(reports: Queue[Report], languages: Sequence[str], seed: int, numbers: Iterable[int]) -> None:
    """The sessions of these numbers, reported one by one; None at the end."""
    gc.set_threshold(100_000, 20, 100)                   # what the machines remember lives on
    try:
        for number in numbers:
            reports.put(random_session(languages[number % len(languages)], f"{seed}/{number}"))
        reports.put(None)
    except Difference as difference:
        reports.put((difference.script, difference.law, difference.why))
    except KeyboardInterrupt:
        pass
    except Exception:  # noqa: BLE001  # a fault of the chaos itself must not look like the end of the work
        reports.put(traceback.format_exc())


def _watch(reports: Queue[Report], workers: Sequence[BaseProcess], total: Tally, began: float,
           seconds: float | None) -> tuple[Script, str, str] | str | None:
    """Add up what the workers report; the first difference, or None when they are done or the time is over."""
    running, next_line = len(workers), began + PROGRESS
    while running and (seconds is None or time.monotonic() - began < seconds):
        try:
            report = reports.get(timeout=.2)
        except queue.Empty:
            if not any(worker.is_alive() for worker in workers):
                return "a worker was ended from outside"
            continue
        if isinstance(report, Tally):
            total.add(report)
        elif report is None:
            running -= 1
        else:
            return report
        if time.monotonic() > next_line:
            _say(total, began)
            next_line += PROGRESS
    return None


def _say(total: Tally, began: float) -> None:
    seconds = time.monotonic() - began
    rate = total.edits / max(seconds, .001)
    checks = ", ".join(f"{times} {law}" for law, times in sorted(total.checks.items()))
    print(f"{seconds:7.0f} s  {total.edits} edits, {rate:.0f}/s; compared in full: {checks}", flush=True)


def _told(found: tuple[Script, str, str] | str) -> str:
    if isinstance(found, str):
        return f"failed:\n{found}"
    script, law, why = found
    print(f"DIFFERENCE in session {script.seed} ({script.subject}), law {law!r}: {why}")
    print("making it smaller …", flush=True)
    if play(script) is None:
        return (f"{script}\ndoes not fail by itself: it needs what sessions before it left in the memory of the "
                "machine. The same command with the same --seed and --jobs shows it again.")
    small = shrunk(script, lambda smaller: play(smaller) is not None)
    difference = play(small)
    assert difference is not None
    return (f"law {difference.law!r}: {difference.why}\n\nfrom tests.chaos.session import Script, play\n"
            f"from tests.chaos.typist import Edit\n\nprint(play({small}))")


if __name__ == "__main__":
    sys.exit(main())
