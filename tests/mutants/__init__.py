"""Small changes of the code, one at a time: a test has to fail for each of them.

`python -m tests.mutants --help` tries a part of `make mutants`; docs/testing.md has its results.
"""
