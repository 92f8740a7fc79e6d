"""What staff write against what the store keeps: the county's code lists, seen from outreach.

The store keeps keys of towns, villages, groups, venues, forms, nodes and headcount methods, and
names of organs, systems, topics and laws, as the bot's own events do. A word is found by its key,
name or alias, never by similarity.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property

from knowledge.aliases import read_aliases
from knowledge.articles import REPUBLIC, short_name
from knowledge.calendar import Calendar, Node
from knowledge.codelists import Code, CodeLists
from knowledge.organs import SYSTEMS, Organs
from knowledge.topics import Topics

LawNames = Callable[[str], Sequence[str]]
# Dimension of the figures → code list whose labels people read.
LABELLED = {"town": "towns", "village": "villages", "group": "groups", "node": "nodes"}
# National laws are all in the corpus, so an unknown one is a slip of the pen; regulations, rules
# and local statutes mostly are not, and are kept as written.
_NATIONAL = re.compile(r"(?<!办)法(?:典)?$")


@dataclass(frozen=True, repr=False)
class Codes:
    """The code lists together with organs, topics, nodes and the names of laws."""

    lists: CodeLists
    organs: Organs
    topics: Topics
    nodes: Mapping[str, Node]
    laws_named: LawNames

    @classmethod
    def load(cls, laws_named: LawNames | None = None) -> Codes:
        """Read the county's data files.

        Args:
            laws_named: full names for a law's full, short or common name, e.g.
                ``Corpus.laws_named``; without it only mapped and aliased laws are known.

        Raises:
            DataError: a data file is wrong.
        """
        lists, organs, topics = CodeLists.load(), Organs.load(), Topics.load()
        calendar = Calendar.load(codelists=lists, organs=organs, topics=topics)
        nodes = {node.key: node for node in calendar.nodes}
        return cls(lists, organs, topics, nodes, laws_named or _common_laws(organs, topics))

    def organ(self, text: str, day: date) -> str | None:
        """The name of a responsible unit: an organ, another body or a town.

        The county's own name or 县 before it may be written: 县公安局 is 公安局.
        """
        county = self.lists.county
        for word in dict.fromkeys((text, text.removeprefix(county), text.removeprefix("县"))):
            if word in self.organs.names:
                return word
            for name in ("bodies", "towns"):
                place = word.removesuffix("人民政府") if name == "towns" else word
                if code := self.lists.get(name).find(place, day):
                    return code.label
        return None

    def system(self, text: str, day: date) -> str | None:
        """The name of a 系统."""
        code = self.lists.get("systems").find(text, day)
        return code.label if code else None

    def topic(self, text: str, day: date) -> str | None:
        """The name of a topic; a 系统 stands for the topic that its laws have."""
        for topic in self.topics.all:
            if text in (topic.key, topic.name):
                return topic.name
        return self._topic_of_system.get(self.system(text, day) or "")

    def code(self, name: str, text: str, day: date) -> Code | None:
        """An entry of a code list, valid on a day."""
        return self.lists.get(name).find(text, day)

    def village(self, text: str, town: str | None, day: date) -> tuple[str, str] | None:
        """(town, village) keys; without a town the village's name must be unique in the county."""
        found = [
            (each.key, village.key)
            for each in self.lists.towns
            if town in (None, each.key)
            for village in each.villages
            if village.valid(day) and text in (village.key, village.label, *village.aliases)
        ]
        return found[0] if len(found) == 1 else None

    def node(self, text: str) -> Node | None:
        """A node of the calendar by key or name."""
        return next((n for n in self.nodes.values() if text in (n.key, n.name)), None)

    def laws(self, text: str) -> tuple[list[str], list[str]]:
        """(full names, words that are no law) of a list such as 宪法、《信访工作条例》.

        A regulation that the corpus does not hold is taken as written.
        """
        parts = [part for part in re.split(r"[、;；,，\s]+", text.strip()) if part.strip("《》")]
        found: list[str] = []
        unknown: list[str] = []
        while parts:
            # Names with 、 in them (决定) are split too: the longest that is a law wins.
            for end in range(len(parts), 0, -1):
                word = "、".join(parts[:end]).strip("《》")
                if law := self._law(word, alone=end == 1):
                    found.append(law)
                    break
            else:
                end = 1
                unknown.append(parts[0])
            del parts[:end]
        return list(dict.fromkeys(found)), unknown

    def system_of(self, laws: Sequence[str], node: str | None, day: date) -> str | None:
        """The 系统 of an activity from its first law, else from its node."""
        if laws:
            return self.organs.of(laws[0], day).system
        found = self.nodes.get(node or "")
        return found.system if found else None

    def label(self, dimension: str, value: str) -> str:
        """What people read for a stored value; a value that is no key stays as it is."""
        if dimension == "node":
            return self.nodes[value].name if value in self.nodes else value
        name = LABELLED.get(dimension, dimension)
        try:
            code = self.lists.get(name).get(value)
        except KeyError:
            return value
        return code.label if code else value

    def choices(self, name: str, day: date) -> str:
        """The words to choose from, for the sentence that mends a cell."""
        if name == "topics":
            return "、".join(topic.name for topic in self.topics.all)
        if name == "systems":
            return "、".join(SYSTEMS)
        return "、".join(code.label for code in self.lists.get(name).active(day))

    def _law(self, word: str, *, alone: bool) -> str | None:
        names = self.laws_named(word)
        if len(names) == 1:
            return names[0]
        outside = alone and not names and 3 < len(word) <= 200 and not _NATIONAL.search(word)
        return word if outside else None

    @cached_property
    def _topic_of_system(self) -> dict[str, str]:
        """The commonest topic of each system's laws."""
        found: dict[str, Counter[str]] = {}
        for law in self.organs.laws:
            if topic := self.topics.get(self.topics.laws.get(law, "")):
                system = self.organs.of(law, date.max).system
                found.setdefault(system, Counter())[topic.name] += 1
        return {system: topics.most_common(1)[0][0] for system, topics in found.items()}


def _common_laws(organs: Organs, topics: Topics) -> LawNames:
    """Names of laws without a corpus: those with an organ or a topic, and the aliases."""
    known: dict[str, tuple[str, ...]] = dict(read_aliases())
    for law in (*topics.laws, *organs.laws):
        known[short_name(law)] = (REPUBLIC + short_name(law),)
    full: Iterable[str] = {name for names in known.values() for name in names}

    def named(name: str) -> Sequence[str]:
        return (name,) if name in full else known.get(name, ())

    return named


@cache
def county_codes() -> Codes:
    """The county's lists, read once, without a corpus."""
    return Codes.load()
