"""Starts the foreign servers of tests/peers on loopback and speaks to them as a resident would."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, cast

import httpx

from settings import ROOT

PEERS = ROOT / "build" / "peers"
NODE_MODULES = PEERS / "node" / "node_modules"
VENV = PEERS / "venv" / "bin"
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
SECRET = "secret-that-nginx-adds"
INSTALL = "run tests/peers/setup.sh first"


def missing_node() -> str | None:
    """Why the long-polling peer cannot run here; None if it can."""
    if shutil.which("node") is None:
        return "node is not installed"
    if not (NODE_MODULES / "@vishtar" / "telegram-test-api").is_dir():
        return f"@vishtar/telegram-test-api is not installed: {INSTALL}"
    return None


def missing_telemelya() -> str | None:
    """Why the webhook peer cannot run here; None if it can."""
    if not (VENV / "telemelya-server").exists() or not (VENV / "moto_server").exists():
        return f"telemelya is not installed: {INSTALL}"
    if shutil.which("redis-server") is None:
        return "redis-server is not installed"
    if not Path(NGINX).exists():
        return "nginx is not installed"
    return None


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def process(
    command: Sequence[str | Path], port: int, folder: Path, env: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Run a server until the block ends; it counts as started once ``port`` accepts."""
    log = folder / f"{Path(command[0]).name}-{port}.log"
    with log.open("wb") as output:
        child = subprocess.Popen(
            [str(part) for part in command],
            cwd=folder,
            env={**os.environ, **(env or {})},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait(child, port, log)
            yield
        finally:
            child.terminate()
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def _wait(child: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and child.poll() is None:
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"{log.name} did not start:\n{log.read_text(errors='replace')[-2000:]}")


class PollingPeer:
    """The Node server of tests/peers/telegram_api.js: long polling, real offsets, faults."""

    def __init__(self, api: str, token: str) -> None:
        self.api, self.token = api, token
        self._client = httpx.Client(base_url=api, trust_env=False, timeout=20)
        self._sent = 0

    def close(self) -> None:
        self._client.close()

    def say(self, chat: int, text: str) -> None:
        """A resident's private message."""
        self._post("/sendMessage", self._message(chat, text) | {"botToken": self.token})

    def press(self, chat: int, shown: dict[str, Any], data: str) -> None:
        """A button under a message that the bot sent."""
        about = self._message(chat, shown["text"])
        query = {"botToken": self.token, "from": about["from"], "data": data}
        self._post("/sendCallback", query | {"message": about})

    def resend(self, update_id: int, chat: int, text: str) -> None:
        """Deliver an update under an id that was used before."""
        body = {"updateId": update_id, "botToken": self.token, "message": self._message(chat, text)}
        self._post("/control/resend", body)

    def plant(self, *faults: dict[str, Any]) -> None:
        """Refuse some of the bot's next requests."""
        self._post("/control/faults", list(faults))

    def push_faults(self, **faults: Any) -> None:
        """Set what goes wrong with a push, and count anew; see the server's ``push``."""
        self._post("/control/push", faults)

    def slow(self, seconds: float) -> None:
        """Answer ``sendMessage`` so much later."""
        self.push_faults(delay=seconds)

    def count(self) -> int:
        """How many messages it has taken since the faults were set."""
        return int(self._get("/control/count"))

    def state(self) -> dict[str, Any]:
        """What ``sendMessage`` came to since then."""
        found: dict[str, Any] = self._get("/control/state")
        return found | {"received": {int(k): v for k, v in found["received"].items()}}

    def received(self) -> Mapping[int, int]:
        """Of each chat, how many messages."""
        return cast("dict[int, int]", self.state()["received"])

    def calls(self, method: str) -> list[dict[str, Any]]:
        """The bodies of the bot's requests of a method, refused ones too."""
        return [call["body"] for call in self._get("/control/calls") if call["method"] == method]

    def shown(self, chat: int) -> list[dict[str, Any]]:
        """What a resident sees of the bot, oldest first."""
        history = self._post("/getUpdatesHistory", {"token": self.token})["result"]
        return [
            item["message"]
            for item in history
            if "chat_id" in item.get("message", {}) and int(item["message"]["chat_id"]) == chat
        ]

    def _message(self, chat: int, text: str) -> dict[str, Any]:
        self._sent += 1
        return {
            "message_id": 9000 + self._sent,
            "date": int(time.time()),
            "text": text,
            "from": {"id": chat, "is_bot": False, "first_name": "张"},
            "chat": {"id": chat, "type": "private", "first_name": "张"},
        }

    def _post(self, path: str, body: Any) -> Any:
        return self._client.post(path, json=body).raise_for_status().json()

    def _get(self, path: str) -> Any:
        return self._client.get(path).raise_for_status().json()


@contextmanager
def polling_peer(folder: Path, token: str) -> Iterator[PollingPeer]:
    """A fresh Bot API for long polling."""
    port = free_port()
    script = ROOT / "tests" / "peers" / "telegram_api.js"
    env = {"NODE_PATH": str(NODE_MODULES)}
    with process(["node", script, str(port)], port, folder, env):
        peer = PollingPeer(f"http://127.0.0.1:{port}", token)
        try:
            yield peer
        finally:
            peer.close()


class WebhookPeer:
    """telemelya between two nginx servers.

    ``api`` stubs what telemelya lacks; ``slow_api`` also refuses more than one sendMessage a second
    with Telegram's 429; deliveries to the bot get the secret header, which telemelya cannot send.
    """

    def __init__(self, front: int, slow: int, hook: int, bot_port: int, folder: Path) -> None:
        self.api, self.slow_api = f"http://127.0.0.1:{front}", f"http://127.0.0.1:{slow}"
        self.hook = f"http://127.0.0.1:{hook}"
        self.bot_port = bot_port
        self._folder = folder
        self._client = httpx.Client(
            base_url=self.api,
            headers={"Authorization": "Bearer any"},
            trust_env=False,
            timeout=30,
        )

    def close(self) -> None:
        self._client.close()

    def say(self, token: str, chat: int, text: str) -> dict[str, Any]:
        """A resident's private message; returns the update that the bot was given."""
        return self._update(token, {"chat_id": chat, "text": text})

    def press(self, token: str, chat: int, message_id: int, data: str) -> dict[str, Any]:
        """A button under a message that the bot sent."""
        body = {"chat_id": chat, "callback_data": data, "callback_message_id": message_id}
        return self._update(token, body)

    def deliver(self, update: dict[str, Any]) -> int:
        """The same update again, as Telegram repeats a delivery: the bot's status."""
        return self._client.post(f"{self.hook}/telegram/webhook", json=update).status_code

    def calls(self, chat: int) -> list[dict[str, Any]]:
        """What the bot did in a chat, in order."""
        answer = self._client.get("/api/v1/test/responses", params={"session_id": f"s{chat}"})
        found = answer.raise_for_status().json()
        listed = found["responses"] if isinstance(found, dict) else found
        assert isinstance(listed, list)
        return listed

    def floods(self) -> int:
        """How many sendMessage were refused with 429."""
        lines = (self._folder / "slow.log").read_text().splitlines()
        return sum(line.split()[0] == "429" for line in lines)

    def _update(self, token: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self._client.post(
            "/api/v1/test/send_update",
            params={"bot_token": token, "session_id": f"s{body['chat_id']}"},
            json=body,
        )
        answer.raise_for_status()
        assert answer.json()["delivery"]["status_code"] == 200, answer.json()
        update = answer.json()["update"]
        assert isinstance(update, dict)
        return update


@contextmanager
def webhook_peer(folder: Path) -> Iterator[WebhookPeer]:
    """Redis, an S3, telemelya and nginx; started once for all tests, as they take seconds."""
    redis, s3, api, front, slow, hook, bot = (free_port() for _ in range(7))
    config = folder / "nginx.conf"
    config.write_text(_nginx(folder, api, front, slow, hook, bot))
    telemelya = {
        "MOCK_SERVER_HOST": "127.0.0.1",
        "MOCK_SERVER_PORT": str(api),
        "REDIS_URL": f"redis://127.0.0.1:{redis}/0",
        "MINIO_ENDPOINT": f"127.0.0.1:{s3}",
    }
    with ExitStack() as stack:
        servers: tuple[tuple[list[str | Path], int, dict[str, str]], ...] = (
            (
                ["redis-server", "--port", str(redis), "--bind", "127.0.0.1", "--save", ""],
                redis,
                {},
            ),
            ([VENV / "moto_server", "-H", "127.0.0.1", "-p", str(s3)], s3, {}),
            ([VENV / "telemelya-server"], api, telemelya),
            ([NGINX, "-p", str(folder), "-c", str(config), "-e", "error.log"], front, {}),
        )
        for command, port, env in servers:
            stack.enter_context(process(command, port, folder, env))
        peer = WebhookPeer(front, slow, hook, bot, folder)
        stack.callback(peer.close)
        yield peer


def _nginx(folder: Path, api: int, front: int, slow: int, hook: int, bot: int) -> str:
    temp = "\n".join(
        f"    {kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    flood = (
        '{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 1",'
        '"parameters":{"retry_after":1}}'
    )
    return f"""
daemon off;
master_process off;
pid {folder}/nginx.pid;
events {{}}
http {{
    access_log off;
{temp}
    client_body_buffer_size 2m;
    client_max_body_size 4m;
    proxy_read_timeout 60s;
    log_format status "$status $uri";
    limit_req_zone $binary_remote_addr zone=chat:1m rate=1r/s;
    limit_req_status 429;
    server {{
        listen 127.0.0.1:{front};
        location ~ ^/bot[^/]+/setMyCommands$ {{
            default_type application/json;
            return 200 '{{"ok":true,"result":true}}';
        }}
        location / {{ proxy_pass http://127.0.0.1:{api}; }}
    }}
    server {{
        listen 127.0.0.1:{slow};
        access_log {folder}/slow.log status;
        error_page 429 = @flood;
        location @flood {{
            internal;
            default_type application/json;
            return 429 '{flood}';
        }}
        location ~ ^/bot[^/]+/sendMessage$ {{
            limit_req zone=chat;
            proxy_pass http://127.0.0.1:{api};
        }}
        location / {{ proxy_pass http://127.0.0.1:{api}; }}
    }}
    server {{
        listen 127.0.0.1:{hook};
        location / {{
            proxy_set_header X-Telegram-Bot-Api-Secret-Token "{SECRET}";
            proxy_pass http://127.0.0.1:{bot};
        }}
    }}
}}
"""
