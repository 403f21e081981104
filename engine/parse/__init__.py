"""The parser: streaming, resumable, incremental.  Its modules, in reading order (nothing is imported here):

A grammar: `values`, `grammar` (combinators), `lexer`; `compile`, with `predict`, turns them into `tables`.
A machine: `cells` and `states` (what may still follow), `steps` (one token), `machine` (a piece of text).
Errors: `recovery` (where parsing goes on), `repair` (what would have helped), `expected`, `render`, `diagnostics`.
Text: `source` (lines, positions, UTF-8), `pieces` (long lines, divided), `units` (where declarations begin), `tree`.
A text that comes: `runs` and `cursor` (a place in it), `session`, `stream` (`resume`), `run` (batch), `result`.
A text that is edited: `blocks` (pieces with their states), `stretch` (pieces run anew), `document` (`edit`).
Around a stream: `feeder`, `sources`, `flow` (when to ask), `driver` (the pump), `meta` and `audit` (what it says).
Settings: `config`, `namespace`, `extensions` (to and from mappings).

Knows no language and no protocol, and needs the standard library only.  Invariant: batch, stream and edit agree.
"""
