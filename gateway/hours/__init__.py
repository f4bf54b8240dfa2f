"""Servers that sleep: by a timetable, and on demand.

    asleep → waking → awake → stopping → asleep

`tending` makes the rounds that start and stop them, `waking` speaks for who waits for one. The ledger admits no call to
a server that is not awake (`Occupancy.is_awake`): it stands in line meanwhile.
"""
