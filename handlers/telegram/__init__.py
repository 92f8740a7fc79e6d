"""The Telegram adapter, the only place that knows python-telegram-bot.

For demonstration and development: Telegram's servers are abroad (个人信息保护法 36, 38–40).
"""

from handlers.telegram.channel import TelegramChannel

__all__ = ["TelegramChannel"]
