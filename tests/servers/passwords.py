"""A password as PostgreSQL keeps it, quick to check: every connection of the tests proves it anew."""

import base64
import hashlib
import hmac
import secrets

ITERATIONS = 1
"""4,096 are usual, against guessing by who has stolen the table; here they are a third of what a connection costs."""


def verifier(password: str) -> str:
    """What `ALTER ROLE … PASSWORD` takes in place of the password itself (RFC 5803)."""
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    return f"SCRAM-SHA-256${ITERATIONS}:{_text(salt)}${_text(stored)}:{_text(server)}"


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
