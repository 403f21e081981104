"""What is said about attributes."""

import pytest

from engine.languages.language import CheckSettings
from tests.languages.reml.texts import check, fixed, said


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('@cfg(target = "cli")\nfn f()', []),
        ('@cfg(target = "wasm")\nfn f()', ['@cfg(target = "wasm")']),
        ('fn f() {\n  @cfg(target = "wasm") { a }\n}', ['@cfg(target = "wasm")']),
        ('#[cfg(target = "wasm")]\nlet a = 1', ['#[cfg(target = "wasm")]']),
        ('@cfg(target_arch = "wasm", os = "x")\nfn f()', []),
        ('@cfg(not(target = "wasm"))\nfn f()', []),
        ("@cfg(target = x)\nfn f()", []),
        ('@cfg(any(target = "wasm"))\nfn f()', ['@cfg(any(target = "wasm"))']),
        ('@cfg(any(target = "wasm", target = "js",))\nfn f()', ['@cfg(any(target = "wasm", target = "js",))']),
        ('@cfg(any(target = "wasm", target = "cli"))\nfn f()', []),
        ('@cfg(any(target = "wasm", os = "x"))\nfn f()', []),
        ('@cfg(all(os = "x", target = "wasm"))\nfn f()', ['@cfg(all(os = "x", target = "wasm"))']),
        ('@cfg(all(os = "x", target = "cli"))\nfn f()', []),
        ('@cfg(not(not(target: "wasm")))\nfn f()', ['@cfg(not(not(target: "wasm")))']),
        ('@cfg(not(all(target = "wasm", os = "x")))\nfn f()', []),
        ('@cfg(not(any(os = "x", not(target = "wasm"))))\nfn f()', ['@cfg(not(any(os = "x", not(target = "wasm"))))']),
        ("@cfg(any())\nfn f()", []),
        ('@cfg(other(target = "wasm"), a.any(target = "wasm"))\nfn f()', []),
        ("@cfg(" + "any(" * 5000 + 'target = "wasm"' + ")" * 5001 + "\nfn f()", []),
        ('@other(target = "wasm")\nfn f()', []),
    ],
)
def test_targets_must_be_configured(text, expected):
    check(text, [("language.cfg.unsatisfied_branch", part) for part in expected])


def test_a_target_that_is_nearly_known_has_a_fix():
    text = '@cfg(target = "desktp")\nfn f()'
    (only,) = said(text, CheckSettings(targets=frozenset(("desktop", "mobile"))))

    assert fixed(text, only) == '@cfg(target = "desktop")\nfn f()'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('@intrinsic("llvm.sqrt.f64")\nfn sqrt(x: f64) -> f64', []),
        ('@a @intrinsic("x") pub fn f()', []),
        ('impl T { @intrinsic("x") fn f() }', []),
        ("@intrinsic\nfn f()", ["@intrinsic"]),
        ("@intrinsic()\nfn f()", ["@intrinsic()"]),
        ("@intrinsic(1)\nfn f()", ["@intrinsic(1)"]),
        ('@intrinsic("a", "b")\nfn f()', ['@intrinsic("a", "b")']),
        ('@intrinsic(name = "a")\nfn f()', ['@intrinsic(name = "a")']),
        ('@intrinsic("a")\nlet x = 1', ['@intrinsic("a")']),
        ('@intrinsic("a")\ntype T', ['@intrinsic("a")']),
        ('extern "C" { @intrinsic("a") fn f(); }', ['@intrinsic("a")']),
        ('fn f() { @intrinsic("a") g() }', ['@intrinsic("a")']),
    ],
)
def test_intrinsics_are_functions_with_one_string(text, expected):
    check(text, [("native.intrinsic.invalid_syntax", part) for part in expected])
