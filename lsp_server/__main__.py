"""`penstock lsp`, also as `python -P -m lsp_server`: serves one editor over standard input and output, or over TCP.

Only the command line lives here; what is heavy is imported once the options are known to be right.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli.app import common_options, options_of
from engine.cli.recordings import RecordingFile, record_option

if TYPE_CHECKING:
    from engine.parse.recording import Recorder
    from lsp_server.transport import Channel

__all__ = ["lsp"]


@click.command("lsp")
@click.option("--stdio", is_flag=True, help="Standard input and output (the default).")
@click.option(
    "--tcp", "port", type=click.IntRange(0, 65535), help="Listen on this port of the loopback interface; 0 takes any."
)
@click.option("--log-file", type=click.Path(dir_okay=False, path_type=Path), help="Write the log to a file as well.")
@record_option("Write down what happens in the documents' streams, for `penstock metrics`.")
@common_options
@click.pass_context
def lsp(context: click.Context, stdio: bool, port: int | None, log_file: Path | None, record: Path | None) -> None:
    """Start the language server, as editors do.

    It ends with its editor: exit code 0 after an orderly shutdown, 1 otherwise.
    """
    if stdio and port is not None:
        raise click.UsageError("--stdio and --tcp exclude each other", context)
    from lsp_server.logs import start_logging

    options = options_of(context)
    try:
        start_logging(log_file, options.quiet, options.verbose)
    except OSError as error:
        raise click.UsageError(f"the log file cannot be written: {error.strerror}", context) from error
    with RecordingFile(record) as recording:
        code = _serve(port, options.config, recording.recorder)
    sys.exit(code)


def _serve(port: int | None, config: Path | None, recorder: Recorder | None) -> int:
    from lsp_server.transport import StdioChannel

    try:
        channel: Channel = StdioChannel() if port is None else _tcp_client(port)
    except OSError as error:
        raise click.ClickException(f"no connection to a client: {error.strerror}") from error
    import asyncio

    from lsp_server.memory import tune
    from lsp_server.server import PenstockServer, serve

    tune()
    return asyncio.run(serve(PenstockServer(config, recorder), channel))


def _tcp_client(port: int) -> Channel:
    from lsp_server.loopback import accept_client, listen

    with listen(port) as listener:
        click.echo(f"penstock: listening on 127.0.0.1:{listener.getsockname()[1]}", err=True)
        return accept_client(listener)


if __name__ == "__main__":
    lsp()
