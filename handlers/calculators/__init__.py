"""Sums and dates that a statute fixes, worked out step by step beside the article's own words.

``money`` and ``days`` read figures in free text; ``figures`` carries them through buttons;
``compensation``, ``deposit``, ``persons`` and ``deadlines`` do the sums; ``recognition`` finds out
which sum a message asks for; ``replies`` shows it, asks for the one figure that is missing, or
says that the article it rests on has changed.
"""
