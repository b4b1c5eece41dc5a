"""SQL of failures: runs that failed are noted as they end, and summed up by fingerprint afterwards."""
