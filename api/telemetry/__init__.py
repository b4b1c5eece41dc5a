"""What the web process tells OpenTelemetry."""
