"""Tests of the Reml language."""
