"""Breaks things while real jobs run, and looks afterwards whether anything was lost.

`make chaos` tries every fault many times and writes the table of docs/reliability.md; a short form
runs with the tests. Nothing here is simulated: processes are killed, disks are full.
"""
