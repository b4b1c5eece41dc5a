"""The section of the settings for email."""

from email.utils import parseaddr
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from config.sections import Section


def _check_sender(text: str) -> str:
    _, address = parseaddr(text)
    local, _, domain = address.rpartition("@")
    if text and not (local and domain and text.isprintable()):
        raise ValueError("must be an address such as callsheet@example.com, or a name with one in angle brackets")
    return text


class Smtp(Section):
    """The server that takes notifications by email, and whose they are. Without a host none can be sent."""

    host: str = ""
    port: int = Field(default=587, ge=1, le=65535)
    tls: Literal["starttls", "implicit", "off"] = "starttls"
    username: str = ""
    password: SecretStr = SecretStr("")
    sender: Annotated[str, AfterValidator(_check_sender)] = ""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.host and not self.sender:
            raise ValueError("host needs sender")
        if bool(self.username) != bool(self.password.get_secret_value()):
            raise ValueError("username and password go together")
        return self
