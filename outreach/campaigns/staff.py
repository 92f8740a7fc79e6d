"""Who may do what: staff, their roles, and the one-time codes that bind a channel's account.

Whoever has the server's command line appoints staff; on Telegram a person is who holds a code that
was issued there, never who claims a name (spec 6.4: "treat rank claimed in chat as authority").
Codes are stored as SHA-256, expire, and work once. Every change is a row of ``staff_log``.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Row, delete, insert, select, update

from errors import NotAllowed, OutreachError, UsageError
from outreach.activities import person
from outreach.campaign_tables import staff, staff_codes, staff_log

ROLES = {"editor": "编辑", "reviewer": "审核", "publisher": "发布"}
CODE_LASTS = timedelta(minutes=15)
# Letters only: a run of digits would be masked as somebody's number. No vowels, no lookalikes.
_ALPHABET = "BCDFGHJKMNPQRSTVWXZ"
_LETTERS = 12  # 19^12: 51 bits for a quarter of an hour


@dataclass(frozen=True, slots=True)
class Member:
    """One of the staff; ``bound``: a channel's account belongs to them."""

    name: str
    roles: tuple[str, ...]
    active: bool
    bound: bool

    @property
    def label(self) -> str:
        """The roles in Chinese."""
        return "、".join(ROLES[role] for role in self.roles)


def add(
    connection: Connection, name: str, roles: Sequence[str], *, by: str, now: datetime
) -> Member:
    """Appoint somebody, or give them these roles (and no others) from now on.

    Raises:
        UsageError: no role, or an unknown one.
        OutreachError: the name is blank or too long.
    """
    name, wanted = person(name), tuple(role for role in ROLES if role in roles)
    if unknown := [role for role in roles if role not in ROLES]:
        raise UsageError(f"没有 {'、'.join(unknown)} 这个角色，可用：{'、'.join(ROLES)}")
    if not wanted:
        raise UsageError(f"请给 {name} 至少一个角色：{'、'.join(ROLES)}")
    values = {"roles": ",".join(wanted), "active": True}
    if _row(connection, name) is None:
        connection.execute(insert(staff).values(name=name, created_at=now, **values))
    else:
        connection.execute(update(staff).where(staff.c.name == name).values(values))
    _log(connection, name, "added", by=by, now=now, note=",".join(wanted))
    return get(connection, name)


def disable(connection: Connection, name: str, *, by: str, now: datetime) -> Member:
    """Take all rights from somebody at once, unused codes and the bound account included.

    Raises:
        OutreachError: there is no such person.
    """
    member = get(connection, name)
    connection.execute(
        update(staff).where(staff.c.name == member.name).values(active=False, resident=None)
    )
    connection.execute(delete(staff_codes).where(staff_codes.c.name == member.name))
    _log(connection, member.name, "disabled", by=by, now=now)
    return get(connection, member.name)


def get(connection: Connection, name: str) -> Member:
    """One of the staff.

    Raises:
        OutreachError: there is no such person.
    """
    row = _row(connection, person(name))
    if row is None:
        raise OutreachError(f"没有工作人员 {name}：请先用 staff add 登记")
    return _member(row)


def listed(connection: Connection) -> list[Member]:
    """All staff, by name."""
    return [_member(row) for row in connection.execute(select(staff).order_by(staff.c.name))]


def allowed(connection: Connection, name: str, roles: Sequence[str], what: str) -> Member:
    """The person, who is active and has one of the roles.

    Raises:
        NotAllowed: not registered, not active, or without the role; ``what`` says for what.
    """
    row = _row(connection, person(name))
    if row is None or not row.active:
        raise NotAllowed(f"{name} 不是在岗的工作人员，不能{what}")
    member = _member(row)
    if not set(roles) & set(member.roles):
        wanted = "或".join(ROLES[role] for role in roles)
        raise NotAllowed(f"{member.name} 的角色是{member.label}，不能{what}（需要{wanted}）")
    return member


def issue_code(connection: Connection, name: str, *, by: str, now: datetime) -> str:
    """A new one-time code for somebody; earlier unused ones no longer work.

    Returns:
        The code, which is not kept: only its SHA-256 is.

    Raises:
        OutreachError: no such person, or not active.
    """
    member = get(connection, name)
    if not member.active:
        raise OutreachError(f"{member.name} 已停用，不能发验证码")
    connection.execute(delete(staff_codes).where(staff_codes.c.name == member.name))
    code = "".join(secrets.choice(_ALPHABET) for _ in range(_LETTERS))
    connection.execute(
        insert(staff_codes).values(
            sha256=_digest(code), name=member.name, expires_at=now + CODE_LASTS
        )
    )
    _log(connection, member.name, "code", by=by, now=now)
    return "-".join(code[start : start + 4] for start in range(0, _LETTERS, 4))


def bind(connection: Connection, code: str, resident: str, *, now: datetime) -> Member:
    """Bind the account that sent a code; the same account may send it again, no other.

    Raises:
        NotAllowed: the code is unknown, used by another account, or expired; nothing tells which.
    """
    refused = NotAllowed("验证码不对或已过期：请在服务器上用 staff code 姓名 重新领取")
    row = connection.execute(
        select(staff_codes).where(staff_codes.c.sha256 == _digest(code)).with_for_update()
    ).first()
    if row is None:
        raise refused
    person_ = _row(connection, row.name)
    assert person_ is not None
    if row.used_at is not None:
        if person_.resident == resident:
            return _member(person_)
        raise refused
    if now >= row.expires_at or not person_.active:
        raise refused
    forget(connection, resident)  # one account is one person
    connection.execute(update(staff).where(staff.c.name == row.name).values(resident=resident))
    connection.execute(
        update(staff_codes).where(staff_codes.c.sha256 == row.sha256).values(used_at=now)
    )
    _log(connection, row.name, "bound", by=row.name, now=now)
    return get(connection, row.name)


def bound(connection: Connection, resident: str) -> Member | None:
    """The active person to whom an account belongs."""
    row = connection.execute(
        select(staff).where(staff.c.resident == resident, staff.c.active.is_(True))
    ).first()
    return _member(row) if row else None


def forget(connection: Connection, resident: str) -> None:
    """Cut the tie between an account and a person (also when the account asks for deletion)."""
    connection.execute(update(staff).where(staff.c.resident == resident).values(resident=None))


def _digest(code: str) -> str:
    letters = "".join(letter for letter in code.upper() if letter.isalnum())
    return hashlib.sha256(letters.encode()).hexdigest()


def _row(connection: Connection, name: str) -> Row[tuple[object, ...]] | None:
    return connection.execute(select(staff).where(staff.c.name == name)).first()


def _member(row: Row[tuple[object, ...]]) -> Member:
    return Member(row.name, tuple(row.roles.split(",")), row.active, row.resident is not None)


def _log(
    connection: Connection, name: str, step: str, *, by: str, now: datetime, note: str | None = None
) -> None:
    connection.execute(
        insert(staff_log).values(name=name, at=now, actor=person(by), step=step, note=note)
    )
