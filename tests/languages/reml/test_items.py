"""Items: modules, `use`, declarations of every kind, attributes."""

import pytest

from tests.languages.reml.texts import syntax_errors, text_of

CONDUCTOR = """
conductor c {
  config: config_dsl = load()
    |> validate
    |> emit(to: out, 2)
  @a other: dsl
  channels { a.b ~> c.d : Int, e ~> f : Str; }
  execution { run() }
  monitoring with Core.Metrics { }
}
"""

GOOD = {
    "units": [
        "",
        "\n\n",
        ";;;\n",
        "module a",
        "module a.b.c\nuse d\n",
        "module a; use b; let c = 1",
        "pub module A.B",
        "module ::a.b",
        "module self.a",
        "module super.super.a",
        "module docs.spec.syntax.type.match",
        "module a.spec.actor\nlet spec = 1\nlet actor = spec\n",
        "@deprecated\nmodule a\n",
        "#[allow(unused)]\npub module a\n",
        "module a {\n  let b = 1\n}\n",
        "module a { let b = 1; fn c() = b }\nlet d = 2\n",
        "let d = 2\nmodule a { module b { use super.c } }\n",
        "let a = 1;\nlet b = 2;;\n",
    ],
    "use": [
        "use a",
        "use Core.Prelude",
        "use ::Core.Parse",
        "use self.a",
        "use super.a",
        "use super.super.a",
        "use a as b",
        "use a.b as c",
        "use a.*",
        "use a.{}",
        "use a.{b}",
        "use a.{b, c,}",
        "use a.{b as x, c.{d, e as y}, type, match as m, *}",
        "use a.{\n  b,\n  c,\n}\n",
        "use a.type.match",
        '@cfg(target = "cli")\nuse a\n',
        "let a = 1\nuse b\n",
        "pub use a.b",
    ],
    "functions": [
        "fn f()",
        "fn f() -> Int",
        "fn f() = 1",
        "fn f() { 1 }",
        "fn f()\n{ 1 }\n",
        "fn f() -> Int\n  = 1\n",
        "fn f()\n  -> Int\n  !{io}\n",
        "fn f()\nfn g()\n",
        "fn f()\n@pure\nfn g()\n",
        "fn f()\n#[test]\nfn g() {}\n",
        "fn f() @inline { 1 }",
        "fn f() @inline(always) #[cold] { 1 }",
        "fn f(a)",
        'fn f(a: Int, b: Str = "x",)',
        "fn f(&self)",
        "fn f(&mut self, other: &Self)",
        "fn f(self)",
        "fn f((a, b): (Int, Int), { x, y: z }: P, [h, ..t]: L, _, Some(v): Option<Int>)",
        "fn f<T>()",
        "fn f<T, U: Show + Eq, V: Fn<T>,>(a: T) -> U",
        "fn f() -> Int !{io, panic}",
        "fn f() !{}",
        "fn f() -> T where T: Show",
        "fn f<T, U>() -> T where T: Show + Eq<U>, U: Ord {}",
        "fn f() where Show<T>, {}",
        "fn f() where &T: Show, (A, B): Eq, [T]: Ord, A -> B: Call = 1",
        "fn f() !{io} where T: Show",
        "fn f() where T: Show !{io}",
        "fn Core.Dsl.call()",
        "fn A::b::c()",
        "fn Parser<T>.map<U>(self, f: fn(T) -> U) -> Parser<U>",
        "fn Parser<T>::map()",
        "fn a.match()",
        "async fn f()",
        "unsafe fn f()",
        "async unsafe fn f() {}",
        "pub fn f()",
        "pub async fn f()",
    ],
    "values": [
        "let a = 1",
        "let a: Int = 1",
        "let a\n  : Int\n  = 1\n",
        "let (a, b) = c",
        "let { a, b: c, .. } = d",
        "let Point { x, .. } = p",
        "let Some(a) = b",
        "let a.B(c) = d",
        "let [a, ..] = b",
        "let x @ Some(_) = y",
        "let Some(a) as b = c",
        "let 1..5 = x",
        "let _ = f()",
        "let f(a) = a",
        "let f(a: Int, b = 2) -> Int = a + b",
        "let f<T>(a: T) -> T = a",
        "let f(\n  a,\n) = a\n",
        "let spec = 1",
        "let test = 1\nlet operation = test\nlet pattern = 2\nlet options = inputs\n",
        "var a = 1",
        "var (a, b): (Int, Int) = c",
        "const A: Int = 1",
        "const A::B: Int = 1",
        "const a.b.type: Int = 1",
        "pub let a = 1",
        "pub const A: Int = 1",
    ],
    "types": [
        "type T",
        "type T<A, B>",
        "type alias T = Int",
        "type alias = Int",
        "type alias<T> = List<T>",
        "type T = new Int",
        "type T = A",
        "type T = | A | B",
        'type T =\n  | A\n  | B(Int)\n  | C { x: Int, y: Str = "" }\n  | D(name: Str, Int)\n',
        "type T = A(Int) | B",
        'type T = "on" | "off"',
        "type T = 2 | 8 | 10",
        "type T = (A, B) -> C",
        "type T = fn(A) -> B | C(Int)",
        "type T = { a: Int, .. }",
        "type T = Core.Option<A>",
        "type T = | new(Int)",
        "struct S;",
        "struct S {}",
        "struct S<T> { a: T, pub b: Int = 1, @doc c: Str, }",
        "struct S = { a: Int }",
        "struct S { type: Int, match: Str, pub: Bool, pub pub: Bool }",
        "struct A;\nstruct B;\n",
        "struct A; struct B; let c = 1",
        "enum E = A",
        "enum E = | A | B(Int), C { x: Int },",
        "enum E = A, B,\nlet c = 1\n",
    ],
    "traits": [
        "trait T {}",
        "trait T<A> where A: Show { fn f(self) -> A }",
        "trait T {\n  type Item\n  type Out: Show, Eq = Int\n  @doc pub fn f()\n  fn g() { 1 }\n}\n",
        "trait T { fn f(); fn g() = 1; }",
        "impl T { }",
        "impl T for U { fn f() { 1 } }",
        "impl<A> T<A>\n  for U<A>\n  where A: Show {\n  type X = A\n  let y = 1\n  var z = 2\n  const W: Int = 3\n}\n",
        "impl Show for (A, B) { pub fn f() }",
        "pub impl T {}",
    ],
    "extern": [
        'extern "C" fn f();',
        'extern "C" fn f(a: Int, ...) -> Int;',
        'extern "C" fn f(...);',
        'extern "C" { fn f(); pub unsafe fn g(a: &mut T, ...) !{io}; }',
        'extern "C" {\n  @link(name = "m")\n  fn sqrt(x: f64) -> f64;\n}\n',
        'extern "C" fn f();\nlet a = 1\n',
        'extern "C" fn f(); let a = 1',
    ],
    "effects": [
        "effect Console",
        "effect Console : io { operation log }",
        "effect Console : io {\n  operation log : Str -> Unit\n  @doc operation read: () -> Str\n}\n",
        "handler H { return v { v } }",
        "handler H {\n  operation log(message, resume) { resume(()) }\n  @a operation x() {}\n  return v { v }\n}\n",
        "pub effect E",
    ],
    "contextual": [
        "pattern (|Even|) (n) = n % 2 == 0",
        "pattern (|Parse|_|)(s: Str) = parse(s)",
        "macro m(a, b) { a }",
        "actor spec A { }",
        "actor spec A(x: Int) { let y = x }",
        "conductor c { }",
        CONDUCTOR,
        "conductor c { monitoring\n  a: b\n}\n",
        "conductor c { monitoring metrics.all { x } }",
        "conductor c { execution: dsl }",
    ],
    "attributes": [
        "@a let b = 1",
        "@a @b(1, x = 2, type: 3) #[c] #[d(e)]\nlet f = 1\n",
        '@cfg(any(target = "a", not(extra.io.blocking = "x")))\nfn f()\n',
        "@a\n(b)\n",
        "fn f() {\n  @a let x = 1\n  @b(c) { x }\n  @d x\n}\n",
        "#[a]\npub fn f()\n",
    ],
    "expressions at the top level": ["f()", "defer close()", "1 + 2\nfoo\n", "if a then b else c", 'test "x" { }'],
}

BAD = {
    "units": [
        "module",
        "module a.",
        "module a.1",
        "module a b",
        "let a = 1 let b = 2",
        "let a = 1\nmodule b\n",
        "module a { let b = 1 ",
        "module a { let b = 1 let c = 2 }",
        "}",
        "let a = 1)",
        "fn f() {}\nmodule a.b\n",
        "module a use b",
    ],
    "use": [
        "use",
        "use a.",
        "use a.{b",
        "use a.{b c}",
        "use a as",
        "use a as b.c",
        "use a.* as b",
        "use 1",
        "use a..b",
        "use type",
    ],
    "functions": [
        "fn",
        "fn f",
        "fn f(",
        "fn f(a b)",
        "fn f(a,, b)",
        "fn f() =",
        "fn f() -> ",
        "fn f() -> Int Int",
        "fn f() {",
        "fn f<>()",
        "fn f<T() = 1",
        "fn f() !io",
        "fn f() where",
        "fn f() where (A, B) {}",
        "fn f() where T: ",
        "fn match()",
        "fn 1()",
        "fn f() fn g()",
        "unsafe async fn f()",
        "fn f(&other)",
        "fn f(a: )",
        "fn f(...)",
    ],
    "values": [
        "let",
        "let = 1",
        "let a",
        "let a: = 1",
        "let a =",
        "let if = 1",
        "let a := 1",
        "let 5x = 1",
        "let f(a): Int = a",
        "var",
        "var a",
        "const A = 1",
        "const A: Int",
        "const (a, b): T = c",
        "let a: Int\nlet b = 2\n",
        "mut let a = 1",
    ],
    "types": [
        "type",
        "type 1",
        "type T =",
        "type T = | ",
        "type T = A |",
        "type T = A(",
        "type T = { a }",
        "type T = { a Int }",
        "type T = { a: Int b: Int }",
        "type T = new",
        "struct S",
        "struct S { a: Int; b: Int }",
        "struct S { .. .. }",
        "enum E",
        "enum E = ",
        "enum E { A }",
        "enum E = A.B",
        "type T { a: Int }",
    ],
    "traits": [
        "trait T",
        "trait { }",
        "trait T { let a = 1 }",
        "trait T { fn f() fn g() }",
        "impl { fn f() }",
        "impl T",
        "impl T for { fn",
        "impl T { use a }",
        "impl T { 1 }",
    ],
    "extern": [
        "extern fn f();",
        'extern "C" fn f()',
        'extern "C" { }',
        'extern "C" { fn f() }',
        'extern "C" fn f(..., a);',
        'extern "C" fn f() {}',
    ],
    "effects": [
        "effect",
        "effect 1",
        "effect E : io",
        "effect E : io { }",
        "effect E { operation a }",
        "effect E : io { log : A }",
        "handler H",
        "handler H { }",
        "handler H { log() { } }",
        "handler H { return { } }",
        "handler H { @a return v { v } }",
    ],
    "contextual": [
        "pattern (|Even|) = 1",
        "pattern (|Even|x|) (a) = 1",
        "macro m { }",
        "macro m(a)",
        "actor A { }",
        "conductor { }",
        "conductor c",
        "conductor c { a }",
        "conductor c { a: }",
        "conductor c { a: 1 }",
        "conductor c { channels { a ~> b } }",
        "conductor c { channels { a -> b : T } }",
        "conductor c { execution }",
    ],
    "attributes": [
        "@",
        "@1 let a = 1",
        "@a",
        "#a let b = 1",
        "#[a let b = 1",
        "@a( let b = 1",
        "@type let a = 1",
        "let @a b = 1",
        "let a = 1 @b",
    ],
}


def _cases(table):
    return [pytest.param(text, id=f"{area}: {text[:60]!r}") for area, texts in table.items() for text in texts]


@pytest.mark.parametrize("text", _cases(GOOD))
def test_items_that_are_right(text):
    assert [(d.message, d.span) for d in syntax_errors(text)] == []


@pytest.mark.parametrize("text", _cases(BAD))
def test_items_that_are_wrong(text):
    assert syntax_errors(text) != []


def test_a_typical_file():
    text = text_of("""
        //! Settings.
        module sample.settings

        use Core.Prelude
        use Core.{Config, Parse.{self, Lex as L}}

        /// One setting.
        pub struct Setting<T> {
          name: Str,
          value: T,
        }

        @cfg(target = "cli")
        pub fn read(path: Str) -> Result<Setting<Str>, Error> !{io} =
          open(path)?
            |> L.lines
            |> List.map(|line| { name: line.0, value: line.1 })
            |> first

        fn main() {
          match read("a.toml") with
          | Ok(setting) when setting.name != "" -> print(setting.value)
          | Ok(_) as other -> ignore(other)
          | Err(e) -> {
              log(e);
              exit(1)
            }
        }
    """)

    assert syntax_errors(text) == []
