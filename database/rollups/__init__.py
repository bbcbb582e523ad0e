"""Rollups: counts in schema `monitor` that triggers maintain while writers write.

Writers append signed changes, compaction adds them to the rollups, and a read adds the changes that
are not compacted yet. So every read is exact, and writers never wait for each other.
docs/rollups.md has the details.
"""
