"""What a step does, one step a file: git's work, agents and commands put together into an outcome.

`performing.perform` does any step. Invariant: an outcome rests on what was found (commits, exit codes, trees), never on
what an agent said of itself; what a person must mend is an outcome with the next action, not an exception.
"""
