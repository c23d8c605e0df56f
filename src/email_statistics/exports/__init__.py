"""Lists to take along: exports and segments as files, their register, and links to them by mail.

``content`` is what a file holds; ``writing`` makes the file; ``register`` knows every export there
was; ``run`` does one export with all of them. ``links`` are signed, and ``mail`` sends them.
"""
