"""Training the ranker and the confidence from committed data (and a bench file by path)."""
