"""Intents: documents that say what a person wants done, in YAML, and drafts of them in Markdown.

Knows the documents only; what became of an Intent is in the Runner's log.
Importing this package loads neither pydantic nor YAML.
"""
