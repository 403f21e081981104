"""What is usual in a language is learnt from its sample."""

from __future__ import annotations

from engine.languages.json import make_machine
from engine.parse.habits import Habits, Surroundings
from engine.parse.lexer import EOF, NL
from engine.parse.machine import Machine


def kinds(machine: Machine, *names: str) -> list[int]:
    return [machine.lexer.kind[name] for name in names]


def learnt(machine: Machine) -> Habits:
    assert machine.habits is not None
    return machine.habits


def test_what_the_sample_has_costs_less_than_what_it_has_not():
    machine = make_machine("json")
    usual, unusual = kinds(machine, "STRING", ":", "STRING", ","), kinds(machine, "STRING", ":", ",", "STRING")
    habits = learnt(machine)

    assert 0 < habits.cost(habits.words(usual)) < habits.cost(habits.words(unusual))


def test_names_and_literals_are_one_word_and_line_breaks_are_one():
    machine = make_machine("json")
    habits = learnt(machine)

    assert len(set(habits.words(kinds(machine, "STRING", "NUMBER", "null", "true")))) == 1
    assert habits.words([NL, NL, EOF]) == [NL]


def test_a_change_to_what_is_usual_wins_and_one_away_from_it_loses():
    machine = make_machine("json")
    comma, string, colon = kinds(machine, ",", "STRING", ":")
    lacking = Surroundings(learnt(machine), kinds(machine, "[", "STRING", "STRING", "]"))
    doubled = Surroundings(learnt(machine), kinds(machine, "[", "STRING", ",", ",", "STRING", "]"))

    comma_at, string_at, colon_at = map(machine.likely.index, (comma, string, colon))
    inserted, replaced = lacking.inserted(2, below=False), doubled.replaced(3)

    assert inserted.costs[comma_at] < inserted.costs[colon_at]
    assert inserted.least == min(inserted.costs) - inserted.before < 0
    assert replaced.costs[string_at] < replaced.costs[colon_at]
    assert doubled.deleted(3) < 0


def test_two_machines_learn_the_same_and_one_without_a_sample_nothing():
    first, second = make_machine("json"), make_machine("json")
    words = learnt(first).words(kinds(first, "[", "NUMBER", "]"))
    second.sample = ""

    assert learnt(first).cost(words) == learnt(make_machine("json")).cost(words)
    assert second.habits is None


def test_a_text_ends_behind_what_blank_lines_stand_behind():
    machine = make_machine("json")
    sample = "[1]\n\n[2]\n\n[\n3\n]\n"
    habits = Habits(machine.lexer, sample, frozenset(kinds(machine, "NUMBER")), machine.likely)
    number, opener, closer = kinds(machine, "NUMBER", "[", "]")
    candidates = [machine.likely.index(kind) for kind in (closer, opener)]

    at_end = Surroundings(habits, (opener, number, NL, EOF)).inserted(3, below=False)
    further = Surroundings(habits, (opener, number, NL)).inserted(2, below=False)

    ends, opens = (at_end.costs[index] - further.costs[index] for index in candidates)
    assert 0 < ends < opens


def test_without_blank_lines_nothing_is_known_of_ends():
    machine = make_machine("json")
    habits = Habits(machine.lexer, "[1]\n[2]\n", frozenset(), machine.likely)
    (number,) = kinds(machine, "NUMBER")

    at_end = Surroundings(habits, (number, NL, EOF)).inserted(2, below=False)

    assert at_end.costs == Surroundings(habits, (number, NL)).inserted(1, below=False).costs
