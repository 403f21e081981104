"""Git for the Runner: worktrees for Tasks, commits with a verdict, integration, landing; all on the real git command.

`repository` opens and asks (`call` runs one command, `history` reads ranges). A step's folder comes from `worktrees`,
what it left there becomes commits in `changes` (`additions` and `scan` look at them first). `combining` rebases and
picks, `integration` prepares a run's result, `landing` and `request` bring it to its branch, `cleaning` clears up.
`leftovers` is for the start of a runner, `shared` sees what an agent changed beyond its worktree, `health` is for the
doctor.

Invariant: the user's checkout, index, stash, configuration and excludes are never written, except by
`Integration.publish(agreed=True)`; no commit is dropped without a ref below `refs/penstock/`.
"""
