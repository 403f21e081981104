"""The language server: everything of `engine` that an editor shows, over the Language Server Protocol."""
