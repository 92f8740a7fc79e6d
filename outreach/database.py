"""The outreach store's engine: opening, migrating, reading and writing. Nothing else knows it.

SQLite (the default) runs in WAL with ``synchronous=FULL``: a commit that returned survives a
power cut. All writes go through one writer connection in ``BEGIN IMMEDIATE``, so that a
transaction never fails half-way because another one wrote first; readers have connections of
their own and see one snapshot. PostgreSQL takes the same calls for several replicas.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from sqlite3 import Error as SqliteError
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Executable,
    Table,
    create_engine,
    event,
    func,
    inspect,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError

from errors import OutreachError, SettingsError

MIGRATIONS = Path(__file__).with_name("migrations")
BUSY_TIMEOUT_S = 30.0
WRITER_POOL = 4  # PostgreSQL only
ADVISORY_LOCK = 0x70756661  # "pufa": serialises migrations on PostgreSQL

Result = TypeVar("Result")


@dataclass(slots=True)
class _Job:
    """A write that waits for the next shared transaction."""

    work: Callable[[Connection], Any]
    wake: threading.Event = field(default_factory=threading.Event)
    done: bool = False
    result: Any = None
    error: BaseException | None = None


class Database:
    """One outreach store. Thread-safe; open it once per process."""

    def __init__(self, reader: Engine, writer: Engine) -> None:
        self._reader, self._writer = reader, writer
        self._sqlite = writer.dialect.name == "sqlite"
        self._lock = threading.Lock()
        self._owner: int | None = None
        self._closed = False
        self._queue: list[_Job] = []
        self._queue_lock = threading.Lock()
        self._led = False  # whether a thread is carrying out what waits in the queue

    @classmethod
    def open(cls, url: str) -> Database:
        """Open the store at a SQLAlchemy URL, create it where missing, and migrate it.

        Safe when several processes open the same store at once. A new SQLite file is readable by
        its owner only.

        Raises:
            SettingsError: the URL cannot be used.
            OutreachError: it cannot be opened, is not ours, or was made by a newer version.
        """
        address = _address(url)
        name = address.render_as_string(hide_password=True)
        database = None
        try:
            if address.get_backend_name() == "sqlite":
                path = Path(address.database or "")
                with _opening(path):
                    database = cls(_sqlite(address, reader=True), _sqlite(address, reader=False))
                    database._migrate()
            else:
                database = cls(*_postgresql(address))
                database._migrate()
        except (DBAPIError, OSError) as error:
            if database:
                database.close()
            cause = error.orig if isinstance(error, DBAPIError) else error
            line = str(cause).strip().splitlines()[0] if str(cause).strip() else "原因不明"
            raise OutreachError(f"无法打开统计数据库 {name}：{line}") from error
        except BaseException:
            if database:
                database.close()
            raise
        return database

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A connection in a transaction that commits on a clean exit, else rolls back.

        In SQLite one at a time (``BEGIN IMMEDIATE``). It does not nest: hand the connection on.

        Raises:
            OutreachError: the store is closed, busy for too long, full or read-only.
        """
        if self._owner == threading.get_ident():
            raise RuntimeError("write() does not nest: pass the connection on")
        if not self._sqlite:
            with self._begin(self._writer) as connection:
                yield connection
            return
        with self._lock:
            self._owner = threading.get_ident()
            try:
                with self._begin(self._writer) as connection:
                    yield connection
            finally:
                self._owner = None

    def together(self, work: Callable[[Connection], Result]) -> Result:
        """Run a short write in a transaction that it shares with those of other threads.

        Returns only after the commit: what it says was done survives a crash. A commit waits for
        the disk, so while one does, other threads' writes gather, and the next commit is for all
        of them. (Nobody waits for company: a lone write commits at once.) Where one of them
        fails, all are undone and run again, each in a transaction of its own.

        Args:
            work: called with a writing connection, by any of the threads and perhaps twice; it
                must not do anything but read and write there.

        Raises:
            OutreachError: as :meth:`write`; and whatever ``work`` raises.
        """
        if not self._sqlite:  # the server groups commits by itself
            with self.write() as connection:
                return work(connection)
        if self._owner == threading.get_ident():
            raise RuntimeError("together() inside write(): pass the connection on")
        job = _Job(work)
        with self._queue_lock:
            self._queue.append(job)
            lead, self._led = not self._led, True
        if not lead:
            job.wake.wait()
        if not job.done:
            self._lead()
        if job.error is not None:
            raise job.error
        result: Result = job.result
        return result

    def _lead(self) -> None:
        """Carry out all that waits, then wake those it was for, and the next one to lead."""
        with self._queue_lock:
            jobs, self._queue = self._queue, []
        try:
            self._carry_out(jobs)
        finally:
            with self._queue_lock:
                if self._queue:
                    self._queue[0].wake.set()
                else:
                    self._led = False
            for job in jobs:
                job.wake.set()

    def _carry_out(self, jobs: list[_Job]) -> None:
        try:
            with self.write() as connection:
                results = [job.work(connection) for job in jobs]
        except BaseException as error:
            if len(jobs) > 1:
                for job in jobs:
                    self._carry_out([job])
                return
            results, jobs[0].error = [None], error
        for job, result in zip(jobs, results, strict=True):
            job.result, job.done = result, True

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one snapshot and cannot write."""
        with self._begin(self._reader) as connection:
            yield connection

    def settled(self, column: ColumnElement[int]) -> int:
        """The largest number in an ascending key, 0 without any, below which nothing will come.

        PostgreSQL's replicas commit in another order than they take numbers in: it waits for
        those that are writing to the table.
        """
        table = column.table
        with self.write() if not self._sqlite else self.read() as connection:
            if not self._sqlite:
                connection.execute(text(f"LOCK TABLE {table.name} IN SHARE MODE"))
            return connection.execute(select(func.max(column))).scalar() or 0

    def close(self) -> None:
        """Let a running write finish and close all connections; may be called again."""
        if self._owner == threading.get_ident():
            raise RuntimeError("close() inside write()")
        with self._lock:
            if not self._closed:
                self._checkpoint()
            self._closed = True
            self._reader.dispose()
            self._writer.dispose()

    def checkpoint(self) -> None:
        """Move what the write-ahead log holds into the SQLite file and empty the log.

        Erased text then is nowhere on the disk, and the file alone is a whole backup once the
        process has ended. A reader that is busy just leaves it for the next time.
        """
        with self._lock:
            if not self._closed:
                self._checkpoint()

    def _checkpoint(self) -> None:
        if not self._sqlite:
            return
        with suppress(SqliteError):  # a damaged or vanished file has nothing to tidy
            raw = self._writer.raw_connection()
            try:
                raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
            finally:
                raw.close()

    @contextmanager
    def _begin(self, engine: Engine) -> Iterator[Connection]:
        if self._closed:
            raise OutreachError("统计数据库已关闭")
        try:
            with engine.begin() as connection:
                if self._sqlite:  # not by an event: with one, every statement pays for listeners
                    how = "BEGIN IMMEDIATE" if engine is self._writer else "BEGIN"
                    connection.exec_driver_sql(how).close()
                yield connection
        except DBAPIError as error:
            if sentence := _trouble(error):
                raise OutreachError(sentence) from error
            raise

    def _migrate(self) -> None:
        """Bring the schema to this version, in one transaction that other openers wait for."""
        known = _scripts(MIGRATIONS)
        with self.read() as connection:
            if _revision(connection) == known.get_current_head():
                return
        with self.write() as connection:
            if not self._sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": ADVISORY_LOCK})
            found = _revision(connection)
            if found == known.get_current_head():
                return
            if found is None and inspect(connection).get_table_names():
                raise OutreachError("这个数据库里已有别的数据表，不是普法统计库：请换一个地址")
            if found is not None and found not in {r.revision for r in known.walk_revisions()}:
                raise OutreachError(
                    f"统计数据库由更新的版本建立（结构版本 {found}，"
                    f"本程序到 {known.get_current_head()} 为止）：请升级程序后再打开"
                )
            config = _config(MIGRATIONS)
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def insert_new(connection: Connection, table: Table, values: Mapping[str, Any]) -> int | None:
    """Insert a row unless one with the same unique key exists: its primary key, or None."""
    statement = _inserting(connection.dialect.name, table)
    try:
        found: int | None = connection.execute(statement, dict(values)).scalar()
    except IntegrityError as error:
        # SQLite's guard against INSERT OR REPLACE speaks before ON CONFLICT does; it undoes this
        # statement only.
        if "append-only" in str(error.orig):
            return None
        raise
    return found


def insert_missing(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows that no row with the same unique key exists of, in one go."""
    build = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    if rows:
        connection.execute(build(table).on_conflict_do_nothing(), rows)


def _config(folder: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder))
    config.set_main_option("path_separator", "os")
    return config


@cache  # reading all migrations takes longer than everything else about opening a store
def _scripts(folder: Path) -> ScriptDirectory:
    return ScriptDirectory.from_config(_config(folder))


@cache  # building a statement takes several times longer than carrying it out
def _inserting(dialect: str, table: Table) -> Executable:
    build = sqlite.insert if dialect == "sqlite" else postgresql.insert
    (column,) = table.primary_key.columns
    return build(table).on_conflict_do_nothing().returning(column)


def _address(url: str) -> URL:
    try:
        address = make_url(url)
        backend = address.get_backend_name()
    except (ArgumentError, NoSuchModuleError) as error:
        raise SettingsError("PUFA_DATABASE_URL 不是可用的数据库地址") from error
    if backend == "sqlite":
        if address.database in (None, "", ":memory:"):
            raise SettingsError("PUFA_DATABASE_URL 要写明 SQLite 文件，例如 sqlite:////srv/pufa.db")
    elif backend != "postgresql":
        raise SettingsError(f"PUFA_DATABASE_URL 只支持 sqlite 和 postgresql，现在是 {backend}")
    return address


def _sqlite(address: URL, *, reader: bool) -> Engine:
    engine = create_engine(
        address,
        connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False},
        pool_size=8 if reader else 1,
        max_overflow=-1 if reader else 0,
    )

    @event.listens_for(engine, "connect")
    def configure(connection: SqliteConnection, _: object) -> None:
        # The driver must not begin or commit by itself: it would begin late (deferred) and
        # leave DDL outside of the transaction. BEGIN is said when a transaction begins.
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "secure_delete=ON",  # erased text must not linger in free pages
            "recursive_triggers=ON",
            f"query_only={'ON' if reader else 'OFF'}",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    return engine


def _postgresql(address: URL) -> tuple[Engine, Engine]:
    try:
        writer = create_engine(address, pool_size=WRITER_POOL, pool_pre_ping=True)
        snapshot = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        reader = create_engine(address, pool_pre_ping=True, execution_options=snapshot)
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"PUFA_DATABASE_URL 需要数据库驱动 {error.name}：请先安装 psycopg[binary]"
        ) from error
    return reader, writer


@contextmanager
def _opening(path: Path) -> Iterator[None]:
    """Hold the folder's lock: two processes switching one file to WAL would refuse each other."""
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        if not path.exists():
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        yield
    finally:
        os.close(folder)


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _trouble(error: DBAPIError) -> str | None:
    """A sentence for what an operator can mend; None for a defect."""
    words = str(error.orig).lower()
    for sign, sentence in (
        ("locked", "统计数据库一直被占用，稍后再试；若反复出现，请检查是否有别的程序打开了它"),
        ("disk is full", "磁盘已满，统计数据库无法写入：请清理磁盘"),
        ("readonly database", "统计数据库是只读的：请检查文件权限"),
        ("disk i/o error", "统计数据库读写磁盘出错：请检查磁盘"),
        ("malformed", "统计数据库文件已损坏：请从备份恢复"),
        ("connection refused", "连不上数据库服务器：请检查 PUFA_DATABASE_URL 和网络"),
        ("server closed the connection", "数据库服务器断开了连接，稍后再试"),
    ):
        if sign in words:
            return sentence
    return None
