"""the rollups: counts in schema `monitor` that triggers keep true while writers write.

Writers append signed changes; a compaction adds them to the rollups; whoever reads adds what is not
compacted yet. So a read is exact at the moment of its own transaction, and no writer waits for
another.
docs/rollups.md tells the whole of it.
"""
