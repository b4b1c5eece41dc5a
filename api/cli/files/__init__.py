"""Files of schedules: read, looked through, written."""
