"""A graph that has grown too large is begun anew, and nobody sees it: documents go over, streams go on, memory goes."""
from __future__ import annotations

import gc
import random
import weakref

import pytest

from engine.parse.cursor import Cursor
from engine.parse.document import Document
from engine.parse.machine import Limits, Machine
from engine.parse.rebase import Newest
from engine.parse.source import Position, Span
from engine.parse.states import AnyState, DeepState, InToken, State
from tests.chaos.laws import canonical
from tests.parse.edits import run_campaign
from tests.parse.little import SAMPLE, little_machine

SAMPLES = [SAMPLE, SAMPLE.replace("\n", "\r\n"), "fn f() {\n" * 12 + "let a = [\n" * 8, "/* a\nb", "\ufefflet a = 1\n"]


def states(document: Document) -> list[AnyState]:
    return [state for block in document.blocks.blocks for state in block.states]


@pytest.mark.parametrize("limits", [Limits(), Limits(depth=9)])
@pytest.mark.parametrize("text", SAMPLES)
def test_a_document_goes_over_to_equal_states(text: str, limits: Limits) -> None:
    machine = little_machine(limits)
    document = Document(machine, text)
    old, said, tree = states(document), document.diagnostics(), document.tree()
    machine.renew()
    new = states(document)

    assert list(map(canonical, new)) == list(map(canonical, old))
    assert all(map(machine.same, new, states(Document(machine, text))))
    assert not any(a is b for a, b in zip(old[1:], new[1:], strict=True) if not isinstance(a, InToken))
    assert (document.diagnostics(), document.tree()) == (said, tree)


def test_an_edit_after_the_renewal_costs_what_it_did_before() -> None:
    machine = little_machine()
    document = Document(machine, SAMPLE * 20)
    machine.renew()
    change = document.edit(Span(Position(100, 0), Position(100, 0)), "// c\n")

    assert change.run <= 2


def test_the_beginning_of_a_text_stays_what_it_was() -> None:
    machine = little_machine()
    start = machine.start
    machine.renew()

    assert machine.start is start
    assert Document(machine, "\ufefflet a = 1").diagnostics() == []
    assert len(Document(machine, "\n\ufefflet a = 1").diagnostics()) == 1


def test_a_state_of_the_newest_graph_is_found_as_itself() -> None:
    machine = little_machine()
    document = Document(machine, SAMPLE)
    newest = Newest(machine)

    assert all(newest[state] is state for state in states(document))


@pytest.mark.parametrize("at", range(0, len(SAMPLE), 7))
def test_a_stream_goes_on_where_it_stood(at: int) -> None:
    machine = little_machine()
    place = Cursor.begin(machine).feed(SAMPLE[:at])
    machine.renew()
    finished = place.feed(SAMPLE[at:]).finish()
    whole = Cursor.begin(machine).feed(SAMPLE).finish()

    assert finished.all_diagnostics() == whole.all_diagnostics()
    assert finished.value() == whole.value()


def test_deep_nesting_goes_over_without_recursion() -> None:
    machine = little_machine()
    document = Document(machine, "let x = " + "[\n" * 20_000)
    old = canonical(states(document)[-1])
    machine.renew()

    assert isinstance(states(document)[-1], DeepState)
    assert canonical(states(document)[-1]) == old
    assert document.edit(Span(Position(20_000, 0), Position(20_000, 0)), "1").run <= 2


# ------------------------------------------------------------------------------------------------------------- memory
def test_what_nobody_holds_goes() -> None:
    machine = little_machine()
    document, gone = Document(machine, SAMPLE), Document(machine, "let a = " + "([{" * 40)
    cells = weakref.WeakSet([document])                  # shows that documents do not keep one another
    made = machine.cells.made
    del gone
    machine.renew()
    gc.collect()
    alive = sum(isinstance(thing, State) and thing.machine is machine for thing in gc.get_objects())

    assert len(machine.holders) == len(cells) == 1
    assert machine.cells.made < made / 2
    assert alive <= 2 * len(states(document)) + 2
    assert machine.entries == 0


@pytest.mark.parametrize("limits", [Limits(cells=60), Limits(cells=20, depth=15)])
def test_editing_is_parsing_from_scratch_while_the_graph_is_renewed_all_the_time(limits: Limits) -> None:
    machine = little_machine(limits)

    assert run_campaign(machine, [*SAMPLES, SAMPLE * 3], 5, 200, little_machine) >= 200
    assert machine.renewals > 5


def fill(machine: Machine, r: random.Random, lines: int) -> Cursor:
    """A stream of lines, each with another nesting."""
    cursor = Cursor.begin(machine, collect=False, remember=False)
    for _ in range(lines):
        nest = [r.choice("([{") for _ in range(30)]
        closed = "".join({"(": ")", "[": "]", "{": "}"}[opener] for opener in reversed(nest))
        cursor = cursor.feed(f"let x = {''.join(nest)}1{closed}\n")
    return cursor


@pytest.mark.parametrize("lines", [50, 400])
def test_a_stream_of_ever_new_nestings_has_a_bound(lines: int) -> None:
    machine = little_machine(Limits(cells=2_000))
    cursor = fill(machine, random.Random(3), lines)

    assert cursor.finish().all_diagnostics() == []
    assert machine.renewals >= lines // 50
    assert machine.cells.made <= 2_000 + 400


def test_texts_that_need_more_than_the_bound_are_not_gone_over_again_and_again() -> None:
    machine = little_machine(Limits(cells=50))
    document = Document(machine, "fn f() {\n" * 60 + "let a = 1\n")
    document.edit(Span(Position(60, 0), Position(60, 0)), "\n")
    renewals = machine.renewals
    for _ in range(200):
        document.edit(Span(Position(60, 0), Position(60, 0)), "\n")

    assert machine.cells.made > 50
    assert machine.renewals <= renewals + 1


# ---------------------------------------------------------------------------------------------------- representations
@pytest.mark.parametrize("limits", [Limits(), Limits(depth=6)])
def test_a_state_is_shown_in_a_line(limits: Limits) -> None:
    document = Document(little_machine(limits), SAMPLE * 3)
    document.diagnostics()
    shown = {type(state): repr(state) for state in states(document)[1:]}

    assert InToken in shown
    assert all(len(text) < 200 for text in shown.values())
    assert all(text.startswith(kind.__name__) for kind, text in shown.items())


# ------------------------------------------------------------------------------------------------- what is only tried
BROKEN = "fn f(a) {\n  let b = (1 + [2, 3)\n}\n" * 3


def test_what_a_search_for_repairs_tries_is_no_part_of_the_graph() -> None:
    document = Document(little_machine(), BROKEN)
    machine = document.machine
    made = machine.cells.made

    assert document.diagnostics()
    assert machine.cells.made == made
    assert machine.repair_steps > 0
    assert machine.aside.cells.made > 0


def test_what_was_tried_is_forgotten_past_its_bound_and_nothing_else_is_said() -> None:
    narrow = Document(little_machine().again(Limits(searched=30)), BROKEN)

    assert narrow.diagnostics() == Document(little_machine(), BROKEN).diagnostics()
    assert narrow.machine.aside.renewals > 0
    assert narrow.machine.aside.cells.made <= 30


def test_a_mistake_in_a_deep_nest_is_repaired_as_in_a_shallow_one() -> None:
    texts = ["(" * depth + "1 + + 2" + ")" * depth for depth in (40, 3_000)]
    shallow, deep = (Document(little_machine(), text).diagnostics() for text in texts)

    assert [[fix.title for fix in one.fixes] for one in deep] == [[fix.title for fix in one.fixes] for one in shallow]
    assert shallow[0].fixes
