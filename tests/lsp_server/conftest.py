"""The fixtures that the package ships for authors of harnesses, used on the package itself."""

from lsp_server.testing import penstock, start_penstock

__all__ = ["penstock", "start_penstock"]
