"""Tests of the single features of the language server."""
