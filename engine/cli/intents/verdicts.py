"""`penstock approve`, `penstock reject` and `penstock answer`: what a person decides, in the log and in the file.

Invariant: a process that an agent started decides nothing; that it tried is recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

import click

from engine.cli.app import Options, common_options, options_of

if TYPE_CHECKING:
    from engine.languages.intent.document import IntentDocument
    from engine.orchestrate.events import Draft
    from engine.orchestrate.state import State
    from engine.orchestrate.verdicts import Person
    from engine.orchestrate.wire import Refused
    from engine.orchestrate.workspace import Workspace

__all__ = ["answer", "approve", "reject"]


class NotDone(click.ClickException):
    """What was asked for makes no sense now; the message says why and what does."""

    exit_code = 1


@click.command(short_help="Approve Intents, so that they may run.")
@click.argument("intent_ids", metavar="ID...", nargs=-1, required=True)
@click.option("--again", is_flag=True, help="Also one that has ended: it may run once more.")
@common_options
@click.pass_context
def approve(context: click.Context, intent_ids: tuple[str, ...], again: bool) -> int:
    """Approve Intents as they are now; changing what one does voids its approval.

    Exit codes: 0 approved, 1 one cannot be approved now (the others are), 2 no such Intent, or not allowed.
    """
    from engine.orchestrate import verdicts
    from engine.orchestrate.wire import Refused

    desk = _Desk(options_of(context), "approve", intent_ids)
    documents = desk.documents(intent_ids)
    failed = False
    for document in documents:
        try:
            desk.append(verdicts.approve(document, desk.state(), desk.person, again=again))
        except Refused as refused:
            failed = True
            click.echo(f"Error: {refused}", err=True)
        else:
            click.echo(f"approved {document.id}")
    if not failed and not options_of(context).quiet:
        click.echo(f"run {'it' if len(documents) == 1 else 'them'}: penstock run {' '.join(intent_ids)}")
    return int(failed)


@click.command(short_help="Reject an Intent.")
@click.argument("intent_id", metavar="ID")
@common_options
@click.pass_context
def reject(context: click.Context, intent_id: str) -> int:
    """Reject an Intent: it is cancelled, and its file stays.

    Exit codes: 0 rejected, 1 it cannot be rejected now, 2 no such Intent, or not allowed.
    """
    from engine.orchestrate import verdicts
    from engine.orchestrate.wire import Refused

    desk = _Desk(options_of(context), "reject", [intent_id])
    (document,) = desk.documents([intent_id])
    try:
        desk.append(verdicts.reject(document, desk.state(), desk.person))
    except Refused as refused:
        _not_done(refused)
    click.echo(f"rejected {intent_id}; penstock approve {intent_id} --again takes that back")
    return 0


@click.command(short_help="Answer a question about an Intent.")
@click.argument("intent_id", metavar="ID")
@click.argument("text", metavar="TEXT")
@click.option("--question", "number", type=click.IntRange(1), help="Which one, if there are several; see the list.")
@common_options
@click.pass_context
def answer(context: click.Context, intent_id: str, text: str, number: int | None) -> int:
    """Answer a question about an Intent, or the run of a prompt by its own id, so that it goes on.

    Exit codes: 0 answered, 1 there is no such question, 2 no such Intent, or not allowed.
    """
    from engine.orchestrate import verdicts
    from engine.orchestrate.wire import Refused

    desk = _Desk(options_of(context), "answer", [intent_id])
    state = desk.state()
    of_a_prompt = intent_id in state.runs and state.runs[intent_id].intent_id is None
    document = intent_id if of_a_prompt else desk.documents([intent_id])[0]
    try:
        question = verdicts.asked(document, state, number)
        draft = verdicts.answer(question, text, desk.person)
        if draft is not None:
            desk.append(draft)
    except Refused as refused:
        _not_done(refused)
    if not of_a_prompt:
        desk.fill_in(intent_id, question.text, text.strip(), must=draft is None)
    click.echo(f"answered: {question.text}")
    return 0


class _Desk:
    """Where a person decides. Raises `Unusable` for a process that is an agent's, after recording that."""

    def __init__(self, options: Options, action: str, intent_ids: Sequence[str]) -> None:
        from engine.cli.runs.opened import for_a_person

        self.workspace: Workspace = for_a_person(options, action, intent_ids)

    @property
    def person(self) -> Person:
        """Who is here, by git's configuration or else by the system's."""
        from engine.orchestrate.verdicts import Person

        return Person(self.workspace.identity, "cli")

    def documents(self, intent_ids: Sequence[str]) -> list[IntentDocument]:
        """The documents of ids. Raises `Unusable` when one does not exist."""
        from engine.cli.runs.opened import Unusable
        from engine.orchestrate.store.files import FilesError

        done = {name for name, known in self.state().intents.items() if known.status == "done"}
        intents = self.workspace.files.load_all(done)
        try:
            return [intents.of(intent_id) for intent_id in dict.fromkeys(intent_ids)]
        except FilesError as error:
            raise Unusable(str(error)) from error

    def state(self) -> State:
        """What the log says now. Raises `Unusable` for a damaged log."""
        from engine.cli.runs.opened import Unusable
        from engine.orchestrate.state import State
        from engine.orchestrate.store.event_log import DamagedLog, EventLog

        try:
            with EventLog.open(self.workspace.locations.database, write=False) as log:
                return log.state()
        except FileNotFoundError:
            return State()
        except DamagedLog as error:
            raise Unusable(str(error)) from error

    def append(self, draft: Draft) -> None:
        """Appends a decision, and says what could not be written into a file. Raises `Refused`."""
        from engine.orchestrate.appending import append

        for said in append(self.workspace, draft):
            click.echo(f"the file stays as it is: {said}", err=True)

    def fill_in(self, intent_id: str, question: str, text: str, *, must: bool) -> None:
        """Writes an answer beside its question in the file. That it cannot is an error only if it `must` be there."""
        from engine.languages.intent.splice import CannotSplice, splice
        from engine.orchestrate.store.files import FilesError
        from engine.orchestrate.verdicts import answer_places

        try:
            self.workspace.files.update(
                intent_id, lambda old: splice(old, answers=dict.fromkeys(answer_places(intent_id, old, question), text))
            )
        except (FilesError, CannotSplice) as error:
            if must:
                raise NotDone(str(error)) from error
            click.echo(f"the answer is not in the file: {error}", err=True)


def _not_done(refused: Refused) -> NoReturn:
    raise NotDone(str(refused)) from refused
