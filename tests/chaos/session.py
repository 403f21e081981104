"""One stretch of editing: a text, a few hundred edits, the laws after each; and how a failed one is told and shrunk."""
from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from engine.languages.analysis import Analysis
from engine.parse import blocks
from engine.parse.document import Document
from tests.chaos import laws
from tests.chaos.subjects import Subject, fresh, subject
from tests.chaos.typist import Edit, Model, Typist

__all__ = ["Difference", "Script", "Tally", "play", "random_session"]

#: Edits of a session; then everything is undone and compared with where it began.
EDITS = 200
#: A text is cut down when it has grown to so many characters; most are small, so that much happens at each place.
LONGEST = (80, 120, 200, 200, 300, 300, 600, 1500, 3000)
#: After how many edits each of the dearer laws is checked, on average;
EVERY = {"tree": 12, "fresh": 40, "diagnostics": 30, "stream": 40, "checks": 60, "fresh answers": 200}
#: these put mistakes into words and search repairs, milliseconds each: the more is wrong, the less often.
WORDY = frozenset({"diagnostics", "stream", "checks", "fresh answers"})


@dataclass(frozen=True)
class Script:
    """What was done: everything needed to do it again."""

    subject: str
    seed: str
    block: int
    text: str
    edits: tuple[Edit, ...] = ()

    def __str__(self) -> str:
        edits = "".join(f"\n        Edit({e.start}, {e.end}, {e.text!a})," for e in self.edits)
        return f"Script({self.subject!r}, {self.seed!r}, {self.block}, {self.text!a}, ({edits}\n    ))"


class Difference(Exception):
    """A law does not hold after the last edit of the script."""

    def __init__(self, script: Script, law: str, why: str) -> None:
        super().__init__(f"{law}: {why}")
        self.script, self.law, self.why = script, law, why


@dataclass
class Tally:
    """What has been done so far."""

    edits: int = 0
    checks: Counter[str] = field(default_factory=Counter)
    """How often each of the dearer laws was checked."""
    subjects: Counter[str] = field(default_factory=Counter)
    """Edits by subject."""

    def add(self, other: Tally) -> None:
        self.edits += other.edits
        self.checks += other.checks
        self.subjects += other.subjects


class _Session:
    """A document, its model, and what has been done to them."""

    def __init__(self, script: Script, what: Subject, r: random.Random, *, thorough: bool = False) -> None:
        self.script, self.subject, self.r, self.thorough = replace(script, edits=()), what, r, thorough
        self.done: list[Edit] = []
        self.tally = Tally()
        blocks.BLOCK = script.block                      # type: ignore[misc]  # small, so that short texts have many
        self.model = Model(script.text)
        language = what.language if script.block == blocks_of_a_server() else None
        self.analysis = Analysis(language, script.text) if language is not None else None
        self.document = self.analysis.document if self.analysis else Document(what.machine, script.text)
        self.dearer = self._dearer()

    def edit(self, edit: Edit) -> Edit:
        """Do one edit, checked; its inverse."""
        edit = self.model.placed(edit)
        self.done.append(edit)
        law = "edit"
        try:
            before = laws.Before(self.document, edit)
            change = (self.analysis or self.document).edit(self.model.span(edit), edit.text)
            inverse = self.model.inverse(edit)
            self.model = self.model.after(edit)
            law = "pieces"
            laws.check_pieces(self.document, self.model)
            law = "work"
            laws.check_work(self.document, before, change)
            wrong = sum(1 for _ in self.document.blocks.flagged("bad"))
            for law, check in self.dearer.items():
                if self.thorough or self.r.random() * EVERY[law] * (1 + wrong * (law in WORDY)) < 1:
                    self.tally.checks[law] += 1
                    check()
        except Exception as fault:
            why = f"{type(fault).__name__}: {str(fault)[:600]}"
            raise Difference(replace(self.script, edits=tuple(self.done)), law, why) from fault
        self.tally.edits += 1
        return inverse

    def _dearer(self) -> dict[str, Callable[[], None]]:
        document, machine, r = self.document, self.subject.machine, self.r
        found: dict[str, Callable[[], None]] = {
            "tree": lambda: laws.check_tree(document, self.model),
            "diagnostics": lambda: laws.check_diagnostics(document, self.model),
            "stream": lambda: laws.check_stream(document, self.model, r),
            "fresh": lambda: laws.check_fresh(document, self.model, fresh(machine)),
            "fresh answers": lambda: laws.check_fresh_answers(document, self.model, fresh(machine))}
        analysis = self.analysis
        if analysis is not None:
            found["checks"] = lambda: laws.check_checks(analysis, analysis.language, self.model, r)
        return found


def blocks_of_a_server() -> int:
    """The size of blocks with which checks of the language run as well."""
    return 512


def random_session(name: str, seed: str, edits: int = EDITS) -> Tally:
    """A session from its seed.  Raises `Difference`."""
    r = random.Random(f"session {seed}")
    what = subject(name, seed)
    longest = r.choice(LONGEST)
    text = r.choice(what.samples)[:longest]
    script = Script(name, seed, r.choice([2, 7, blocks_of_a_server()]), text)
    session = _Session(script, what, r)
    typist = Typist(r, what.words, what.samples, longest)
    inverses: list[Edit] = []
    for edit in _typed(typist, session, max(1, edits * 2 // 3)):
        inverse = session.edit(edit)
        typist.done(edit, inverse)
        inverses.append(inverse)
    while inverses and session.tally.edits < edits:
        session.edit(inverses.pop())
    if not inverses and session.model.text != text:
        raise Difference(replace(script, edits=tuple(session.done)), "undo", "the text is not the one it began with")
    session.tally.subjects[name] = session.tally.edits
    return session.tally


def _typed(typist: Typist, session: _Session, count: int) -> Iterator[Edit]:
    done = 0
    while done < count:
        for edit in typist.edits(session.model.text):
            yield session.model.placed(edit)
            done += 1


def play(script: Script, *, on_fresh: bool = True) -> Difference | None:
    """Do a script again with every law after every edit; the first difference.  `on_fresh`: on a machine of its own."""
    what = subject(script.subject, script.seed)
    if on_fresh and what.language is None:
        what = replace(what, machine=fresh(what.machine))
    session = _Session(script, what, random.Random("play"), thorough=True)
    try:
        for edit in script.edits:
            session.edit(edit)
    except Difference as difference:
        return difference
    return None
