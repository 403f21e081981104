"""Penstock's engine: the parser, the languages, the checks and their command line.

Importing the package costs nothing and pulls in nothing; the parts are imported by their own names.
Invariant: nothing in here imports the language server.
"""

__version__ = "0.1.0"
