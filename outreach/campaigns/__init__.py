"""Campaigns (推送活动): from a draft to its release, and what came of it.

``definition`` what a campaign says and to whom; ``drafts`` reads it from TOML; ``gate`` checks it
against the law; ``rendering`` shows it as each channel will; ``staff`` who may do what; ``steps``
the states and the log; ``audience`` whom it reaches; ``release`` freezes them into deliveries;
``engagement`` and ``comparison`` count what came of it; ``office`` is the room's door.
"""
