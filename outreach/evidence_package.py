"""佐证包: one ZIP that shows that something was done (领域规格 §3-I, §8-10).

Record, photographs and files, who took which step, pushes and counts, with a manifest that has the
SHA-256 of every member and a file that has the manifest's. The bytes are the same for the same
data: no clock and no exporter is in it; 数据截止 is when the last row in it was recorded.
"""

from __future__ import annotations

import csv
import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO, StringIO
from pathlib import Path
from typing import IO, Any

from errors import OutreachError, UsageError
from outreach.activities import moment
from outreach.cell_text import Value, neutral
from outreach.evidence import TYPES, intact
from outreach.evidence_document import write_record
from outreach.evidence_pushes import DELIVERED
from outreach.evidence_records import Collected
from outreach.files import placed
from outreach.flat_files import EPOCH

FORMAT = "pufa-evidence-1"
MANIFEST, SEAL, README = "manifest.json", "manifest.sha256", "README.md"
KINDS = {"event": "活动", "node": "节点", "campaign": "推送活动"}
MAX_MANIFEST = 16 * 2**20
_CHUNK = 2**20
# RuntimeError: encrypted; NotImplementedError: an odd compression
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)


@dataclass(frozen=True, slots=True)
class Packed:
    """What was written; ``missing``: files that should be in it and are lost or damaged."""

    path: Path
    sha256: str  # the manifest's
    members: int
    files: int
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verified:
    """What a package says of itself, and what is wrong with it."""

    sha256: str
    title: str
    members: int
    problems: tuple[str, ...]


def write_package(found: Collected, folder: Path | None, out: Path) -> Packed:
    """Write a package.

    Args:
        found: what it holds.
        folder: where the evidence files are kept.
        out: the file; an existing one is replaced as a whole or not at all.

    Raises:
        UsageError: the file cannot be written.
    """
    listed: list[dict[str, Any]] = []
    missing: list[str] = []
    with placed(out) as path, zipfile.ZipFile(path, "w") as archive:

        def add(name: str, data: bytes) -> None:
            archive.writestr(_entry(name), data)
            digest = hashlib.sha256(data).hexdigest()
            listed.append({"name": name, "size": len(data), "sha256": digest})

        kept = {each.file.sha256: each.file for each in found.files}
        for digest, file in sorted(kept.items()):
            if folder is None or not intact(digest, folder):
                missing.append(f"{file.name}（SHA-256 {digest}）")
        for name, data in _told(found, missing):
            add(name, data)
        for digest, file in sorted(kept.items()):
            if folder is not None and intact(digest, folder):
                name = _file_name(digest, file.name)
                _copy(archive, name, folder / digest)
                listed.append({"name": name, "size": file.size, "sha256": digest})
        manifest = {
            "format": FORMAT,
            "kind": found.kind,
            "id": found.id,
            "title": found.title,
            "year": found.year,
            "data_until": moment(found.until),
            "members": sorted(listed, key=lambda each: str(each["name"])),
            "missing": missing,
        }
        text = json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"
        seal = hashlib.sha256(text.encode()).hexdigest()
        archive.writestr(_entry(MANIFEST), text.encode())
        archive.writestr(_entry(SEAL), f"{seal}  {MANIFEST}\n".encode())
    return Packed(out, seal, len(listed) + 2, len(kept) - len(missing), tuple(missing))


def verify(path: Path, sha256: str | None = None) -> Verified:
    """Check a package against its manifest, and the manifest against a SHA-256 noted elsewhere.

    Nothing is unpacked to disk; a member is read no further than the manifest says it goes.

    Raises:
        UsageError: the file cannot be read.
        OutreachError: it is no package at all.
    """
    try:
        with path.open("rb") as stream, zipfile.ZipFile(stream) as archive:
            return _verified(archive, sha256)
    except OSError as error:
        raise UsageError(f"读不到 {path}：{error.strerror or error}") from error
    except _BROKEN as error:
        raise OutreachError(f"{path} 不是佐证包，或已损坏：{error}") from error


def _verified(archive: zipfile.ZipFile, sha256: str | None) -> Verified:
    names = [entry.filename for entry in archive.infolist()]
    problems = [f"{name} 重复" for name in sorted({n for n in names if names.count(n) > 1})]
    if MANIFEST not in names or SEAL not in names:
        raise OutreachError("不是佐证包：没有 manifest.json 和 manifest.sha256")
    text = _read(archive, MANIFEST, MAX_MANIFEST)
    seal = hashlib.sha256(text).hexdigest()
    if _read(archive, SEAL, 1000).split() != [seal.encode(), MANIFEST.encode()]:
        problems.append("manifest.json 与 manifest.sha256 不符")
    if sha256 and sha256.strip().lower() != seal:
        problems.append(f"清单的校验值是 {seal}，与给出的不符")
    try:
        manifest = json.loads(text)
        members = {str(m["name"]): (int(m["size"]), str(m["sha256"])) for m in manifest["members"]}
        title, missing = str(manifest["title"]), [str(name) for name in manifest["missing"]]
        if manifest["format"] != FORMAT:
            raise ValueError(manifest["format"])
    except (ValueError, KeyError, TypeError) as error:
        raise OutreachError("manifest.json 看不懂，不是本程序的佐证包") from error
    for name in sorted(set(names) - set(members) - {MANIFEST, SEAL}):
        problems.append(f"{name} 不在清单里")
    for name, (size, digest) in sorted(members.items()):
        if name not in names:
            problems.append(f"缺少 {name}")
        elif _digest(archive, name, size) != digest:
            problems.append(f"{name} 与清单的校验值不符")
    problems += [f"打包时就缺少或已损坏：{name}" for name in missing]
    return Verified(seal, title, len(members) + 2, tuple(problems))


def _read(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    with archive.open(name) as stream:
        data = stream.read(most + 1)
    if len(data) > most:
        raise OutreachError(f"不是佐证包：{name} 太大")
    return data


def _digest(archive: zipfile.ZipFile, name: str, size: int) -> str | None:
    """SHA-256 of a member of exactly ``size`` bytes; None where it is longer, shorter or broken."""
    digest, left = hashlib.sha256(), size
    try:
        with archive.open(name) as stream:
            while left > 0 and (chunk := stream.read(min(left, _CHUNK))):
                digest.update(chunk)
                left -= len(chunk)
            return digest.hexdigest() if left == 0 and not stream.read(1) else None
    except _BROKEN:
        return None


def _told(found: Collected, missing: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Every member that is made from the store, by name."""
    yield README, _readme(found, missing).encode()
    document = BytesIO()
    write_record(found, document)
    yield "record.docx", document.getvalue()
    yield "record.json", _json(_plain(found))
    columns = list(found.records[0]) if found.records else ["编号"]
    yield "record.csv", _csv(columns, [list(each.values()) for each in found.records])
    yield (
        "approvals.csv",
        _csv(
            ["编号", "版本", "时间", "步骤", "经办人", "说明"],
            [[s.number, s.version, moment(s.at), s.step, s.actor, s.note] for s in found.chain],
        ),
    )
    yield (
        "files.csv",
        _csv(
            ["编号", "原文件名", "包内文件", "大小(字节)", "类型", "SHA-256", "附件时间", "经办人"],
            [
                [
                    *(f.number, f.file.name, _file_name(f.file.sha256, f.file.name), f.file.size),
                    *(f.file.media, f.file.sha256, moment(f.at), f.actor),
                ]
                for f in found.files
            ],
        ),
    )
    yield "counts.csv", _csv(["指标", "数值", "口径"], found.counts)
    if found.due:
        yield "duties.csv", _csv(["责任单位", "开始", "最后一天", "办理情况", "依据"], found.due)
    if found.pushed:
        rows = [
            [each.id, each.title, DELIVERED.get(state, state), why or None, number]
            for each in found.pushed
            for state, why, number in each.rows
        ]
        yield "pushes.csv", _csv(["编号", "活动", "结果", "原因", "人次"], rows)


def _plain(found: Collected) -> dict[str, Any]:
    return {
        "kind": found.kind,
        "id": found.id,
        "title": found.title,
        "year": found.year,
        "data_until": moment(found.until),
        "records": [dict(each) for each in found.records],
        "chain": [
            {
                "number": step.number,
                "version": step.version,
                "at": moment(step.at),
                "step": step.step,
                "actor": step.actor,
                "note": step.note,
            }
            for step in found.chain
        ],
        "files": [
            {
                "number": each.number,
                "name": each.file.name,
                "member": _file_name(each.file.sha256, each.file.name),
                "sha256": each.file.sha256,
                "size": each.file.size,
                "media": each.file.media,
                "at": moment(each.at),
                "actor": each.actor,
            }
            for each in found.files
        ],
        "counts": [
            {"name": name, "value": value, "definition": words}
            for name, value, words in found.counts
        ],
        "due": [
            {"organ": organ, "start": start, "end": end, "state": state, "basis": basis}
            for organ, start, end, state, basis in found.due
        ],
        "pushes": [_push(each) for each in found.pushed],
    }


def _push(each: Any) -> Mapping[str, Any]:
    return {
        "id": each.id,
        "title": each.title,
        "state": each.state,
        **each.facts,
        "content": each.content,
        "content_sha256": each.sha256,
        "rows": [{"state": s, "reason": why or None, "count": n} for s, why, n in each.rows],
    }


def _readme(found: Collected, missing: Sequence[str]) -> str:
    year = f"{found.year}年" if found.year else ""
    lost = "".join(f"- {name}\n" for name in missing)
    warning = (
        f"\n## 缺少的文件\n\n以下佐证在存储里找不到或内容已变，没有放进来：\n\n{lost}"
        if lost
        else ""
    )
    return f"""# 佐证包：{year}{found.title}

{KINDS[found.kind]}编号：{found.id}。所收活动和推送的记录最后一条登记于 \
{moment(found.until)}；以后的登记、审核和冲销不在内。

| 文件 | 内容 |
|---|---|
| record.docx、record.json、record.csv | 活动记录（同一内容的三种格式） |
| approvals.csv | 登记、审核、更正、冲销、附件每一步：谁、什么时候、为什么 |
| files/、files.csv | 照片、通知、报道等原件，按内容的 SHA-256 命名；files.csv 写明原文件名 |
| counts.csv | 数字和口径 |
| duties.csv | 应办单位办了没有（只有节点的包里有） |
| pushes.csv | 推送的结果分类计数（有推送才有） |
| manifest.json、manifest.sha256 | 每个文件的大小和 SHA-256；清单自己的 SHA-256 |

## 怎么核对

`python bot.py evidence verify 本文件.zip`，或解压后在文件夹里运行 `sha256sum -c manifest.sha256`，\
再逐个比对 manifest.json 里的 SHA-256。同样的数据再打一次包，得到的文件一个字节也不差。

## 注意

- 状态不是“已审核”的记录不计入任何数字。村（社区）或重点对象不足 5 人次的显示“<5”。
- 包里没有居民的标识、地址和提问；有工作人员姓名和照片，请按个人信息保护法第五十一条妥善保管。
{warning}"""


def _file_name(digest: str, name: str) -> str:
    suffix = Path(name).suffix.lower()
    return f"files/{digest}{suffix if suffix in TYPES else ''}"


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, EPOCH)
    # Photographs and films are compressed already.
    packed = Path(name).suffix in (".jpg", ".jpeg", ".png", ".webp", ".heic", ".mp4", ".docx")
    entry.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    return entry


def _copy(archive: zipfile.ZipFile, name: str, source: Path) -> None:
    with source.open("rb") as stream, archive.open(_entry(name), "w") as target:
        while chunk := stream.read(_CHUNK):
            target.write(chunk)


def _csv(columns: Sequence[str], rows: Sequence[Sequence[Value]]) -> bytes:
    stream: IO[str] = StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([neutral(value) for value in row])
    stream.seek(0)
    return stream.read().encode("utf-8-sig")


def _json(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()
