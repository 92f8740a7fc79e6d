"""The room's door: what staff do with campaigns, on the command line and on a channel.

Every method blocks and is one transaction. ``by`` is a person's name; ``key`` identifies the
request, so that an update delivered twice is carried out once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from errors import OutreachError, UsageError
from outreach import evidence
from outreach.activities import Evidence
from outreach.campaigns import audience, release, staff, steps
from outreach.campaigns.definition import Definition
from outreach.campaigns.drafts import parse_draft, read_draft
from outreach.campaigns.engagement import Engagement, engagement
from outreach.campaigns.gate import Gate
from outreach.campaigns.rendering import Rendered, render
from outreach.campaigns.staff import Member
from outreach.campaigns.steps import Campaign, Logged, Step
from outreach.store import Outreach


@dataclass(frozen=True, slots=True)
class Saved:
    """A stored draft; ``done`` is created, edited or unchanged; ``problems`` bar its submission."""

    campaign: Campaign
    done: str
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What would go out, and to whom."""

    campaign: Campaign
    renderings: tuple[Rendered, ...]
    audience: audience.Counted
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Office:
    """Campaigns of one store. ``cap``: pushes a week per resident."""

    store: Outreach
    gate: Callable[[], Gate]
    county: str = "本县"
    cap: int = audience.CAP

    def create(self, path: Path, *, by: str) -> Saved:
        """Store the draft in a TOML file, or a change of it; a later edit needs a new approval.

        Raises:
            DataError: the file is wrong.
            NotAllowed, OutreachError: see :func:`outreach.campaigns.steps.save`.
        """
        return self._save(
            read_draft(path, self.store.codes(), self.store.clock.today(), self._keep), by=by
        )

    def create_from(self, text: str, path: Path, *, by: str) -> Saved:
        """Store the draft in a text (a filled template); ``path`` names it in errors."""
        return self._save(
            parse_draft(text, path, self.store.codes(), self.store.clock.today(), self._keep), by=by
        )

    def preview(self, id_: str) -> Preview:
        """Each channel's rendering, the audience, and what is still wrong."""
        now = self.store.clock.now()
        with self.store.database.read() as connection:
            campaign = steps.get(connection, id_)
            definition = campaign.definition
            counted = audience.count(
                connection,
                definition,
                max(now, definition.at or now),
                cap=self.cap,
                urgent=campaign.urgent,
            )
        channels = dict.fromkeys((*definition.audience.channels, "web"))
        shown = tuple(
            render(definition, channel, variant, county=self.county)
            for channel in channels
            for variant in definition.variants
        )
        return Preview(
            campaign, shown, counted, tuple(self.gate().problems(definition, self.store.clock))
        )

    def submit(self, id_: str, *, by: str, key: str | None = None) -> Campaign:
        """Hand a draft to a reviewer.

        Raises:
            OutreachError: it fails the check, which says where; or is in another state.
            NotAllowed: the person is no editor.
        """
        return self._checked(steps.SUBMIT, id_, "submitted", by=by, key=key)

    def approve(
        self, id_: str, *, by: str, urgent: bool = False, key: str | None = None
    ) -> Campaign:
        """Approve; ``urgent`` lifts the frequency cap and quiet hours (a live fraud alert).

        Raises:
            NotAllowed: by an author of it, or by somebody who is no reviewer.
            OutreachError: it fails the check, or is in another state.
        """
        return self._checked(
            steps.APPROVE,
            id_,
            "approved",
            by=by,
            key=key,
            note="紧急：不受次数和时段限制" if urgent else None,
            values={"urgent": urgent},
        )

    def send_back(self, id_: str, *, by: str, reason: str, key: str | None = None) -> Campaign:
        """Return it to the editors, saying why."""
        if not reason.strip():
            raise UsageError("退回要写明理由")
        return self._take(steps.RETURN, id_, "returned", by=by, key=key, note=reason.strip())

    def send(self, id_: str, *, by: str, at_once: bool = False, key: str | None = None) -> Campaign:
        """Release it: the audience is frozen into the delivery ledger.

        Args:
            id_: the campaign.
            by: who.
            at_once: now instead of when it was due; quiet hours and expiry stay as they are.
            key: identity of the request.

        Raises:
            OutreachError: the law changed since the approval; see also :func:`release.release`.
        """
        now, gate = self.store.clock.now(), self.gate()
        with self.store.database.write() as connection:
            if not steps.done_before(connection, id_, steps.SEND, key):
                definition = steps.get(connection, id_).definition
                self._pass(gate, replace(definition, at=None) if at_once else definition, "发布")
            return release.release(
                connection, id_, by=by, now=now, cap=self.cap, at_once=at_once, key=key
            )

    def pause(self, id_: str, *, by: str, reason: str = "", key: str | None = None) -> Campaign:
        """Stop sending for now; the engine obeys within a second."""
        note = reason.strip() or f"{by}暂停"
        return self._take(
            steps.PAUSE, id_, "paused", by=by, key=key, note=note, values={"pause_reason": note}
        )

    def resume(self, id_: str, *, by: str, key: str | None = None) -> Campaign:
        """Go on sending."""
        return self._take(
            steps.RESUME, id_, "sending", by=by, key=key, values={"pause_reason": None}
        )

    def recall(self, id_: str, *, by: str, reason: str = "", key: str | None = None) -> Campaign:
        """Take it back for good: nothing more is sent, the engine deletes what it can."""
        now = self.store.clock.now()
        with self.store.database.write() as connection:
            if steps.take(
                connection,
                steps.RECALL,
                id_,
                "recalled",
                by=by,
                now=now,
                note=reason.strip() or None,
                key=key,
            ):
                release.recall_queued(connection, id_, now)
            return steps.get(connection, id_)

    def status(self, id_: str) -> Engagement:
        """What came of it so far; also of a day's reading or quiz."""
        with self.store.database.read() as connection:
            campaign = steps.get(connection, id_, steps.KINDS)
            return engagement(connection, campaign, self.store.clock.now())

    def get(self, id_: str) -> Campaign:
        """One campaign."""
        with self.store.database.read() as connection:
            return steps.get(connection, id_)

    def listed(self, kinds: Sequence[str] = steps.KINDS[:1]) -> list[Campaign]:
        """All campaigns of these kinds, the latest change first."""
        with self.store.database.read() as connection:
            return steps.listed(connection, kinds)

    def log(self, id_: str) -> list[Logged]:
        """The steps that a campaign took."""
        with self.store.database.read() as connection:
            return steps.history(connection, steps.get(connection, id_, steps.KINDS).id)

    def town_names(self) -> dict[str, str]:
        """The towns' names by key."""
        return {town.key: town.label for town in self.store.codes().lists.towns}

    def add_staff(self, name: str, roles: Sequence[str], *, by: str) -> Member:
        """Appoint somebody or change their roles."""
        with self.store.database.write() as connection:
            return staff.add(connection, name, roles, by=by, now=self.store.clock.now())

    def disable_staff(self, name: str, *, by: str) -> Member:
        """Take somebody's rights at once."""
        with self.store.database.write() as connection:
            return staff.disable(connection, name, by=by, now=self.store.clock.now())

    def staff(self) -> list[Member]:
        """All staff."""
        with self.store.database.read() as connection:
            return staff.listed(connection)

    def issue_code(self, name: str, *, by: str) -> str:
        """A one-time code that binds a channel's account to a person."""
        with self.store.database.write() as connection:
            return staff.issue_code(connection, name, by=by, now=self.store.clock.now())

    def bind(self, code: str, resident: str) -> Member:
        """Bind the account that sent a code.

        Raises:
            NotAllowed: the code doesn't work.
        """
        with self.store.database.write() as connection:
            return staff.bind(connection, code, resident, now=self.store.clock.now())

    def member(self, resident: str) -> Member | None:
        """Who an account belongs to."""
        with self.store.database.read() as connection:
            return staff.bound(connection, resident)

    def _save(self, definition: Definition, *, by: str) -> Saved:
        now = self.store.clock.now()
        with self.store.database.write() as connection:
            campaign, done = steps.save(connection, definition, by=by, now=now)
        return Saved(campaign, done, tuple(self.gate().problems(definition, self.store.clock)))

    def _checked(
        self,
        step: Step,
        id_: str,
        to: str,
        *,
        by: str,
        key: str | None,
        note: str | None = None,
        values: dict[str, Any] | None = None,
    ) -> Campaign:
        now, gate = self.store.clock.now(), self.gate()
        with self.store.database.write() as connection:
            if steps.take(
                connection, step, id_, to, by=by, now=now, note=note, key=key, values=values
            ):
                self._pass(gate, steps.get(connection, id_).definition, step.told)
            return steps.get(connection, id_)

    def _take(
        self,
        step: Step,
        id_: str,
        to: str,
        *,
        by: str,
        key: str | None,
        note: str | None = None,
        values: dict[str, Any] | None = None,
    ) -> Campaign:
        now = self.store.clock.now()
        with self.store.database.write() as connection:
            steps.take(connection, step, id_, to, by=by, now=now, note=note, key=key, values=values)
            return steps.get(connection, id_)

    def _pass(self, gate: Gate, definition: Definition, what: str) -> None:
        """Raise where the gate finds something; the caller's transaction is rolled back."""
        problems = gate.problems(definition, self.store.clock)
        if problems:
            raise OutreachError(f"{definition.id} 核对没有通过，不能{what}：{'；'.join(problems)}")
        picture, files = definition.picture, self.store.files
        if picture and files and not evidence.intact(picture.sha256, files):
            raise OutreachError(f"{definition.id} 的图片 {picture.name} 丢失或损坏")

    def _keep(self, path: Path) -> Evidence:
        if self.store.files is None:
            raise OutreachError("没有设置佐证文件夹，不能附图片")
        return evidence.keep(path, self.store.files)
