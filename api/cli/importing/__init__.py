"""Schedules of other schedulers, translated: files that can be applied, and a report of what means something else."""
