"""The Runner: from an approved Intent to reviewed commits, by coding agents under a controller that has no opinion."""
