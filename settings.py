"""The one settings object and the one clock.

Every value comes from the environment or from a ``.env`` file in the working folder (the
environment wins). Nothing else in the project reads ``os.environ`` or the system time.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from dotenv import dotenv_values

from errors import SettingsError

SHANGHAI = ZoneInfo("Asia/Shanghai")
ROOT = Path(__file__).resolve().parent
TELEGRAM_API = "https://api.telegram.org"
WECHAT_API = "https://api.weixin.qq.com"
COUNTY = "本县"


class Clock(Protocol):
    """Where the time comes from; tests pass a fake one."""

    def now(self) -> datetime:
        """The current moment, aware, in UTC."""
        ...

    def today(self) -> date:
        """The day that law status and calendar are asked for, in Asia/Shanghai."""
        ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's time; ``as_of`` (``PUFA_TODAY``) pins only the day, never the moment."""

    as_of: date | None = None

    def now(self) -> datetime:
        """The current moment, aware, in UTC."""
        return datetime.now(UTC)

    def today(self) -> date:
        """``as_of`` where set, else today in Asia/Shanghai."""
        return self.as_of or datetime.now(SHANGHAI).date()


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, validated; see :meth:`from_environment` for the variables' names."""

    home: Path
    host: str = "127.0.0.1"
    port: int = 8000
    database_url: str | None = None
    today: date | None = None
    model: str | None = None
    telegram_token: str | None = None
    telegram_api: str = TELEGRAM_API
    telegram_webhook_url: str | None = None
    telegram_webhook_secret: str | None = None
    wechat_app_id: str | None = None
    wechat_app_secret: str | None = None
    wechat_token: str | None = None
    wechat_aes_key: str | None = None
    wechat_api: str = WECHAT_API
    county: str = COUNTY
    pushes_a_week: int = 2  # of campaigns, to one resident
    public_url: str | None = None  # where residents reach the web application, for pushed links
    https: bool = False  # residents come through a proxy that speaks HTTPS
    secret_key: bytes | None = field(default=None, repr=False)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the ``PUFA_*`` variables.

        Raises:
            SettingsError: a value cannot be used; the message names the variable.
        """
        if environ is None:
            stored = {k: v for k, v in dotenv_values(".env").items() if v is not None}
            environ = {**stored, **os.environ}

        def text(name: str) -> str | None:
            return environ.get(name, "").strip() or None

        secret = text("PUFA_SECRET_KEY")
        return cls(
            home=Path(text("PUFA_HOME") or "var").expanduser().resolve(),
            host=text("PUFA_HOST") or "127.0.0.1",
            port=_port(text("PUFA_PORT")),
            database_url=text("PUFA_DATABASE_URL"),
            today=_day(text("PUFA_TODAY")),
            model=text("PUFA_MODEL"),
            telegram_token=text("PUFA_TELEGRAM_TOKEN"),
            telegram_api=(text("PUFA_TELEGRAM_API") or TELEGRAM_API).rstrip("/"),
            telegram_webhook_url=text("PUFA_TELEGRAM_WEBHOOK_URL"),
            telegram_webhook_secret=text("PUFA_TELEGRAM_WEBHOOK_SECRET"),
            wechat_app_id=text("PUFA_WECHAT_APP_ID"),
            wechat_app_secret=text("PUFA_WECHAT_APP_SECRET"),
            wechat_token=text("PUFA_WECHAT_TOKEN"),
            wechat_aes_key=text("PUFA_WECHAT_AES_KEY"),
            wechat_api=(text("PUFA_WECHAT_API") or WECHAT_API).rstrip("/"),
            county=text("PUFA_COUNTY") or COUNTY,
            pushes_a_week=_number("PUFA_PUSHES_A_WEEK", text("PUFA_PUSHES_A_WEEK"), 2, 1, 50),
            public_url=_public(text("PUFA_PUBLIC_URL"), text("PUFA_TELEGRAM_WEBHOOK_URL")),
            https=_switch("PUFA_HTTPS", text("PUFA_HTTPS")),
            secret_key=secret.encode() if secret else None,
        )

    @property
    def county_named(self) -> str | None:
        """The county's name where ``PUFA_COUNTY`` gives one; None: the code lists' is meant."""
        return None if self.county == COUNTY else self.county

    @property
    def knowledge_db(self) -> Path:
        """The built corpus."""
        return self.home / "knowledge.db"

    @property
    def index_dir(self) -> Path:
        """Retrieval artefacts, one folder per content key."""
        return self.home / "index"

    @property
    def model_dir(self) -> Path:
        """The converted embedding model."""
        return self.home / "model"

    @property
    def outreach_url(self) -> str:
        """SQLAlchemy URL of the outreach store; a SQLite file under ``home`` by default."""
        return self.database_url or f"sqlite:///{self.home / 'outreach.db'}"

    def clock(self) -> SystemClock:
        """The clock that honours ``PUFA_TODAY``."""
        return SystemClock(self.today)

    def with_secret_key(self) -> Settings:
        """Settings whose ``secret_key`` is present.

        A key that the environment does not give is read from ``home/secret.key``, created on the
        first run with owner-only permissions: losing it makes every resident a stranger, so it is
        written before it is used, and never overwritten.
        """
        if self.secret_key:
            return self
        path = self.home / "secret.key"
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            fresh = secrets.token_hex(32).encode()
            try:
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                pass
            else:
                with os.fdopen(descriptor, "wb") as stream:
                    stream.write(fresh)
                    stream.flush()
                    os.fsync(stream.fileno())
            key = path.read_bytes().strip()
        except OSError as error:
            raise SettingsError(f"PUFA_HOME 无法写入：{error}") from error
        if len(key) < 32:
            raise SettingsError(f"{path} 已损坏（密钥过短）：请从备份恢复，或设置 PUFA_SECRET_KEY")
        return replace(self, secret_key=key)


def _port(value: str | None) -> int:
    if value is None:
        return 8000
    try:
        port = int(value)
    except ValueError:
        port = -1
    if not 0 <= port <= 65535:
        raise SettingsError(f"PUFA_PORT 必须是 0–65535 的整数，现在是 {value!r}")
    return port


def _number(name: str, value: str | None, default: int, least: int, most: int) -> int:
    if value is None:
        return default
    if not value.isascii() or not value.isdigit() or not least <= int(value) <= most:
        raise SettingsError(f"{name} 必须是 {least}–{most} 的整数，现在是 {value!r}")
    return int(value)


def _public(url: str | None, webhook: str | None) -> str | None:
    """Where residents reach the web application; the webhook's host serves it too."""
    if url is None:
        parts = urlsplit(webhook or "")
        return f"{parts.scheme}://{parts.netloc}" if parts.hostname else None
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
        raise SettingsError(f"PUFA_PUBLIC_URL 必须是 https:// 开头的网址，现在是 {url!r}")
    return url.rstrip("/")


def _switch(name: str, value: str | None) -> bool:
    if value is None or value in ("0", "no", "off", "false"):
        return False
    if value in ("1", "yes", "on", "true"):
        return True
    raise SettingsError(f"{name} 只能是 1 或 0，现在是 {value!r}")


def _day(value: str | None) -> date | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise SettingsError(f"PUFA_TODAY 必须是 YYYY-MM-DD 的日期，现在是 {value!r}") from error
