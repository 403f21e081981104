"""`python -m engine.cli`: the same as the `penstock` script."""

from engine.cli import main

main()
