"""The settings in force: files of the workspace under what the editor says.

The model of all keys is `engine.config`, which is imported only when there is something to decode: most sessions start
with no settings at all, and the model is slow to load.  Knows no document.
Invariant: a faulty key is left out and reported as a sentence; the server goes on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.languages.language import CheckSettings
from engine.parse.config import RunConfig
from lsp_server.feeder import FLOW

if TYPE_CHECKING:
    from engine.config_tables import StreamTable
    from engine.parse.flow import FlowController

__all__ = ["ServerSettings", "decoded", "file_layer", "layer_of"]


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """The settings that the server itself reads."""

    check: CheckSettings = field(default_factory=CheckSettings)
    max_diagnostics: int = 500
    flow: FlowController = FLOW
    stream: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The namespaces of a run that the table `stream` stands for."""

    def run_config(self) -> RunConfig:
        """How documents are parsed; always as streams."""
        stream = {**self.stream.get("stream", {}), "enabled": True}
        switch = self.check.allow_top_level_expr
        return RunConfig(allow_top_level_expr=switch, extensions={**self.stream, "stream": stream})


def decoded(layers: Sequence[Mapping[str, Any]]) -> tuple[ServerSettings, list[str]]:
    """The settings that the layers give together, later ones over earlier ones, and what is wrong with them."""
    if not any(layers):
        return ServerSettings(), []
    from engine.config import decode

    settings, faults = decode(*layers)
    check, stream = settings.check.settings(), settings.stream.extensions()
    chosen = ServerSettings(check, settings.lsp.max_diagnostics, _flow(settings.stream), stream)
    return chosen, [fault.message for fault in faults]


def _flow(stream: StreamTable) -> FlowController:
    """The flow of a document's changes: what is set, and the server's own defaults for the rest."""
    from engine.parse.extensions import decode_stream

    table, decoded_flow = stream.flow, decode_stream(stream.extensions())[0].flow
    policy = decoded_flow.policy if "policy" in table.model_fields_set else FLOW.policy
    high, low = table.high_watermark or FLOW.high_watermark, table.low_watermark
    low = min(FLOW.low_watermark, high) if low is None else low
    flow = replace(FLOW, high_watermark=max(high, low), low_watermark=low, policy=policy)
    return flow if flow.problem is None else FLOW


def layer_of(value: Any) -> Mapping[str, Any]:
    """The tables in an editor's answer or options, which may stand in a table of our name."""
    if not isinstance(value, dict):
        return {}
    inner = value.get("penstock")
    return inner if isinstance(inner, dict) else value


def file_layer(root: Path, explicit: Path | None) -> tuple[Mapping[str, Any], list[str]]:
    """What the settings files say for a workspace, and what is wrong with them; may take a while."""
    from engine.config_files import find_config, load, user_config_folder

    user = user_config_folder()
    if explicit is None and find_config(root) is None and not (user and (user / "penstock.toml").is_file()):
        return {}, []
    loaded = load(root, explicit, user)
    return loaded.layer, [problem.diagnostic.message for problem in loaded.problems]
