"""The product as its users meet it: commands, the page in a browser, a crash, the ledger."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from settings import ROOT, Settings
from tests.e2e.processes import Bot, command, environment, furnish, json_of, running

pytestmark = pytest.mark.slow

COAT = "网购的羽绒服不喜欢，商家说特价不退，合法吗"
FRAUD = "我刚给骗子转了八万怎么办"
NOVEMBER = ("--from", "2026-01-01", "--to", "2027-12-31")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, indexed: Settings) -> Path:
    return furnish(tmp_path_factory.mktemp("home"), indexed.home)


@pytest.fixture
def fresh(tmp_path: Path, indexed: Settings) -> Path:
    return furnish(tmp_path / "home", indexed.home)


@pytest.fixture(scope="module")
def bot(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    with running(home, tmp_path_factory.mktemp("log") / "bot.log") as bot:
        yield bot


def test_ask_follows_the_contract(home: Path) -> None:
    answer = json_of(home, "ask", COAT)
    assert answer["kind"] == "answer"
    first = answer["articles"][0]
    assert (first["short"], first["article"]) == ("消费者权益保护法", "第二十五条")
    assert first["law"] == "中华人民共和国消费者权益保护法"
    assert first["status"] == "in_force"
    assert first["version_date"] == "2013-10-25"
    assert first["organ"] == "市场监督管理局"
    assert "七日" in first["text"]
    assert len(answer["articles"]) == 3
    assert "12315" in answer["hotlines"]
    assert 0 <= answer["confidence"] <= 1
    assert answer["elapsed_ms"] > 0


def test_batch_equals_one_by_one(home: Path, tmp_path: Path) -> None:
    questions = [COAT, FRAUD, "你好", "刑法第287条之二", "红烧肉怎么做好吃"]
    asked, answered = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    lines = (json.dumps({"id": n, "q": q}, ensure_ascii=False) for n, q in enumerate(questions))
    asked.write_text("\n".join(lines), "utf-8")
    done = command(home, "ask", "--batch", str(asked), "--out", str(answered), "--top-k", "5")
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in answered.read_text("utf-8").splitlines()]
    assert [row["id"] for row in rows] == [0, 1, 2, 3, 4]
    assert [row["kind"] for row in rows] == ["answer", "urgent", "smalltalk", "lookup", "declined"]
    assert len(rows[0]["articles"]) == 5
    one = json_of(home, "ask", COAT, "--top-k", "5")
    assert [a["article"] for a in one["articles"]] == [a["article"] for a in rows[0]["articles"]]


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("ask",), 2, "请给出问题"),
        (("ask", "--batch", "nowhere.jsonl", "--out", "x.jsonl"), 2, "读不了"),
        (("stats", "--from", "2026-13-01", "--to", "2026-12-01"), 2, "日期"),
        (("stats", "--from", "2026-12-02", "--to", "2026-12-01"), 2, "早于"),
        (("stats", *NOVEMBER, "--by", "weather"), 2, "weather"),
        (("export", *NOVEMBER, "--kind", "poem", "--out", "x.csv"), 2, "poem"),
        (("run", "--channels", "pigeon"), 2, "pigeon"),
        (("run", "--channels", "telegram"), 2, "PUFA_TELEGRAM_TOKEN"),
    ],
)
def test_a_users_mistake_is_one_line(
    home: Path, words: tuple[str, ...], status: int, said: str
) -> None:
    done = command(home, *words)
    assert done.returncode == status, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_settings_mistakes_name_the_variable(home: Path) -> None:
    done = command(home, "cite", "宪法第一条", PUFA_TODAY="tomorrow")
    assert done.returncode == 2
    assert "PUFA_TODAY" in done.stderr


def test_cite(home: Path) -> None:
    found = json_of(home, "cite", "刑法第287条之二")
    assert found["found"]
    assert found["articles"][0]["article"] == "第二百八十七条之二"
    assert found["articles"][0]["text"].startswith("明知他人利用信息网络实施犯罪")
    missing = json_of(home, "cite", "宪法第150条")
    assert (missing["found"], missing["problem"]) == (False, "no_such_article")
    assert "143条" in missing["message"]


def test_status_follows_the_day(home: Path) -> None:
    before = json_of(home, "cite", "商标法第一条", PUFA_TODAY="2026-12-31")
    after = json_of(home, "cite", "商标法第一条", PUFA_TODAY="2027-01-01")
    assert before["articles"][0]["version_date"] == "2019-04-23"
    assert after["articles"][0]["version_date"] == "2026-06-26"
    assert before["articles"][0]["status"] == after["articles"][0]["status"] == "in_force"


def test_the_page_in_a_browser(bot: Bot) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        page = browser.new_page(viewport={"width": 390, "height": 844}, locale="zh-CN")
        page.goto(bot.address)
        box = page.get_by_role("textbox")
        box.fill(COAT)
        box.press("Enter")
        log = page.get_by_role("log")
        expect(log).to_contain_text("第二十五条", timeout=20_000)
        expect(log).to_contain_text("无需说明理由")
        expect(log).to_contain_text("不构成法律意见")
        box.fill(FRAUD)
        box.press("Enter")
        expect(log).to_contain_text("已转账", timeout=20_000)
        assert page.locator("a[href='tel:110']").count() >= 1
        browser.close()


def test_questions_are_counted_once_and_exported(fresh: Path, tmp_path: Path) -> None:
    with running(fresh, tmp_path / "bot.log") as bot:
        first = bot.ask(COAT, "key-0001")
        again = bot.ask(COAT, "key-0001")
        assert first["articles"] == again["articles"]
        assert bot.ask(FRAUD, "key-0002", "t" * 24)["text"].split("\n")[0].count("110") >= 1
        bot.ask("红烧肉怎么做好吃", "key-0003")
        total = json_of(fresh, "stats", *NOVEMBER)["total"]
    assert (total["consultations"], total["online_residents"]) == (2, 2)
    rows = json_of(fresh, "stats", *NOVEMBER, "--by", "topic,organ,channel,month")["rows"]
    assert {row["by"]["topic"] for row in rows} == {"消费", "反诈"}
    assert {row["by"]["organ"] for row in rows} == {"市场监督管理局", "公安局"}
    ledger = tmp_path / "台账.csv"
    done = command(fresh, "export", *NOVEMBER, "--kind", "ledger", "--out", str(ledger))
    assert done.returncode == 0, done.stderr
    assert ledger.read_bytes().startswith(b"\xef\xbb\xbf")
    with ledger.open(encoding="utf-8-sig", newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert sum(int(line["咨询人次"]) for line in lines) == 2
    assert not any("羽绒服" in value for line in lines for value in line.values())


def test_killed_and_started_again_nothing_is_lost_or_doubled(fresh: Path, tmp_path: Path) -> None:
    with running(fresh, tmp_path / "bot.log") as bot:
        bot.ask(COAT, "key-0001")
        bot.kill()
    with running(fresh, tmp_path / "bot.log") as bot:
        bot.ask(COAT, "key-0001")  # the page retries with the key it has
        bot.ask("押金不退怎么办", "key-0002")
        total = json_of(fresh, "stats", *NOVEMBER)["total"]
    assert total["online_residents"] == 1
    assert total["consultations"] == 1  # within half an hour: one consultation


def test_the_log_holds_no_message(fresh: Path, tmp_path: Path) -> None:
    log = tmp_path / "bot.log"
    with running(fresh, log) as bot:
        bot.ask("我姓欧阳，电话13812345678，押金不退", "key-0001")
    text = log.read_text(errors="replace")
    assert "欧阳" not in text
    assert "13812345678" not in text


def test_a_taken_port_is_one_line(bot: Bot, fresh: Path) -> None:
    port = bot.address.rpartition(":")[2]
    done = command(fresh, "run", PUFA_PORT=port)
    assert done.returncode == 1
    assert port in done.stderr
    assert "Traceback" not in done.stderr


def test_check_citations_reads_standard_input(home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "bot.py", "check-citations", "-"],
        input="见《环境保护法》第六条。".encode("gb18030"),
        cwd=ROOT,
        env=environment(home),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "已废止" in done.stdout.decode()
