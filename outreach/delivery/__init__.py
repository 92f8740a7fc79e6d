"""Pushes: from the ledger's queued rows to messages sent, each once, and what became of them.

queued → claimed → sent | failed | blocked | opted_out | unknown | expired | recalled

1. :mod:`~outreach.delivery.schedule` starts what is due, and marks what was missed or has expired;
   :mod:`~outreach.delivery.series` makes a campaign of each day's reading and quiz.
2. :mod:`~outreach.delivery.engine` sets queued rows aside for its process, waits for the
   platform's pace, claims each row at the moment of sending, and hands it to a
   :class:`~outreach.delivery.sender.Sender`, which a channel adapter implements.
3. :mod:`~outreach.delivery.journal` makes claims durable before their messages go out and outcomes
   after, many at a time; :mod:`~outreach.delivery.ledger` is the SQL of both.
4. :mod:`~outreach.delivery.clicks` counts what residents press.
"""
