"""Benchmarks: each measures something against something else, in one run on one machine."""
