"""Rollups: counts in schema `monitor` that triggers maintain while writers write.

Writers append signed changes, a compaction adds them to the rollups, and a read adds those that
are not compacted yet. So a read is exact in its own transaction, and no writer waits for another.
docs/rollups.md has the details.
"""
