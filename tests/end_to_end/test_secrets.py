"""A secret that a task echoes in every way it can shows nowhere: API, database, logs, messages."""

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, quote_plus, urlsplit

import pika
import pytest

from tests.end_to_end.deployment import TOKEN as OF_ADMIN
from tests.end_to_end.deployment import Deployment
from tests.waiting import eventually

TOKEN = "Zq7hunter22"
SECRET = "Zq7'x/\"w&u ü%9"
FORMS = {SECRET, json.dumps(SECRET)[1:-1], json.dumps(SECRET, ensure_ascii=False)[1:-1], repr(SECRET)[1:-1]}
FORMS |= {quote(SECRET), quote(SECRET, safe=""), quote_plus(SECRET)}
REFERENCE = "${secret:KEY}"
ECHO = "import os, sys; print(os.environ['KEY'], repr(os.environ['KEY'])); sys.exit(os.environ['KEY'])"


class Mirror(BaseHTTPRequestHandler):
    """Answers with the request: its path in a header and in the body, its body, its headers."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = f"{self.path}\n{self.headers}".encode() + body
        self.send_response(500)
        self.send_header("X-Path", self.path)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def mirror() -> Iterator[str]:
    """The URL of a server that echoes."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Mirror)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def talkative(tmp_path: Path, database_url: str, amqp_url: str) -> Iterator[Deployment]:
    """A deployment that has the secret, and logs at the level `debug`."""
    settings = {"CALLSHEET_SECRET_KEY": SECRET, "CALLSHEET_SECRET_TOKEN": TOKEN, "CALLSHEET_LOG__LEVEL": "debug"}
    with Deployment(tmp_path, database_url, amqp_url, settings) as running:
        yield running.start("web", "scheduling", "worker").ready()


def schedules(mirror: str) -> dict[str, dict[str, object]]:
    """Everything that a task can do with a secret."""
    request = {"method": "POST", "expected_status": ["5xx"], "url": mirror}
    plain = {"Authorization": "Bearer ${secret:TOKEN}"}
    return {
        "header": {"actor": "http_request", "args": {**request, "headers": plain, "body": ""}},
        "url": {"actor": "http_request", "args": {**request, "url": f"{mirror}/?key={REFERENCE}", "body": "x"}},
        "params": {"actor": "http_request", "args": {**request, "params": {"key": REFERENCE}, "body": ""}},
        "body": {"actor": "http_request", "args": {**request, "json": {"key": REFERENCE}}},
        "cut": {"actor": "http_request", "args": {**request, "body": REFERENCE, "max_body_bytes": 9}},
        "nowhere": {"actor": "http_request", "args": {"url": f"http://{REFERENCE}.invalid/{REFERENCE}"}},
        "program": {
            "actor": "run_process",
            "args": {"argv": ["python", "-c", ECHO], "env": {"KEY": REFERENCE}},
            "max_retries": 1,
            "min_backoff_seconds": 0.1,
        },
        "log": {"actor": "log_message", "args": {"message": f"the key is {REFERENCE}"}},
        "refused": {"actor": "log_message", "args": {"message": "x", "level": "info", "extra": REFERENCE}},
    }


def everything_stored(deployment: Deployment) -> str:
    """All rows of all tables, as text."""
    tables = deployment.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return "\n".join(row[0] for (table,) in tables for row in deployment.query(f'SELECT t::text FROM "{table}" t'))


def waiting_messages(deployment: Deployment) -> list[bytes]:
    """The bodies of the messages in the queue."""
    with pika.BlockingConnection(pika.URLParameters(deployment.environment["AMQP_URL"])) as connection:
        channel = connection.channel()
        return list(iter(lambda: channel.basic_get("default", auto_ack=True)[2], None))


def test_a_secret_shows_nowhere(talkative: Deployment, mirror: str) -> None:
    names = []
    for name, definition in schedules(mirror).items():
        if talkative.api.post("/v1/schedules", json={"name": name, **definition}).status_code == 201:
            names.append(name)
    assert len(names) >= 7
    for name in names:
        talkative.finished(talkative.trigger(name))
    shown = [talkative.api.get("/v1/runs?limit=500&full=true").text]
    for run in talkative.runs():
        shown += [talkative.api.get(f"/v1/runs/{run['id']}{part}").text for part in ("", "/output")]
    assert "[secret]" in "".join(shown)
    talkative.kill("worker")  # for a minute nobody knows, and what is triggered is published
    talkative.trigger("log")
    bodies = eventually(lambda: waiting_messages(talkative))
    logs = "".join(talkative.log_path(name).read_text() for name in ("web", "scheduling", "worker"))
    assert "the key is [secret]" in logs
    everything = "\n".join([*shown, *map(bytes.decode, bodies), logs, everything_stored(talkative)])
    assert [form for form in FORMS if form in everything] == []
    assert "Zq7" not in everything


LOOK = "for each in $PPID $(cut -d' ' -f4 /proc/$PPID/stat); do tr '\\0' '\\n' < /proc/$each/environ; done; exit 0"


def test_what_callsheet_itself_gets_in_with_shows_nowhere(tmp_path: Path, database_url: str, amqp_url: str) -> None:
    """Also where it is read from the processes themselves, as root may; others may not from ours."""
    settings = {"CALLSHEET_ACTORS__MODULES": '["tests.end_to_end.odd_actors"]', "CALLSHEET_LOG__LEVEL": "debug"}
    hidden = [urlsplit(database_url).password or "?", OF_ADMIN]
    with Deployment(tmp_path, database_url, amqp_url, settings) as running:
        running.start("web", "scheduling", "worker").ready()
        eventually(lambda: "tell_all" in {actor["name"] for actor in running.api.get("/v1/actors").json()["items"]})
        definitions = {
            kind: {"actor": "tell_all", "args": {"kind": kind}} for kind in ("return", "raise", "log", "write")
        }
        definitions["program"] = {"actor": "run_process", "args": {"argv": ["sh", "-c", LOOK]}}
        shown = {}
        for name, definition in definitions.items():
            running.create(name, **definition)
            run_id = running.finished(running.trigger(name))["id"]
            shown[name] = "".join(running.api.get(f"/v1/runs/{run_id}{part}").text for part in ("", "/output"))
        logs = "".join(running.log_path(name).read_text() for name in ("web", "scheduling", "worker"))
        stored = everything_stored(running)
    for text in (*shown.values(), logs, stored):
        assert [each for each in hidden if each in text] == []
    for kind in ("return", "raise", "write"):
        assert "[secret]" in shown[kind]
        assert "CALLSHEET_ADMIN_TOKEN" not in shown[kind]
    if os.geteuid() == 0:
        assert "DATABASE_URL" in shown["program"]
