"""Tests of `engine.parse`."""
