"""Requests: how long each took to be answered, by the route that it was for."""

import re
import time

import falcon

from models.counters.counting import observe

OTHERS = "other"
"""In place of a route: files, and what nothing answers. The paths that people make up are without end."""

_KIND = re.compile(r":\w+}")


class Timing:
    """Falcon's middleware; the first, so that it sees all of a request."""

    def process_request(self, req: falcon.Request, _resp: falcon.Response) -> None:
        """It begins."""
        req.context.began = time.perf_counter()

    def process_response(self, req: falcon.Request, resp: falcon.Response, _resource: object, _ok: bool) -> None:
        """It ends: what is left is to send the answer."""
        began = getattr(req.context, "began", None)
        if began is not None:  # else it was no request at all
            seconds, status = time.perf_counter() - began, str(resp.status_code)
            observe("callsheet_http_request_duration_seconds", seconds, route=_route_of(req), status=status)


def _route_of(req: falcon.Request) -> str:
    return _KIND.sub("}", req.uri_template or OTHERS)
