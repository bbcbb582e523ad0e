"""Reads: SQL in, pandas frames out; every number of a screen from one snapshot."""
