"""Benchmarks: ratios measured in one run, and tests of their deterministic counters."""
