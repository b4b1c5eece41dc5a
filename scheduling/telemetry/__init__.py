"""What scheduling tells OpenTelemetry."""
