"""Everything that differs between machines: settings, database engine, broker, logging."""
