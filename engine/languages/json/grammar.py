"""The grammars of JSON, JSON Lines and JSONC.

All accept exactly their language; what is more in them is recovery.  A list can go on at its separators, and in front
of each closing bracket stands a mark behind which a stray value may follow (`_after_error`): one token too many or too
few is one mistake, and nothing that belongs to an inner bracket is taken for a part of the outer one.
"""

from __future__ import annotations

from collections.abc import Callable

from engine.parse.grammar import (
    Anchor,
    G,
    Grammar,
    Ref,
    Tok,
    choice,
    glued,
    label,
    newline,
    ok,
    opt,
    recover,
    recover_missing,
    rule,
    seq,
    token,
)

__all__ = ["A_KEY", "A_VALUE", "json_grammar", "lines_grammar"]

#: How expectations name them.
A_VALUE, A_KEY = "a value", "a key in double quotes"


def json_grammar(*, trailing: bool = False) -> Grammar:
    """One value; with `trailing`, a comma may follow the last element or member."""
    g = Grammar("Text")
    g["Text"] = seq(Ref("Value"), _after_error("MoreTexts"))
    g["MoreTexts"] = seq(Ref("Leftover"), _after_error("MoreTexts"))
    g["Leftover"] = _leftover(token)
    _containers(g, token, trailing=trailing)
    g["Value"] = label(A_VALUE, choice(Ref("Object"), Ref("Array"), _scalar(token)))
    return g


def lines_grammar() -> Grammar:
    """Any number of values, each beginning on a line of its own and ending on it."""
    g = Grammar("Lines")
    g["Lines"] = recover(choice(seq(newline(), Ref("Record"), Ref("Lines")), ok))
    g["Record"] = rule("Record", label(A_VALUE, choice(_object(token, glued), _array(token, glued), _scalar(token))))
    _containers(g, glued, trailing=False)
    g["Value"] = label(A_VALUE, choice(Ref("Object"), Ref("Array"), _scalar(glued)))
    return g


Kind = Callable[..., Tok]


def _containers(g: Grammar, kind: Kind, *, trailing: bool) -> None:
    g["Object"] = _object(kind, kind)
    g["Members"] = _rest(kind, "Member", "Members", trailing=trailing)
    g["MoreMembers"] = seq(_stray(kind, "Member", "Members"), _after_error("MoreMembers"))
    g["Member"] = rule("Member", label(A_KEY, kind("STRING")), recover_missing(kind(":")), Ref("Value"))
    g["Array"] = _array(kind, kind)
    g["Elements"] = _rest(kind, "Value", "Elements", trailing=trailing)
    g["MoreElements"] = seq(_stray(kind, "Value", "Elements"), _after_error("MoreElements"))
    g["Stray"] = rule("Stray", choice(seq(Ref("Value"), opt(kind(":"), Ref("Value"))), seq(kind(":"), Ref("Value"))))


def _object(opener: Kind, kind: Kind) -> G:
    return rule("Object", opener("{"), opt(Ref("Member"), Ref("Members")), _after_error("MoreMembers"), kind("}"))


def _array(opener: Kind, kind: Kind) -> G:
    return rule("Array", opener("["), opt(Ref("Value"), Ref("Elements")), _after_error("MoreElements"), kind("]"))


def _rest(kind: Kind, part: str, rest: str, *, trailing: bool) -> G:
    """What follows the first part of a list; errors may resume at its comma."""
    more = seq(Ref(part), Ref(rest))
    return recover(choice(seq(kind(","), opt(more) if trailing else more), ok))


def _stray(kind: Kind, part: str, rest: str) -> G:
    """How a list may go on after an error: a comma with nothing in front, a value where none may stand, nothing."""
    return choice(seq(kind(","), opt(Ref(part), Ref(rest))), seq(Ref("Stray"), Ref(rest)), ok)


def _leftover(kind: Kind) -> G:
    """What stands behind the text's value after an error: the rest of a list that has ended too early is told once."""
    marks = seq(kind(",", ":", "]", "}"), Ref("Leftover"))
    return choice(seq(Ref("Value"), opt(marks)), marks, ok)


def _scalar(kind: Kind) -> G:
    return kind("STRING", "NUMBER", "true", "false", "null")


def _after_error(name: str) -> G:
    """Matches nothing; after an error inside what stands before it, parsing may go on with that rule."""
    return Anchor(ok, skip=Ref(name))
