"""The kept cube: counts in schema `monitor` that triggers keep true while writers write.

Writers append signed changes; a fold adds them to what is kept; whoever reads adds what is not
folded yet. So a read is exact at the moment of its own transaction, and no writer waits for
another.
docs/kept-cube.md tells the whole of it.
"""
