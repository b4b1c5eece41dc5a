"""Forms: what one has sent, if it was a form of ours in a page that this browser was sent."""

import hmac
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import falcon

from api.access.auth import NotAllowed
from api.access.sessions import form_key

FORM_KEY = "form_key"
_FOREIGN = "this form was not sent from a page of callsheet: load the page again, and try once more"


class Form(dict[str, str]):
    """The fields of a form. Of one that was sent several times the last value counts; `every` has them all."""

    def __init__(self, sent: Mapping[str, Any] = MappingProxyType({})) -> None:
        self._sent = {name: value if isinstance(value, list) else [value] for name, value in sent.items()}
        super().__init__({name: values[-1] for name, values in self._sent.items()})

    def every(self, name: str) -> Sequence[str]:
        """Each value of a field of which several may be chosen."""
        return self._sent.get(name, ())


def read_form(req: falcon.Request, browser: str) -> Form:
    """The fields of a form, without its key. Raises NotAllowed."""
    check_origin(req)
    fields = _fields(req)
    given = fields.pop(FORM_KEY, "")
    if not browser or not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), form_key(browser).encode()):
        raise NotAllowed(_FOREIGN)
    return fields


def read_open_form(req: falcon.Request) -> Form:
    """The fields of a form that anybody may send, from a page of ours alone. Raises NotAllowed."""
    check_origin(req)
    return _fields(req)


def check_origin(req: falcon.Request) -> None:
    """Raises NotAllowed where a browser says that another site's page sends this. Browsers that don't say so name the
    origin, at least."""
    site = req.get_header("Sec-Fetch-Site")
    if site is not None:
        if site != "same-origin":
            raise NotAllowed(_FOREIGN)
        return
    origin = req.get_header("Origin")
    if origin is not None and urlsplit(origin).netloc != req.netloc:
        raise NotAllowed(_FOREIGN)


def _fields(req: falcon.Request) -> Form:
    if (req.content_type or "").partition(";")[0].strip() != falcon.MEDIA_URLENCODED:
        raise NotAllowed(_FOREIGN)
    return Form(req.get_media(default_when_empty={}))
