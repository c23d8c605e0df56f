"""What the project's two web servers share: their socket, and what they log."""

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from email_statistics.errors import UsageError

_BACKLOG = 2048


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """Listen on an address while the block runs. Raises ``UsageError`` where it can't be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise UsageError(
            f"Can't listen on {host}, port {port} ({error.strerror}): give another --host or "
            "--port."
        ) from error
    with listener:
        yield listener


class _Brief(logging.Formatter):
    """What went wrong in the server, and where; never what a request held."""

    def format(self, record: logging.LogRecord) -> str:
        if not record.exc_info or not record.exc_info[0]:
            return record.getMessage()
        trace = record.exc_info[2]
        while trace and trace.tb_next:
            trace = trace.tb_next
        place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"
        return f"Error: a request failed with {record.exc_info[0].__name__} ({place})."


def log_briefly() -> None:
    """Log warnings and errors of the server on stderr, a line each."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Brief())
    for name in ("uvicorn.error", "asyncio"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(logging.WARNING)
