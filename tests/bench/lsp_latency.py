"""How long from a keystroke to its diagnostics, over the real server's standard input and output.

``python -m tests.bench.lsp_latency`` starts the server for each size, opens a generated Reml file and types into its
middle, one character at a time: letters that keep the file well formed, then a bracket that breaks and mends it.  The
floor is a process that answers each change with an empty list and does nothing else, measured in the same run; what the
server adds to it is the difference.  With ``--start`` it measures instead how long `initialize` takes after a cold
start, beside a bare pygls server.  Times are milliseconds of a client that blocks on the pipe.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lsp_server.frames import FrameDecoder, Message, frame
from lsp_server.testing.client import COMMAND

URI = "file:///bench/a.reml"
SIZES = (10_000, 100_000, 1_000_000, 10_000_000)

FLOOR = r"""
import json, os
buffer = bytearray()
while True:
    at = buffer.find(b"\r\n\r\n")
    length = int(buffer[:at].rpartition(b":")[2]) if at >= 0 else 0
    if at < 0 or len(buffer) < at + 4 + length:
        chunk = os.read(0, 1 << 20)
        if not chunk:
            break
        buffer += chunk
        continue
    message = json.loads(bytes(buffer[at + 4 : at + 4 + length]))
    del buffer[: at + 4 + length]
    document = (message.get("params") or {}).get("textDocument")
    if message["method"] == "exit":
        break
    if "id" in message:
        answer = {"jsonrpc": "2.0", "id": message["id"], "result": {"capabilities": {}}}
    elif document:
        params = {"uri": document["uri"], "version": document["version"], "diagnostics": []}
        answer = {"jsonrpc": "2.0", "method": "textDocument/publishDiagnostics", "params": params}
    else:
        continue
    answers = [answer]
    if document and document["version"] == 1:
        settled = {"uri": document["uri"], "version": 1}
        answers.append({"jsonrpc": "2.0", "method": "penstock/settled", "params": settled})
    for answer in answers:
        body = json.dumps(answer).encode()
        os.write(1, b"Content-Length: %d\r\n\r\n" % len(body) + body)
"""

BARE = """
from pygls.lsp.server import LanguageServer
LanguageServer("bare", "1").start_io()
"""


@dataclass(frozen=True)
class Latencies:
    """Milliseconds of a series of keystrokes."""

    values: tuple[float, ...]

    def at(self, part: float) -> float:
        return sorted(self.values)[min(len(self.values) - 1, int(len(self.values) * part))]

    def __str__(self) -> str:
        return f"p50 {self.at(0.5):7.3f}  p95 {self.at(0.95):7.3f}  max {self.at(1):7.3f}"


class Client:
    """A client that does one thing at a time, so that nothing of it stands between the write and the read."""

    def __init__(self, command: Sequence[str]) -> None:
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.to_server, self.from_server = self.process.stdin.fileno(), self.process.stdout.fileno()
        self.decoder = FrameDecoder()
        self.waiting: list[dict] = []

    def send(self, message: dict) -> None:
        view = memoryview(frame(json.dumps({"jsonrpc": "2.0", **message}).encode()))
        while view:
            view = view[os.write(self.to_server, view) :]

    def messages(self) -> Iterator[dict]:
        while True:
            while self.waiting:
                yield self.waiting.pop(0)
            chunk = os.read(self.from_server, 1 << 20)
            if not chunk:
                raise EOFError("the server has ended")
            self.waiting += [item.body for item in self.decoder.feed(chunk) if isinstance(item, Message)]

    def request(self, method: str, params: object = None) -> dict:
        self.send({"id": method, "method": method, "params": params})
        return next(message for message in self.messages() if message.get("id") == method)

    def notify(self, method: str, params: object) -> None:
        self.send({"method": method, "params": params})

    def diagnostics(self, version: int) -> list:
        """The diagnostics of a version, waited for."""
        for message in self.messages():
            if message.get("method") == "textDocument/publishDiagnostics" and message["params"]["version"] == version:
                return message["params"]["diagnostics"]
            if message.get("method") == "penstock/settled" and message["params"]["version"] == version:
                raise AssertionError("the server has lost track of the document; see what it wrote to standard error")
        raise AssertionError("the messages have no end")

    def settled(self, version: int) -> None:
        """Waits until everything about a version is out."""
        settled = (
            message["params"]["version"] for message in self.messages() if message.get("method") == "penstock/settled"
        )
        next(found for found in settled if found == version)

    def start(self) -> None:
        self.request("initialize", {"processId": os.getpid(), "rootUri": None, "capabilities": {}})
        self.notify("initialized", {})

    def end(self) -> None:
        self.request("shutdown")
        self.send({"method": "exit"})
        os.close(os.dup(self.to_server))
        self.process.wait()


def reml_text(size: int) -> str:
    """A well-formed Reml module of about that many characters: functions with blocks, matches and calls."""
    parts, length, number = [], 0, 0
    while length < size:
        part = (
            f"fn item{number}(x: Int, y: Int) -> Int {{\n"
            f"  let total = x + y * {number}\n"
            "  match total with\n"
            "  | 0 -> 1\n"
            f"  | _ -> total + item{max(0, number - 1)}(x, y)\n"
            "}\n\n"
        )
        parts.append(part)
        length += len(part)
        number += 1
    return "".join(parts)


def changes(text: str, count: int, breaking: bool) -> Iterator[dict]:
    """Content changes in the middle of a text; `breaking` ones insert a bracket and take it away again."""
    lines = text.split("\n")
    line = next(at for at in range(len(lines) // 2, len(lines)) if "total" in lines[at])
    column = lines[line].index("total") + 2
    for number in range(count):
        end = column + (breaking and number % 2)
        where = {"start": {"line": line, "character": column}, "end": {"line": line, "character": end}}
        yield {"range": where, "text": "a" if not breaking else "" if number % 2 else ")"}


def typed(client: Client, version: int, edits: Iterator[dict]) -> tuple[int, Latencies]:
    """Types, and measures from each write to the diagnostics of that version."""
    values = []
    for edit in edits:
        version += 1
        message = {"textDocument": {"uri": URI, "version": version}, "contentChanges": [edit]}
        before = time.perf_counter()
        client.notify("textDocument/didChange", message)
        client.diagnostics(version)
        values.append((time.perf_counter() - before) * 1e3)
    return version, Latencies(tuple(values))


@dataclass(frozen=True)
class Measured:
    """One process on one file: opening, then typing without and with mistakes."""

    open_ms: float
    plain: Latencies
    breaking: Latencies


def measured(command: Sequence[str], text: str, count: int) -> Measured:
    """Opens a text in a fresh process and types into it."""
    client = Client(command)
    client.start()
    before = time.perf_counter()
    document = {"uri": URI, "languageId": "reml", "version": 1, "text": text}
    client.notify("textDocument/didOpen", {"textDocument": document})
    client.settled(1)
    opened = (time.perf_counter() - before) * 1e3
    version, _warm = typed(client, 1, changes(text, 20, breaking=True))
    version, plain = typed(client, version, changes(text, count, breaking=False))
    _, breaking = typed(client, version, changes(text, count, breaking=True))
    client.end()
    return Measured(opened, plain, breaking)


def start_ms(command: Sequence[str]) -> float:
    """From the start of a process to the reply to `initialize`."""
    before = time.perf_counter()
    client = Client(command)
    client.request("initialize", {"processId": os.getpid(), "rootUri": None, "capabilities": {}})
    elapsed = (time.perf_counter() - before) * 1e3
    client.end()
    return elapsed


def start_times(count: int) -> tuple[float, float]:
    """Median times to `initialize` of our server and of a bare pygls one, taken in turns."""
    ours, bare = [], []
    for _ in range(count):
        ours.append(start_ms(COMMAND))
        bare.append(start_ms([sys.executable, "-P", "-c", BARE]))
    return statistics.median(ours), statistics.median(bare)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="characters of the generated files")
    options.add_argument("--count", type=int, default=300, help="keystrokes of each kind")
    options.add_argument("--start", action="store_true", help="measure the cold start instead")
    chosen = options.parse_args()
    if chosen.start:
        started, bare = start_times(7)
        print(f"initialize: penstock {started:.0f} ms, bare pygls {bare:.0f} ms, difference {started - bare:+.0f} ms")
        return
    print("keystroke to diagnostics, ms")
    for size in chosen.sizes:
        text = reml_text(size)
        floor = measured([sys.executable, "-c", FLOOR], text, chosen.count)
        ours = measured(COMMAND, text, chosen.count)
        print(f"{size:>10} characters, opened in {ours.open_ms:.0f} (floor {floor.open_ms:.0f})")
        print(f"    floor            {floor.plain}")
        print(f"    letters          {ours.plain}")
        print(f"    a bracket on/off {ours.breaking}", flush=True)


if __name__ == "__main__":
    main()
