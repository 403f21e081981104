"""The grammar against the language's EBNF, read by an interpreter of its own (`ebnf`, `reml.ebnf`).

Both judge rows of tokens: those of the other tests' tables, of the corpus, of the corpus with a few tokens changed, and
random ones that follow the EBNF.  `-m campaign` tries many more of the random kind.
"""

from functools import cache
from pathlib import Path
from random import Random

import pytest

from engine.languages.reml import REML
from engine.languages.reml.lexer import CONTEXTUAL, HARD, SOFT, WRONG
from engine.parse.lexer import EOF, NL
from engine.parse.machine import Reject
from engine.parse.source import split_lines
from engine.parse.units import begins_unit
from tests.corpus import corpus_root, reml_manifest
from tests.languages.reml import test_expressions, test_expressions_refused, test_items
from tests.languages.reml.ebnf import Recogniser, Sentences, Tok, read
from tests.languages.reml.texts import kinds

LOWER = ["IDENT", *SOFT, *CONTEXTUAL]
CLASSES = {
    "Name": ["UPPER", *LOWER],
    "LowerName": LOWER,
    "Member": ["UPPER", *LOWER, *HARD],
    "String": ["STRING", "RAW"],
    "Number": ["INT", "FLOAT", "FLOAT_PAIR"],
    "TupleIndex": ["INT", "FLOAT_PAIR"],
    "Literal": ["INT", "FLOAT", "FLOAT_PAIR", "CHAR", "true", "false", "STRING", "RAW"],
}
#: Tokens that a change to a text likely brings.
COMMON = ["IDENT", "UPPER", "INT", "STRING", "RAW", "FLOAT_PAIR", *"( ) { } [ ] , . = : | -> .. ; - @ < > &".split()]
COMMON += "if match let fn _ := :: as when rec type test new".split()
#: Kinds of wrong tokens, which no grammar mentions.
UNKNOWN = {"ERROR", "OPEN", *WRONG}
STARTS = """
Item Item Item ConductorDecl MacroDecl ActorDecl EffectDecl HandlerDecl ExternDecl TraitDecl ImplDecl UseDecl
FnDecl LetDecl TypeDecl StructDecl EnumDecl ActivePatternDecl ConstDecl Expr Match Primary Lambda Record Set
Stmt
""".split()


@cache
def recogniser() -> Recogniser:
    text = (Path(__file__).parent / "reml.ebnf").read_text(encoding="utf-8")
    return Recogniser(read(text), CLASSES, "Unit")


def accepts(tokens: list[Tok]) -> bool:
    """Does the machine take the tokens and the end behind them?"""
    machine = REML.machine()
    state = machine.start
    try:
        for token in tokens:
            state = state[NL] if token.nl else state
            state = state[machine.lexer.kind[token.kind]]
        state[EOF]
    except Reject:
        return False
    return True


def disputed(tokens: list[Tok]) -> bool:
    """Is there something in it that the EBNF leaves open and the grammar settles (the other tests say how)?

    An operand of `return` or `break` in front of a brace, a bar, `case` or a section of a conductor; a typed
    record in the head of a loop; a guard with `if` on the line below a bare pattern; `monitoring` with another
    section on its line.
    """
    present = {token.kind for token in tokens}
    if present & {"return", "break"} and present & {"while", "for", "case", "conductor", "|"}:
        return True
    if present & {"monitoring", "inline_asm"} or (present & {"while", "for"} and "UPPER" in present):
        return True
    return any(token.nl and token.kind == "if" for token in tokens) and "match" in present


def assert_same(rows: list[list[Tok]]) -> int:
    """Both judge all rows alike; how many of them are right."""
    right = 0
    for tokens in rows:
        if not disputed(tokens):
            expected = recogniser().accepts(tokens)
            right += expected
            assert accepts(tokens) == expected, shown(tokens)
    return right


def shown(tokens: list[Tok]) -> str:
    return "".join(("\n" if token.nl else " ") + token.kind for token in tokens).strip()


@cache
def corpus_units() -> list[list[Tok]]:
    """The tokens of the declarations in the corpus's accepted files, without the long ones."""
    root, machine = corpus_root(), REML.machine()
    out: list[list[Tok]] = []
    assert root is not None
    for entry in reml_manifest():
        if entry["class"] == "accept":
            state, unit = machine.start, ""
            for line in split_lines((root / "reml" / entry["path"]).read_bytes().decode("utf-8")):
                if unit and begins_unit(machine, state, line):
                    out.append(kinds(unit))
                    unit = ""
                unit += line
                state = state[line]
            out.append(kinds(unit))
    return [tokens for tokens in out if 3 <= len(tokens) <= 80 and UNKNOWN.isdisjoint(token.kind for token in tokens)]


def changed(random: Random, tokens: list[Tok], units: list[list[Tok]]) -> list[Tok]:
    """The tokens with one to three of them deleted, inserted, replaced, repeated or moved to another line."""
    out = list(tokens)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        at = random.randrange(len(out))
        kind = random.choice(COMMON) if random.random() < 0.8 else random.choice(list(CLASSES["Member"]))
        match random.randrange(6):
            case 0 if len(out) > 1:
                del out[at]
            case 1:
                out.insert(at, Tok(kind, random.random() < 0.2))
            case 2:
                out[at] = Tok(kind, out[at].nl)
            case 3:
                out[at] = out[at]._replace(nl=not out[at].nl)
            case 4:
                out[at:at] = out[at : at + random.randint(1, 6)]
            case _:
                other = random.choice(units)
                start = random.randrange(len(other))
                out[at:at] = other[start : start + random.randint(1, 8)]
    out[0] = out[0]._replace(nl=True)
    return out


def random_sentences(random: Random, count: int) -> list[list[Tok]]:
    source = Sentences(recogniser(), random)
    out: list[list[Tok]] = []
    while len(out) < count:
        tokens = source.sentence(random.choice(STARTS), random.randint(4, 11))
        if 0 < len(tokens) <= 70:
            tokens[0] = tokens[0]._replace(nl=True)
            out.append(changed(random, tokens, [tokens]) if random.random() < 0.4 else tokens)
    return out


# ------------------------------------------------------------------------------------------------------------ tests
TABLES = [
    pytest.param("{}", test_items.GOOD, True, id="items"),
    pytest.param("{}", test_items.BAD, False, id="wrong items"),
    pytest.param("let v = {}", test_expressions.GOOD, True, id="expressions"),
    pytest.param("let v = {}", test_expressions_refused.BAD, False, id="wrong expressions"),
]


@pytest.mark.parametrize(("frame", "table", "right"), TABLES)
def test_the_tables_of_the_other_tests(frame, table, right):
    rows = [kinds(frame.format(text)) for texts in table.values() for text in texts]
    rows = [tokens for tokens in rows if not disputed(tokens) and UNKNOWN.isdisjoint(token.kind for token in tokens)]

    assert assert_same(rows) == (len(rows) if right else 0)


def test_the_corpus(corpus, seed):
    units = Random(seed).sample(corpus_units(), 120)

    assert assert_same(units) == len([tokens for tokens in units if not disputed(tokens)])


def test_changed_corpus(corpus, seed):
    random, units = Random(seed), corpus_units()
    rows = [changed(random, random.choice(units), units) for _ in range(250)]

    assert 10 < assert_same(rows) < 200


def test_random_sentences(seed):
    assert assert_same(random_sentences(Random(seed), 250)) > 80


@pytest.mark.campaign
def test_all_of_the_corpus(corpus):
    units = corpus_units()

    assert assert_same(units) == len([tokens for tokens in units if not disputed(tokens)]) > 1000


@pytest.mark.campaign
def test_many_changes_of_the_corpus(corpus, seed, campaign):
    random, units = Random(seed), corpus_units()
    rows = [changed(random, random.choice(units), units) for _ in range(4000 * campaign)]

    assert assert_same(rows) > 100


@pytest.mark.campaign
def test_many_random_sentences(seed, campaign):
    assert assert_same(random_sentences(Random(seed + 1), 4000 * campaign)) > 1000
