"""What is wrong with a JSON text, in words that say what to do: a code, a message and a fix for each common mistake.

`advise` is the hook of the three dialects' machines, a pure function of the situation it is shown.  Each kind in
`lexer.WRONG` has a function here; an unexpected token of a right kind is explained by what stands around it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from engine.languages.json.grammar import A_KEY, A_VALUE
from engine.languages.json.mending import WRONG_PART, mended_number, mended_string, without_tail
from engine.parse.repair import Advice, Located, Situation

__all__ = ["advise", "advise_jsonc", "advise_lines"]

Fix = tuple[str, tuple[tuple[int, int, int, str], ...]]

#: Tokens that begin a value.
_VALUES: Final = frozenset(("STRING", "NUMBER", "true", "false", "null", "{", "["))
#: Words of other languages for JSON's three.
_LITERALS: Final = {"true": "true", "false": "false"} | dict.fromkeys(("null", "none", "nil", "undefined"), "null")
#: Mistakes that stand for no value.
_NO_VALUES: Final = frozenset(("json.comment", "json.blank", "json.semicolon", "json.equals"))
_NO_NUMBER: Final = re.compile(r"[-+]?(?:nan|inf|infinity)", re.IGNORECASE)
_SHOWN: Final = 40


def advise(situation: Situation) -> Advice | None:
    """What to say about an error in a JSON text; None: the parser's own words."""
    wrong = _BY_CODE.get(situation.code)
    return _separated(situation, wrong(situation)) if wrong else _misplaced(situation)


def advise_jsonc(situation: Situation) -> Advice | None:
    """`advise` for JSON with comments."""
    if situation.code == "json.comment":
        fix = _replaced(situation, "Begin it with `//`", "//" + situation.text[1:])
        return Advice("json.comment", "comments begin with `//` or `/*` here", (fix,))
    return advise(situation)


def advise_lines(situation: Situation) -> Advice | None:
    """`advise` for JSON Lines."""
    last = situation.before[0] if situation.before else None
    if situation.code in _BY_CODE or last is None:
        return advise(situation) if situation.kind != "EOF" else None
    if last.line_offset < 0 and situation.context:
        return _record_break(situation, last)
    if not situation.context and situation.kind in _VALUES:
        fix = "Put it on a line of its own", ((0, situation.start, situation.start, "\n"),)
        return Advice("json.extra_value", "a line holds one value: this is the second one", (fix,))
    return _misplaced(situation)


def _record_break(s: Situation, last: Located) -> Advice:
    """The value on the line above is not complete; closing its brackets is a fix if nothing else is missing."""
    message = "the value above is not complete, and values of JSON Lines do not cross lines"
    missing = "".join({"Object": "}", "Array": "]"}.get(name, "") for name in reversed(s.context))
    if last.kind in (",", ":") or s.context[-1] == "Member" or s.context[0] != "Record":
        return Advice("json.record_break", message)      # the outermost rules of a very deep value are not told
    return Advice("json.record_break", message, (_inserted(last, f"Insert `{_short(missing)}`", missing),))


# ---------------------------------------------------------------------------------------------------- wrong tokens
def _separated(s: Situation, advice: Advice) -> Advice:
    """With a comma in front in the fixes, where a wrong string or number also lacks that."""
    last = s.before[0] if s.before else None
    listed = _container(s) == "Array" or s.after[:1] == (":",)
    if last is None or not listed or "," not in s.expected or advice.code in _NO_VALUES:
        return advice
    comma = last.line_offset, last.end, last.end, ","
    return replace(advice, fixes=tuple((f"{title} and insert `,`", (comma, *edits)) for title, edits in advice.fixes))


def _comment(s: Situation) -> Advice:
    whole = s.text.startswith(("//", "#")) or (s.text.startswith("/*") and s.text.endswith("*/") and len(s.text) > 3)
    fixes = (_replaced(s, "Remove the comment", ""),) if whole else ()
    return Advice("json.comment", "JSON has no comments; a `.jsonc` file may have them", fixes)


def _single_quotes(s: Situation) -> Advice:
    fix = _replaced(s, "Use double quotes", mended_string(s.text[1:-1]))
    return Advice("json.single_quotes", f"strings are written in double quotes, not in {s.text[0]}", (fix,))


def _curly_quotes(s: Situation) -> Advice:
    fix = _replaced(s, "Use straight double quotes", mended_string(s.text[1:-1]))
    message = f"strings are written in straight double quotes, not in {s.text[0]} {s.text[-1]}"
    return Advice("json.curly_quotes", message, (fix,))


def _string(s: Situation) -> Advice:
    found = WRONG_PART.search(s.text)
    start = s.start + (found.start() if found else 0)
    character, mended = s.piece[start], mended_string(s.text[1:-1])
    if character == "\\":
        message = f"JSON has no escape `{s.piece[start:start + 2]}`; a backslash itself is written `\\\\`"
        fix = _replaced(s, "Rewrite the string with JSON's escapes", mended)
        return Advice("json.bad_escape", message, (fix,), part=(start, start + 2))
    message = f"the control character {_point(character)} must be written as an escape in a string"
    fix = _replaced(s, "Escape the control characters", mended)
    return Advice("json.control_character", message, (fix,), part=(start, start + 1))


def _unterminated(s: Situation) -> Advice:
    contents, tail = without_tail(s.text[1:])
    fix = _replaced(s, "Close the string", mended_string(contents) + tail)
    return Advice("json.unterminated_string", f"the string has no closing `{s.text[0]}` on its line", (fix,))


def _number(s: Situation) -> Advice:
    code, message = _number_fault(s.text)
    if code == "json.not_a_number":
        return Advice(code, message, (_replaced(s, "Write `null`", "null"),))
    mended = mended_number(s.text)
    if mended is not None:
        return Advice(code, message, (_replaced(s, f"Write `{_short(mended)}`", mended),))
    if not s.text.strip("-+"):
        return Advice(code, message)
    return Advice(code, message, (_replaced(s, "Make it a string", mended_string(s.text)),))


def _number_fault(text: str) -> tuple[str, str]:
    """Code and message for a wrong number."""
    if _NO_NUMBER.fullmatch(text):
        return "json.not_a_number", f"JSON has no number `{_short(text)}`"
    return next((fault[1:] for fault in _NUMBER_FAULTS if fault[0].match(text)),
                ("json.number", f"`{_short(text)}` is no JSON number"))


_NUMBER_FAULTS: Final = tuple((re.compile(pattern), code, message) for pattern, code, message in (
    (r"\+", "json.plus_sign", "a JSON number has no plus sign"),
    (r"-?0[xXoObB][0-9A-Fa-f]", "json.hexadecimal", "JSON numbers are decimal"),
    (r"[^_]*[0-9]_", "json.digit_separator", "a JSON number has no underscores"),
    (r"-?0[0-9]", "json.leading_zero", "a JSON number has no leading zeros"),
    (r"-?\.", "json.leading_dot", "a JSON number needs a digit before the decimal point"),
    (r"-?[0-9]+\.(?![0-9])", "json.trailing_dot", "a JSON number needs a digit after the decimal point"),
    (r"-?[0-9.]+[eE][+-]?\Z", "json.exponent", "the exponent has no digits"),
    (r"-+\Z", "json.number", "a minus sign needs a number right behind it"),
))


def _word(s: Situation) -> Advice:
    key = A_KEY in s.expected or s.after[:1] == (":",)
    quoted = mended_string(s.text)
    if key:
        fix = _replaced(s, f"Write `{_short(quoted)}`", quoted)
        return Advice("json.unquoted_key", f"the key `{_short(s.text)}` needs double quotes", (fix,))
    if _NO_NUMBER.fullmatch(s.text):
        return Advice("json.not_a_number", f"JSON has no number `{s.text}`", (_replaced(s, "Write `null`", "null"),))
    literal = _LITERALS.get(s.text.lower())
    if literal:
        fix = _replaced(s, f"Write `{literal}`", literal)
        return Advice("json.literal", f"`{s.text}` is written `{literal}` in JSON", (fix,))
    fix = _replaced(s, f"Write `{_short(quoted)}`", quoted)
    return Advice("json.unquoted_string", f"`{_short(s.text)}` is no JSON value; a string needs double quotes", (fix,))


def _blank(s: Situation) -> Advice:
    points = ", ".join(_point(c) for c in dict.fromkeys(s.text[:4]))
    message = f"{points} between tokens: JSON's blanks are space, tab and line breaks only"
    return Advice("json.blank", message, (_replaced(s, "Replace it by a space", " "),))


def _semicolon(s: Situation) -> Advice:
    if "," in s.expected and s.after[:1] not in (("}",), ("]",)):
        message = "JSON separates with commas, not with semicolons"
        return Advice("json.semicolon", message, (_replaced(s, "Write `,`", ","),))
    return Advice("json.semicolon", "JSON has no semicolons", (_replaced(s, "Remove `;`", ""),))


def _equals(s: Situation) -> Advice:
    return Advice("json.equals", "a key and its value are separated by `:`", (_replaced(s, "Write `:`", ":"),))


_BY_CODE: Final[dict[str, Callable[[Situation], Advice]]] = {
    "json.comment": _comment,
    "json.single_quotes": _single_quotes,
    "json.curly_quotes": _curly_quotes,
    "json.bad_escape": _string,
    "json.unterminated_string": _unterminated,
    "json.number": _number,
    "json.unquoted_string": _word,
    "json.blank": _blank,
    "json.semicolon": _semicolon,
    "json.equals": _equals,
}


# ------------------------------------------------------------------------------------------------ misplaced tokens
def _misplaced(s: Situation) -> Advice | None:
    """A right token in a wrong place."""
    last = s.before[0] if s.before else None
    if last is None:
        return _nothing(s)
    if s.kind == ",":
        return _comma(s, last)
    if s.kind in ("]", "}"):
        return _closer(s, last)
    if s.kind == ":" and _container(s) == "Array":
        message = "an array holds values without keys; members with keys stand in `{ }`"
        return Advice("json.colon_in_array", message, only=not _elsewhere(s))
    return _value(s, last) if s.kind in _VALUES else None


def _nothing(s: Situation) -> Advice | None:
    if s.kind != "EOF":
        return None
    fix = "Write `null`", ((0, s.start, s.start, "null"),)
    return Advice("json.empty", "an empty text is no JSON: a value is missing", (fix,))


def _comma(s: Situation, last: Located) -> Advice | None:
    best = s.repair[0] if len(s.repair) == 1 else None
    if last.kind != "," and best is not None and best.op == "replace" and not best.offset:
        return None                                      # it stands where a key or a value is to be
    wrong_before = bool(s.repair) and s.repair[0].offset < 0
    if last.kind == "," or last.kind in ("[", "{") and not wrong_before:
        remove = _replaced(s, "Remove the comma", "")
        if _container(s) == "Array" and _has_blanks_around(s):       # one that is doubled stands close to the other
            fill = "Insert `null`", ((0, s.start, s.start, "null"),)
            return Advice("json.missing_value", "the value in front of this comma is missing", (fill, remove))
        return Advice("json.extra_comma", "there is nothing in front of this comma", (remove,))
    return _missing_value(s, last)


def _has_blanks_around(s: Situation) -> bool:
    return not s.piece[:s.start][-1:].strip() and not s.piece[s.end:s.end + 1].strip()


def _closer(s: Situation, last: Located) -> Advice | None:
    trails = last.kind in (",", ";") and _container(s) == {"]": "Array", "}": "Object"}[s.kind]
    if trails and "," not in s.expected and _repair_is(s, "delete", ",", *_VALUES):
        fix = "Remove the trailing comma", ((last.line_offset, last.start, last.end, ""),)
        return Advice("json.trailing_comma", f"a comma is not allowed before `{s.kind}`", (fix,))
    return _missing_value(s, last)


def _missing_value(s: Situation, last: Located) -> Advice | None:
    if not _repair_is(s, "insert", ":", *_VALUES):
        return None
    if last.kind == ":" and A_VALUE in s.expected:
        return Advice("json.missing_value", "the value is missing", (_inserted(last, "Insert `null`", " null"),))
    if ":" in s.expected and s.context[-1:] == ("Member",):
        fix = _inserted(last, "Insert `: null`", ": null")
        return Advice("json.missing_value", f"the key {_short(last.text)} has no value", (fix,))
    return None


def _value(s: Situation, last: Located) -> Advice | None:
    keyed = s.after[:1] == (":",)
    if A_KEY in s.expected:
        return _key(s) if keyed else None
    listed = _container(s) == "Array" or (keyed and s.kind == "STRING")
    if "," in s.expected and listed and _repair_is(s, "insert", ","):
        what = "elements" if _container(s) == "Array" else "members"
        return Advice("json.missing_comma", f"a comma is missing between {what}", (_inserted(last, "Insert `,`", ","),))
    if ":" in s.expected and "," not in s.expected and _repair_is(s, "insert", ":"):
        fixes = () if keyed else (_inserted(last, "Insert `:`", ":"),)
        return Advice("json.missing_colon", "a `:` is missing between key and value", fixes)
    if "EOF" in s.expected:
        message = "the text ends after its value, but another one begins here; a `.jsonl` file holds a value per line"
        return Advice("json.extra_value", message, only=True)
    return None


def _key(s: Situation) -> Advice | None:
    if s.kind in ("STRING", "{", "["):
        return None
    fix = _replaced(s, f'Write `"{_short(s.text)}"`', mended_string(s.text))
    return Advice("json.key_not_string", "a key is a string in double quotes", (fix,))


def _repair_is(s: Situation, op: str, *kinds: str) -> bool:
    """May the best repair that was found be a change of this sort, or the insertion of one of the kinds?

    Where something else was written for what is missing (`[` for a comma), or the token itself is one too many, what is
    said here would lead astray.
    """
    if len(s.repair) != 1:
        return True
    (best,) = s.repair
    return best.kind in kinds and best.op in (op, "insert") or best.op == "delete" and best.offset < 0


def _elsewhere(s: Situation) -> bool:
    """Is the best repair to remove the unexpected token, to write something else for it, or a change in front of it?

    A comma is none of that: it makes elements of a key and its value.
    """
    return len(s.repair) == 1 and (s.repair[0].op != "insert" and s.repair[0].kind != "," or s.repair[0].offset < 0)


def _container(s: Situation) -> str:
    """The innermost object or array."""
    return next((name for name in reversed(s.context) if name in ("Object", "Array")), "")


# ----------------------------------------------------------------------------------------------------------- values
def _replaced(s: Situation, title: str, text: str) -> Fix:
    return title, ((0, s.start, s.end, text),)


def _inserted(after: Located, title: str, text: str) -> Fix:
    return title, ((after.line_offset, after.end, after.end, text),)


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _point(character: str) -> str:
    return f"U+{ord(character):04X}"
