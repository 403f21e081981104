"""git: repositories, worktrees and landing, without ever prompting and without touching anybody's checkout."""
