"""SQL of what the processes do with runs, one module a verb."""
