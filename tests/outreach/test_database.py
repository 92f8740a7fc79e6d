from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, func, insert, select, text
from sqlalchemy.exc import DBAPIError

from errors import OutreachError, SettingsError
from outreach import notices, tables
from outreach.activities import Evidence
from outreach.campaigns import staff, steps
from outreach.database import Database
from outreach.duties import DueItem
from outreach.events import record
from outreach.register import attach, decide, submit
from outreach.store import Outreach
from settings import ROOT
from tests.outreach.campaigns.samples import definition
from tests.outreach.samples import NOON, activity, answer


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "outreach.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    opened = Database.open(f"sqlite:///{path}")
    yield opened
    opened.close()


def test_a_new_file_is_for_its_owner_only(database: Database, path: Path) -> None:
    with database.write() as connection:
        connection.execute(insert(tables.residents).values(key="k"))
    for file in path.parent.iterdir():  # the database, its WAL and its shared memory
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_every_connection_is_durable_and_strict(database: Database) -> None:
    expected = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
    for opening in (database.read, database.write):
        with opening() as connection:
            for name, value in expected.items():
                assert connection.execute(text(f"PRAGMA {name}")).scalar() == value
            assert connection.execute(text("PRAGMA busy_timeout")).scalar() == 30_000


def test_migrations_create_what_the_code_expects(database: Database) -> None:
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []


def test_a_failing_write_leaves_nothing(database: Database) -> None:
    def work(connection: Connection) -> None:
        connection.execute(insert(tables.residents).values(key="k"))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), database.write() as connection:
        work(connection)
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(tables.residents)).scalar() == 0


def test_a_reader_sees_one_snapshot_and_cannot_write(database: Database) -> None:
    count = select(func.count()).select_from(tables.residents)
    with database.read() as reader:
        assert reader.execute(count).scalar() == 0
        with database.write() as writer:
            writer.execute(insert(tables.residents).values(key="k"))
        assert reader.execute(count).scalar() == 0
    with database.read() as reader:
        assert reader.execute(count).scalar() == 1
    with pytest.raises(OutreachError, match="只读"), database.read() as reader:
        reader.execute(insert(tables.residents).values(key="other"))


def test_writing_does_not_nest(database: Database) -> None:
    with database.write(), pytest.raises(RuntimeError, match="nest"), database.write():
        pass


def test_a_write_is_immediate(database: Database, path: Path) -> None:
    other = sqlite3.connect(path, timeout=0, isolation_level=None)
    with database.write(), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    other.close()


def test_closing_twice_is_fine_and_then_it_is_closed(database: Database) -> None:
    database.close()
    database.close()
    with pytest.raises(OutreachError, match="已关闭"), database.read():
        pass


def test_a_newer_store_is_refused(database: Database, path: Path) -> None:
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    with pytest.raises(OutreachError, match=r"更新的版本.*9999.*升级程序"):
        Database.open(f"sqlite:///{path}")
    with sqlite3.connect(path) as raw:  # and left as it was
        assert raw.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]
    raw.close()


def test_someone_else_s_database_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other.db") as raw:
        raw.execute("CREATE TABLE songs (id)")
    raw.close()
    with pytest.raises(OutreachError, match="不是普法统计库"):
        Database.open(f"sqlite:///{tmp_path / 'other.db'}")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("普法" * 1000)
    with pytest.raises(OutreachError, match="not a database"):
        Database.open(f"sqlite:///{tmp_path / 'x.db'}")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite://", "写明 SQLite 文件"),
        ("mysql://u:secret@h/d", "只支持"),
        ("no url at all", "不是可用的数据库地址"),
        ("nosuch://x", "只支持|不是可用"),
    ],
)
def test_a_bad_url_is_one_clear_sentence(url: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words) as caught:
        Database.open(url)
    assert "secret" not in str(caught.value)


@pytest.mark.slow
def test_processes_may_start_at_once(path: Path) -> None:
    code = (
        "import sys; from outreach.database import Database\n"
        "sys.stdin.readline(); Database.open(sys.argv[1]).close()"
    )
    started = [_python(code, f"sqlite:///{path}") for _ in range(4)]
    for process in started:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in started:
        _, problems = process.communicate(timeout=60)
        assert (process.returncode, problems) == (0, "")


def test_a_new_file_may_be_opened_from_all_sides(tmp_path: Path) -> None:
    # Without the folder's lock, creating the file or switching it to WAL fails in about every
    # second round.
    problems: list[BaseException] = []

    def work(url: str, together: threading.Barrier) -> None:
        together.wait()
        try:
            Database.open(url).close()
        except OutreachError as error:
            problems.append(error)

    for round_ in range(8):
        together = threading.Barrier(6)
        url = f"sqlite:///{tmp_path / str(round_)}.db"
        threads = [threading.Thread(target=work, args=(url, together)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert problems == []


@pytest.mark.slow
def test_writers_in_threads_and_processes_lose_nothing(store: Outreach) -> None:
    code = """
import sys
from outreach.database import Database
from outreach.events import record
from outreach.register import attach, decide, submit
from tests.outreach.samples import NOON, activity, answer
database = Database.open(sys.argv[1])
for number in range(25):
    with database.write() as connection:
        record(connection, answer(f"{sys.argv[2]}-{number}", resident=str(number)), now=NOON)
database.close()
"""
    with store.database.read() as connection:
        url = str(connection.engine.url)
    processes = [_python(code, url, str(number)) for number in range(2)]

    def work(name: str) -> None:
        for number in range(25):
            with store.database.write() as connection:
                record(connection, answer(f"{name}-{number}", resident=str(number)), now=NOON)

    threads = [threading.Thread(target=work, args=(f"t{number}",)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for process in processes:
        _, problems = process.communicate(timeout=60)
        assert (process.returncode, problems) == (0, "")
    with store.database.read() as connection:
        count = select(func.count())
        assert connection.execute(count.select_from(tables.events)).scalar() == 5 * 25
        assert connection.execute(count.select_from(tables.event_articles)).scalar() == 5 * 25
        assert connection.execute(count.select_from(tables.residents)).scalar() == 25


def _python(code: str, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def fill_log(store: Outreach) -> None:
    """At least one row in every append-only table."""
    store.record(answer("a"))
    store.erase("r1")
    told = activity(joint=("教育局",))
    photo = Evidence(sha256="0" * 64, name="a.jpg", size=1, media="image/jpeg")
    with store.database.write() as connection:
        number = submit(connection, told, actor="张三", now=NOON).registered.number
        attach(connection, number, [photo], actor="张三", now=NOON)
        decide(connection, number, "approved", actor="李四", now=NOON)
    store.close_period("2026-10", actor="李四")
    with store.database.write() as connection:
        staff.add(connection, "王五", ["editor"], by="李四", now=NOON)
        steps.save(connection, definition(), by="王五", now=NOON, key="0" * 32)
    overdue = DueItem(
        *(NOON.date(), NOON.date(), "国家宪法日", "公安局", 1, "场次", 0, "逾期", False, False)
    )
    given: dict[str, Any] = {"actor": "王五", "now": NOON}
    base = store.database
    number = notices.draft(base, "公安局", [overdue], deadline=NOON.date(), **given).number
    notices.send(base, number, **given)
    notices.feedback(base, number, note="已补办", files=[photo], **given)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {0} SET {1} = {1}",
        "DELETE FROM {0}",
        "INSERT OR REPLACE INTO {0} SELECT * FROM {0}",
        "INSERT OR IGNORE INTO {0} SELECT * FROM {0}",
    ],
)
def test_the_log_is_append_only_for_any_connection(store: Outreach, statement: str) -> None:
    fill_log(store)
    with store.database.read() as connection:
        path = connection.engine.url.database
    assert path
    raw = sqlite3.connect(path)  # plain: none of this program's settings
    for table in tables.APPEND_ONLY:
        before = raw.execute(f"SELECT * FROM {table}").fetchall()
        assert before, table
        column = raw.execute(f"SELECT name FROM pragma_table_info('{table}')").fetchone()[0]
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            raw.execute(statement.format(table, column))
        raw.rollback()
        assert raw.execute(f"SELECT * FROM {table}").fetchall() == before
    raw.close()


def test_a_defect_is_not_dressed_up(database: Database) -> None:
    with pytest.raises(DBAPIError, match="no such table"), database.read() as connection:
        connection.execute(text("SELECT * FROM nowhere"))
