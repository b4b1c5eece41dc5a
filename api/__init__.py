"""The HTTP API: JSON over HTTP, its OpenAPI document, and the process that serves them."""
