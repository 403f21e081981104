"""What the client can do, resolved once into named flags, so that no handler digs in nested optionals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lsprotocol import types
from pygls.capabilities import ServerCapabilitiesBuilder, get_capability

__all__ = ["ClientTraits", "traits_of"]


@dataclass(frozen=True, slots=True)
class ClientTraits:
    """One flag for each thing that we do differently for different clients."""

    encoding: str = "utf-16"
    shows_code_links: bool = False
    shows_related_places: bool = False
    takes_code_actions: bool = False
    takes_preferred_actions: bool = False
    takes_versioned_edits: bool = False
    has_configuration: bool = False
    registers_configuration: bool = False


def traits_of(client: types.ClientCapabilities) -> ClientTraits:
    """The traits of a client that said this at `initialize`."""

    def can(path: str) -> bool:
        value: Any = get_capability(client, path, False)
        return bool(value)

    encoding = ServerCapabilitiesBuilder.choose_position_encoding(client)
    return ClientTraits(
        encoding=encoding.value if isinstance(encoding, types.PositionEncodingKind) else str(encoding),
        shows_code_links=can("text_document.publish_diagnostics.code_description_support"),
        shows_related_places=can("text_document.publish_diagnostics.related_information"),
        takes_code_actions=can("text_document.code_action.code_action_literal_support"),
        takes_preferred_actions=can("text_document.code_action.is_preferred_support"),
        takes_versioned_edits=can("workspace.workspace_edit.document_changes"),
        has_configuration=can("workspace.configuration"),
        registers_configuration=can("workspace.did_change_configuration.dynamic_registration"),
    )
