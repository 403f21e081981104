"""Tests of the Runner."""
