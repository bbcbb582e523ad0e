"""The job types of FATHOM flood rasters."""

from __future__ import annotations

from jobs.fathom.inventory import INVENTORY
from jobs.fathom.merge import MERGE
from jobs.fathom.stack import STACK

JOB_TYPES = (INVENTORY, STACK, MERGE)
