"""The dashboard: pages for people, made on the server. They read through shapes, and act through commands."""
