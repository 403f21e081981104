"""A process that does the git side of one run under fixed keys, as the Runner does it: once, or once more after a kill.

`python one_run.py ROOT WORKTREES`: prints the landing's commits. Run by `test_crashes.py`.
"""

import os
import sys
from pathlib import Path

from engine.orchestrate.git.changes import Committed, commit_changes
from engine.orchestrate.git.integration import Integration, Prepared, TaskCommits
from engine.orchestrate.git.landing import Landed
from engine.orchestrate.git.leftovers import end_leftovers
from engine.orchestrate.git.repository import Repository
from engine.orchestrate.git.worktrees import Worktrees


def main(root: Path, folder: Path) -> None:
    repository = Repository.open(root, os.environ)
    end_leftovers(repository)
    worktrees = Worktrees(repository, folder)
    start = os.environ["START"]
    tree = worktrees.create("run-1/a/implement/1", "penstock/run-1/a", start)
    if tree.finished is None:
        (tree.path / "x.txt").write_text("x\n")
    done = commit_changes(repository, tree, "Work", "run-1/a/implement/1")
    assert isinstance(done, Committed), done
    integration = Integration(repository, worktrees)
    tasks = [TaskCommits("a", start, done.commit)]
    landed = integration.prepare("run-1", tasks, "branch", repository.base("main"))
    if isinstance(landed, Prepared):
        landed = integration.publish(landed)
    assert isinstance(landed, Landed), landed
    print(*landed.commits)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
