"""What is undecided for a while costs no more in a nest than outside of one."""

from __future__ import annotations

import pytest

from engine.languages.reml import make_machine
from engine.parse.cells import Cells
from engine.parse.document import Document

SHAPES = {
    "lambdas in records": lambda depth: "let x = " + "{ f: (a, b) -> " * depth + "1" + " }" * depth + "\n",
    "lambdas that are returned": lambda depth: "fn f() { " + "return |a| " * depth + "1 }\n",
    "lambdas or arms": lambda depth: "fn f() { match x with | a -> " + "return |a| " * depth + "1 }\n",
    "an arm or a call": lambda depth: "fn f() {\n match a with | B -> c\n " + "A(" * depth + "\n}\n",
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_work_grows_with_the_depth_and_not_with_its_square(shape, monkeypatch):
    popped = 0
    pop = Cells.pop

    def counting(cells, cell):
        nonlocal popped
        popped += 1
        return pop(cells, cell)

    def work(depth):
        nonlocal popped
        popped = 0
        Document(make_machine(), shape(depth))
        return popped

    monkeypatch.setattr(Cells, "pop", counting)

    assert work(400) < 2.5 * work(200)
