"""SQL of finding runs: by filters, in pages, with their counts, and what is around one."""
