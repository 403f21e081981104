"""Tests of JSON, JSON Lines and JSON with comments."""
