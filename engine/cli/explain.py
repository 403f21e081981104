"""`penstock explain`: the page about a diagnostic's code or a topic.

Markdown is shown rendered on a terminal and as it is anywhere else, where it may be read by another program.
Invariant: a name without a page is a usage error that names the nearest ones.
"""

from __future__ import annotations

import sys

import click

from engine.cli.app import common_options

__all__ = ["explain"]


@click.command(short_help="Explain a diagnostic's code or a topic.")
@click.argument("name", metavar="[CODE|TOPIC]", required=False)
@common_options
def explain(name: str | None) -> int:
    """Explain a diagnostic's CODE, as in `penstock explain parser.syntax.expected_tokens`, or a TOPIC.

    Without an argument all of them are listed.
    """
    from engine.cli.pages import nearest, page

    if name is None:
        _show(_listing())
        return 0
    text = page(name)
    if text is None:
        near = nearest(name)
        hint = "did you mean " + " or ".join(f"`{each}`" for each in near) + "?" if near else "see `penstock explain`."
        raise click.UsageError(f"there is no page `{name}`; {hint}")
    _show(text)
    return 0


def _listing() -> str:
    from engine.cli.pages import code_names, page, title_of, topic_names

    def listed(names: list[str]) -> str:
        return "\n".join(f"* `{name}`: {title_of(name, page(name) or '')}" for name in names)

    return f"# Topics\n\n{listed(topic_names())}\n\n# Diagnostics\n\n{listed(code_names())}\n"


def _show(text: str) -> None:
    from engine.cli.styled import is_terminal

    if not is_terminal(sys.stdout):
        sys.stdout.write(text if text.endswith("\n") else text + "\n")
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(text))
