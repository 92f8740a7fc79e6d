"""``python -m retrieval.model.prepare PART HOME [MODEL]``: convert and export a model in use.

A process of its own, started by :func:`retrieval.model.encoder.open_encoder`: what conversion and
torch take (1 GB) goes back to the machine when it ends. Writes one JSON object to standard output:
``error`` says why the model cannot be loaded, ``refused`` why it cannot be exported.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from errors import PufaError
from retrieval.model.encoder import prepare
from settings import Settings


def main() -> None:
    """Prepare and report."""
    part, home, *rest = sys.argv[1:]
    report: dict[str, str] = {}
    try:
        if refused := prepare(Settings(home=Path(home), model=rest[0] if rest else None), part):
            report["refused"] = refused
    except PufaError as error:
        report["error"] = str(error)
    sys.stdout.write(json.dumps(report))


if __name__ == "__main__":
    main()
