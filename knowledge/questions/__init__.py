"""The question bank: what residents type, with the article that answers it (see README.md)."""
