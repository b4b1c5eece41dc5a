"""`callsheet` itself: it sees to it that Python finds our packages, and only then imports one."""
