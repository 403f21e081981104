"""The commonest mistakes in Reml texts, in words that say what to do.

`advise` is the machine's hook: a function of the situation it is shown and nothing else.  Wrong kinds of tokens are
spoken of in `wrong_tokens`; for tokens in a wrong place there is a list of functions, of which the first that knows
something speaks; where none does, the parser's own words stay.
"""

from __future__ import annotations

from typing import Final

from engine.languages.reml.comparisons import chained
from engine.languages.reml.grammar import MARGIN
from engine.languages.reml.grammar.words import A_PATTERN, A_TYPE, AN_EXPRESSION, AN_OPERATOR
from engine.languages.reml.lexer import HARD
from engine.languages.reml.wrong_tokens import WRONG, replaced, short
from engine.parse.repair import Advice, Located, Situation

__all__ = ["MISSING_WITH", "advise"]

MISSING_WITH: Final = "effects.handler.missing_with"

#: Operators behind which an operand must stand.
_INFIX: Final = frozenset(("+", "-", "*", "/", "%", "^", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "|>", "!"))
_COMPARISONS: Final = frozenset(("==", "!=", "<", "<=", ">", ">="))
#: Tokens that begin a statement or a declaration and never go on with one.
_STATEMENT_WORDS: Final = frozenset(
    (
        "let",
        "var",
        "const",
        "fn",
        "type",
        "struct",
        "enum",
        "trait",
        "impl",
        "use",
        "module",
        "return",
        "if",
        "match",
        "while",
        "for",
        "loop",
        "defer",
        "perform",
        "do",
        "handle",
        "pub",
    )
)
_OPERANDS: Final = frozenset(("IDENT", "UPPER", "INT", "FLOAT", "FLOAT_PAIR", "STRING", "RAW", "CHAR", "true", "false"))
_DECLARATIONS: Final = {"LetBinding": "let", "VarBinding": "var", "Constant": "const"}


def advise(situation: Situation) -> Advice | None:
    """What to say about an error in a Reml text; None: the parser's own words."""
    wrong = WRONG.get(situation.kind)
    if wrong is not None:
        return wrong(situation)
    return next((advice for speak in _MISPLACED if (advice := speak(situation)) is not None), None)


# ------------------------------------------------------------------------------------------------ misplaced tokens
def _missing_with(s: Situation) -> Advice | None:
    if "with" not in s.expected:
        return None
    if _inside(s) == "Handle" and s.kind == "handler":
        fix = "Insert `with`", ((0, s.start, s.start, "with "),)
        return Advice(MISSING_WITH, "`with` is missing between what is handled and its `handler`", (fix,))
    if "Match" in s.context[-2:] and s.kind == "{" and "with" not in s.after:
        return _braced_arms(s)
    if "Match" in s.context[-2:] and s.kind == "|" and s.lacks("with"):
        message = "`with` is missing behind what is matched: `match value with | pattern -> result`"
        return Advice(message=message, fixes=(("Insert `with`", ((0, s.start, s.start, "with "),)),))
    return None


def _braced_arms(s: Situation) -> Advice:
    """`match e { A -> 1, B -> 2 }`: the braces of other languages; a brace alone is written for `with`."""
    message = "the arms of `match` stand behind `with`, not in braces: `match value with | pattern -> result`"
    inner, closer = s.bracketed[:-1], s.bracketed[-1] if s.bracketed else None
    indent = len(s.piece) - len(s.piece.lstrip(" \t"))
    if closer is None or not inner or closer.line_offset and closer.start < indent:      # it closes something else
        return Advice(message=message, fixes=(replaced(s, "Write `with` for `{`", "with"),), only=True)
    begin = inner[-1].end if inner[-1].line_offset == closer.line_offset else closer.start
    edits = [(0, s.start, s.end, "with"), (closer.line_offset, begin, closer.end, "")]
    for token, following in zip(inner, s.bracketed[1:], strict=True):
        if token.kind == ",":
            text = " |" if following.line_offset == token.line_offset and following is not closer else ""
            edits.insert(-1, (token.line_offset, token.start, token.end, text))
    return Advice(message=message, fixes=(("Write `with` instead of the braces", tuple(edits)),), only=True)


def _missing_then(s: Situation) -> Advice | None:
    if _inside(s) != "If" or "then" not in s.expected or "then" in s.after or s.kind in _COMPARISONS:
        return None
    if not s.lacks("then"):
        return None
    fix = "Insert `then`", ((0, s.start, s.start, "then "),)
    return Advice(
        message="`then` is missing behind the condition: `if condition then value else value`",
        fixes=(fix,) if _begins_value(s) else (),
    )


def _missing_else(s: Situation) -> Advice | None:
    last = _last(s)
    if _inside(s) != "If" or "else" not in s.expected or "else" in s.after or s.kind in _COMPARISONS or last is None:
        return None
    if _begins_value(s) and not last.line_offset and s.kind not in _STATEMENT_WORDS:
        return None  # rather an operator is missing inside of the branch
    message = "this `if` has no `else`: both branches are required, `else ()` does nothing"
    fixes = (("Insert `else ()`", (_behind(last, " else ()"),)),)
    return Advice(message=message, fixes=fixes, only=s.kind in ("}", "EOF"))


def _missing_value(s: Situation) -> Advice | None:
    """`let x` without its `= …`."""
    word, last = _declaration(s), _last(s)
    if word is None or last is None or ("=" not in s.expected and word != "const"):
        return None
    if s.kind in (":=", "=="):
        message = (
            f"`{word}` takes `=`; `{s.kind}` {'assigns to what is there already' if s.kind == ':=' else 'compares'}"
        )
        return Advice(message=message, fixes=(replaced(s, "Write `=`", "="),))
    if word == "const" and "->" not in s.expected and s.kind == "=":
        return Advice(message=f"a constant needs its type: `const {short(last.text)}: Type = …`")
    if last.line_offset or s.kind in ("EOF", ";", "}"):
        return Advice(message=f"`{word}` needs a value: `= …` is missing behind `{short(last.text)}`")
    if _begins_value(s) and s.lacks("=") and last.kind in ("IDENT", "UPPER", ")", "]", "}", ">", "_", "self"):
        return Advice(
            message=f"`=` is missing in front of the value of `{word}`",
            fixes=(("Insert `=`", ((0, s.start, s.start, "= "),)),),
        )
    return None


def _missing_operand(s: Situation) -> Advice | None:
    last = _last(s)
    if last is None or AN_EXPRESSION not in s.expected:
        return None
    if s.kind == "+" == last.kind:
        message = "there is no operator `++`; `+` joins texts and lists as well"
        return Advice(message=message, fixes=(replaced(s, "Remove the second `+`", ""),))
    if last.kind in _INFIX:
        return Advice(message=f"an operand is required after `{last.kind}`")
    if last.kind == ".." and _inside(s) == "Range":
        return Advice(message="the upper end of the range is required after `..`")
    if last.kind in ("=", ":=", "->", "=>", "then", "else", "in", "if", "while", "match", "when", "await"):
        return Advice(message=f"an expression is required after `{last.kind}`")
    return None


def _chained(s: Situation) -> Advice | None:
    """`a < b < c`: comparisons do not associate."""
    if s.kind not in _COMPARISONS or AN_OPERATOR not in s.expected:
        return None
    found = chained(s.piece[: s.start], s.kind)
    if found is None:
        return None
    message = (
        f"`{found.operator}` and `{s.kind}` cannot be chained: put one comparison in parentheses, or join two with `&&`"
    )
    last = _last(s)
    if last is None or last.line_offset or found.start is None:
        return Advice(message=message)
    if "fn" in (proposal.kind for proposal in s.repair):
        return None
    fix = "Put the first comparison in parentheses", ((0, found.start, found.start, "("), (0, last.end, last.end, ")"))
    return Advice(message=message, fixes=(fix,))


def _keyword_as_name(s: Situation) -> Advice | None:
    last = _last(s)
    if (
        s.kind not in _HARD
        or _NAMED.isdisjoint(s.expected)
        or AN_EXPRESSION in s.expected
        or last is None
        or last.line_offset
    ):
        return None
    if last.kind in (")", "]", "}") or last.kind in _OPERANDS:
        return None
    message = f"`{s.kind}` is a keyword and cannot be a name here"
    fix = replaced(s, f"Write `{s.kind}_`", f"{s.kind}_")
    return Advice(message=message, fixes=(fix,), first=s.after[:1] not in _STRAY_BEFORE)


def _wrong_arrow(s: Situation) -> Advice | None:
    meant = {"=>": "->", "->": "=>"}.get(s.kind)
    if meant is None or meant not in s.expected:
        return None
    where = {"MatchArm": "an arm of `match`", "Lambda": "a lambda with `fn`"}.get(_inside(s), "this")
    return Advice(
        message=f"{where} is written with `{meant}`, not with `{s.kind}`",
        fixes=(replaced(s, f"Write `{meant}`", meant),),
    )


def _missing_arrow(s: Situation) -> Advice | None:
    if _inside(s) == "Lambda" and "=>" in s.expected and _begins_value(s) and s.lacks("=>"):
        fix = "Insert `=>`", ((0, s.start, s.start, "=> "),)
        return Advice(message="`=>` is missing behind the parameters of this lambda: `fn(x) => value`", fixes=(fix,))
    return None


def _question_mark(s: Situation) -> Advice | None:
    last = _last(s)
    if last is not None and last.kind == "?" and not last.line_offset and _begins_value(s):
        message = "there is no operator `? :`; a choice is written `if condition then value else value`"
        return Advice(message=message, part=(last.start, last.end))
    return None


def _unclosed_block(s: Situation) -> Advice | None:
    """A declaration at the margin inside of a block."""
    if s.start or s.kind not in _MARGIN or "}" not in s.expected:
        return None
    message = f"a `{{` above is not closed: `}}` is missing in front of `{s.kind}`"
    return Advice(message=message, fixes=(("Insert `}`", ((0, 0, 0, "}\n"),)),))


def _missing_comma(s: Situation) -> Advice | None:
    """In a list with a line for each element; it may also be that the list ends there."""
    last, closer = _last(s), {"List": "]", "UseList": "}", "UseItem": "}"}.get(_inside(s))
    if closer is None or last is None or not last.line_offset or "," not in s.expected or not _begins_value(s):
        return None
    fixes = tuple((f"Insert `{text}`", (_behind(last, text),)) for text in (",", closer))
    return Advice(
        message=f"`,` is missing behind `{short(last.text)}`, or `{closer}` if the list ends there", fixes=fixes
    )


def _semicolon_for_comma(s: Situation) -> Advice | None:
    if s.kind == ";" and "," in s.expected:
        return Advice(
            message="these are separated by commas, not by semicolons", fixes=(replaced(s, "Write `,`", ","),)
        )
    return None


def _missing_semicolon(s: Situation) -> Advice | None:
    last = _last(s)
    if last is None or ";" not in s.expected:
        return None
    insert = ("Insert `;`", (_behind(last, ";"),))
    if s.context[-1:] == ("ExternFunction",) or s.context[-1:] == ("ExternDeclaration",):
        return Advice(message="a function of `extern` ends with `;`", fixes=(insert,))
    if last.line_offset or not (_begins_value(s) or s.kind in _STATEMENT_WORDS):
        return None
    stray = bool(s.repair) and s.repair[0].op == "delete"
    sure = s.kind in _STATEMENT_WORDS and not stray or last.kind in _CLOSED and s.after[:1] in _GOES_ON
    if not sure and not (s.lacks(";") or stray):
        return None
    message = f"`{short(s.text)}` begins something new: put it on a line of its own, or `;` in front of it"
    return Advice(message=message, fixes=(insert,), first=sure)


_CLOSED: Final = frozenset((")", "]", "}"))
#: What follows a name that is more than a stray word.
_GOES_ON: Final = (("(",), (".",))

_MISPLACED: Final = (
    _unclosed_block,
    _missing_with,
    _missing_then,
    _missing_else,
    _missing_value,
    _missing_operand,
    _chained,
    _keyword_as_name,
    _wrong_arrow,
    _missing_arrow,
    _question_mark,
    _missing_comma,
    _semicolon_for_comma,
    _missing_semicolon,
)
_HARD: Final = frozenset(HARD)
_MARGIN: Final = frozenset(MARGIN)
#: What follows a keyword that is one too many: the name that it stands in front of.
_STRAY_BEFORE: Final = tuple((kind,) for kind in ("IDENT", "UPPER"))
#: Expectations that a name would fulfil.
_NAMED: Final = frozenset(("IDENT", A_PATTERN, A_TYPE))


# ------------------------------------------------------------------------------------------------ reading a situation
def _inside(s: Situation) -> str:
    """The innermost open rule that is no operator's."""
    return next((name for name in reversed(s.context) if name not in _TRANSPARENT), "")


_TRANSPARENT: Final = frozenset(("BinaryExpression", "Pipe", "PrefixExpression"))


def _declaration(s: Situation) -> str | None:
    """The keyword of the declaration whose pattern or type is being read."""
    name = next((name for name in reversed(s.context) if not name.endswith(("Type", "Pattern"))), "")
    return _DECLARATIONS.get(name)


def _last(s: Situation) -> Located | None:
    return s.before[0] if s.before else None


def _begins_value(s: Situation) -> bool:
    return s.kind in _OPERANDS or s.kind in ("(", "[", "{", "|", "||", "_", "if", "match", "fn")


def _behind(token: Located, text: str) -> tuple[int, int, int, str]:
    return token.line_offset, token.end, token.end, text
