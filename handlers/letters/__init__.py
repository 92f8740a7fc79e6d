"""Letters that residents fill in: complaint, report to the police, demand, 借条, legal aid.

``writing`` checks what was filled in and puts it into the template; ``plain`` and ``printing`` make
text and Word of it; ``replies`` shows blank ones in a conversation.
Nothing that is filled in is stored, logged or counted (个人信息保护法 6, 19).
"""
