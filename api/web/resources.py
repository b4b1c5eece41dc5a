"""Resources, as Falcon takes them: by path, what answers each method."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import SimpleNamespace


def resources_of(responders: Iterable[tuple[str, str, Callable[..., None]]]) -> dict[str, SimpleNamespace]:
    """By path, what answers its methods, as Falcon takes it; HEAD is answered as GET."""
    resources: dict[str, SimpleNamespace] = {}
    for method, path, responder in responders:
        resource = resources.setdefault(path, SimpleNamespace())
        setattr(resource, f"on_{method.lower()}", responder)
        if method == "GET":
            resource.on_head = responder
    return resources


def take_over(path: str, resource: SimpleNamespace, resources: Mapping[str, SimpleNamespace]) -> None:
    """What a path with a name in its last place answers, one with a word there answers too, as of that name: there may
    be a schedule called `bulk`."""
    base, _, word = path.rpartition("/")
    named = resources.get(f"{base}/{{name}}")
    if named is not None and "{" not in word:
        for method, responder in vars(named).items():
            if not hasattr(resource, method):
                setattr(resource, method, partial(responder, name=word))
