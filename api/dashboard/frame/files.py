"""Files that pages need: styles, scripts and what is in `static/vendor/`, all in memory. Their links change when they
do, so that browsers may keep them."""

import hashlib
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import falcon

TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
KEPT = "public, max-age=31536000, immutable"


def _read(folder: Traversable, prefix: str = "") -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for each in folder.iterdir():
        if each.is_dir():
            found |= _read(each, f"{prefix}{each.name}/")
        elif any(each.name.endswith(ending) for ending in TYPES):
            found[f"{prefix}{each.name}"] = each.read_bytes()
    return found


_FILES = _read(files("api.dashboard") / "static")
_VERSIONS = {name: hashlib.sha256(content).hexdigest()[:12] for name, content in _FILES.items()}


def link_to(name: str) -> str:
    """Where a file is. Raises KeyError for one that is not there."""
    return f"/static/{_VERSIONS[name]}/{name}"


class StaticFiles:
    """`/static/{version}/…`: a file, as it was when its link was made; another one is not there."""

    def __call__(self, req: falcon.Request, resp: falcon.Response, **_params: Any) -> None:
        """Answer with the file."""
        version, _, name = req.path.removeprefix("/static/").partition("/")
        if _VERSIONS.get(name) != version:
            raise falcon.HTTPNotFound
        resp.content_type = next(kind for ending, kind in TYPES.items() if name.endswith(ending))
        resp.set_header("Cache-Control", KEPT)
        resp.data = _FILES[name]
