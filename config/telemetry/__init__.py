"""What this process tells OpenTelemetry, where it is asked to."""
