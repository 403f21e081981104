"""Where the Reml corpus with its ground truth lies, for the tests that read it.

The corpus is data that is not copied into the project: `PENSTOCK_CORPUS` names its folder, else it is looked for in
`shared/corpus` beside the checkout's folder. Tests that need it take the `corpus` fixture, which skips with a reason.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent


def corpus_root() -> Path | None:
    """The folder that holds `reml/manifest.jsonl`, or None where there is no corpus."""
    named = os.environ.get("PENSTOCK_CORPUS")
    root = Path(named) if named else CHECKOUT.parent / "shared" / "corpus"
    return root if (root / "reml" / "manifest.jsonl").is_file() else None


def reml_manifest() -> list[dict[str, Any]]:
    """The entries of the Reml manifest in their order, empty where there is no corpus."""
    root = corpus_root()
    if root is None:
        return []
    lines = (root / "reml" / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]
