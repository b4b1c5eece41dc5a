"""The connection of the client: kept open between calls, by way of a proxy where the environment names one."""

import http.client
import os
import socket
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

from api.cli.failures import SERVER, USAGE, Failure
from api.cli.remote.wire.profiles import check_url

Reply = tuple[int, Mapping[str, str], bytes]

_PROXIES = ("http_proxy", "https_proxy", "all_proxy")


class Connection:
    """One to the server of an address."""

    def __init__(self, url: str, timeout: float) -> None:
        self._url = check_url(url)
        parts = urlsplit(self._url)
        try:
            self._host, self._port = parts.hostname or "", parts.port
        except ValueError:
            raise Failure(f"{url} has a port that is none", USAGE) from None
        if not self._host:
            raise Failure(f"{url} names no server", USAGE)
        self._is_safe = parts.scheme == "https"
        self._prefix = parts.path
        self._timeout = timeout
        self._open: http.client.HTTPConnection | None = None

    def send(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Reply:
        """Send a request. Once more where it does no harm and the connection was one that had been idle."""
        was_open = self._open is not None
        try:
            return self._exchange(method, path, body, headers)
        except (http.client.HTTPException, OSError) as error:
            self.close()
            if not was_open or (method != "GET" and "Idempotency-Key" not in headers):
                raise Failure(self._say(error), SERVER) from None
        try:
            return self._exchange(method, path, body, headers)
        except (http.client.HTTPException, OSError) as error:
            self.close()
            raise Failure(self._say(error), SERVER) from None

    def close(self) -> None:
        """Close it; what is sent next opens another."""
        if self._open is not None:
            self._open.close()
        self._open = None

    def _exchange(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Reply:
        if self._open is None:
            self._open = self._connect()
        self._open.request(method, self._prefix + path, body, dict(headers))
        response = self._open.getresponse()
        data = response.read()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, data

    def _connect(self) -> http.client.HTTPConnection:
        host, port, is_safe = self._host, self._port, self._is_safe
        proxy = _proxy_of("https" if is_safe else "http", host)
        if proxy is not None:
            parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
            host, port = parts.hostname or "", parts.port
        if is_safe:
            made: http.client.HTTPConnection = http.client.HTTPSConnection(
                host, port, timeout=self._timeout, context=ssl.create_default_context()
            )
        else:
            made = http.client.HTTPConnection(host, port, timeout=self._timeout)
        if proxy is not None:
            made.set_tunnel(self._host, self._port)
        return made

    def _say(self, error: Exception) -> str:
        match error:
            case ssl.SSLCertVerificationError():
                why = f"its certificate is not to be trusted ({error.verify_message}; SSL_CERT_FILE names authorities)"
            case TimeoutError():
                why = f"it did not answer within {self._timeout:g} seconds"
            case ConnectionRefusedError():
                why = "nothing listens there"
            case socket.gaierror():
                why = "there is no server of that name"
            case http.client.HTTPException():
                why = f"it answers, but not as HTTP ({type(error).__name__})"
            case _:
                why = str(getattr(error, "strerror", None) or error)
        return f"can't reach {self._url}: {why}. CALLSHEET_URL, --url or a profile say where callsheet is."


def _proxy_of(scheme: str, host: str) -> str | None:
    """The proxy on the way to a host; the library that knows is asked only where there may be one."""
    if not any(name.lower() in _PROXIES and value for name, value in os.environ.items()):
        return None
    from urllib.request import getproxies_environment, proxy_bypass

    proxies = getproxies_environment()
    if host in ("localhost", "127.0.0.1", "::1") or proxy_bypass(host):
        return None
    return proxies.get(scheme) or proxies.get("all")
