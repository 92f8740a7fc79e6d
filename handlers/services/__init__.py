"""The residents' commands: menu, quiz, morning reading, town, subscriptions, privacy, lectures.

:class:`~handlers.services.services.Services` is asked by ``handlers.conversation`` once per update:
``press`` for a button, ``command`` and ``hear`` for words, ``attend`` for what goes with every
reply (the notice of 个人信息保护法 17, short answers in groups, what is not retained of a minor).
The replies carry their changes (``Reply.changes``); nothing is written here.
"""

from __future__ import annotations

from handlers.services.commands import COMMANDS, Command
from handlers.services.services import Services

__all__ = ["COMMANDS", "Command", "Services"]
