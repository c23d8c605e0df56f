"""``email-stats receive``: serves, loads what is complete every so often, stops cleanly."""

import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from email_statistics.build.signals import say, stopped_by_a_signal
from email_statistics.errors import EmailStatsError
from email_statistics.listening import listening, log_briefly
from email_statistics.receiver.app import Receiver
from email_statistics.receiver.endpoints import Endpoint
from email_statistics.receiver.protocol import web_server
from email_statistics.receiver.spool import Spool, complete_files, spool_folder
from email_statistics.storage import flush, locked, make_private_folder

_SECONDS_TO_ANSWER = 30
_MOST_CONNECTIONS = 800


def receive(
    endpoints: Mapping[str, Endpoint],
    *,
    lake: Path,
    profile: Path,
    host: str,
    port: int,
    seconds: float,
) -> None:
    """Serve ``endpoints`` and load what came into ``lake`` every so many ``seconds``.

    SIGINT or SIGTERM ends it once all that is in flight is answered and loaded. Raises
    ``UsageError`` where the address can't be had, ``LockedError`` where another process receives
    into this lake, ``EmailStatsError`` where something isn't loaded in the end.
    """
    folder = spool_folder(lake)
    make_private_folder(folder)
    flush(lake)
    with (
        locked(folder / ".lock", "receive", "lake's spool"),
        listening(host, port) as listener,
        closing(Spool(folder)) as spool,
        stopped_by_a_signal("Answering what is in flight, loading it, stopping") as stop,
    ):
        spool.recover()
        receiver = Receiver(endpoints, spool)
        with _serving(receiver, listener, stop):
            address = ":".join(map(str, listener.getsockname()[:2]))
            say(f"Receiving {', '.join(endpoints)} on {address}, loading every {seconds:g} s.")
            while True:
                _load(spool, folder, lake, profile)
                _say_refused(receiver)
                if stop.wait(seconds):
                    break
        _say_refused(receiver)
        if not _load(spool, folder, lake, profile):
            raise EmailStatsError(
                f"Not all that was received is loaded: it waits in {folder}, and the next "
                "`email-stats receive` loads it."
            )
        say("Stopped; all that was received is loaded.")


@contextmanager
def _serving(receiver: Receiver, listener: socket.socket, stop: threading.Event) -> Iterator[None]:
    """Serve in a thread while the block runs; then answer what is in flight."""
    log_briefly()
    server = web_server(
        receiver.app(),
        most_connections=_MOST_CONNECTIONS,
        seconds_to_answer=_SECONDS_TO_ANSWER,
        lifespan="off",
    )
    ended_by_itself = threading.Event()

    def serve() -> None:
        try:
            server.run(sockets=[listener])
        finally:
            if not server.should_exit:
                ended_by_itself.set()
            stop.set()

    thread = threading.Thread(target=serve, name="server", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()
    if ended_by_itself.is_set():
        raise EmailStatsError(
            "The web server ended by itself; the lines above say why. What it answered is in the "
            "spool: start `email-stats receive` again."
        )


def _load(spool: Spool, folder: Path, lake: Path, profile: Path) -> bool:
    """Load what came since the last time; returns whether all is loaded.

    In a process of its own, so that a load slows no answer and takes no receiver down. It ends
    with this process, whose end closes its standard input.
    """
    try:
        spool.rotate()
    except OSError as error:
        say(f"Error: a file of the spool can't be completed ({error.strerror}).")
        return False
    if not complete_files(folder):
        return True
    command = [sys.executable, "-m", "email_statistics.receiver.draining", str(lake), str(profile)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as loader:  # noqa: S603  # our own module
        return loader.wait() == 0


def _say_refused(receiver: Receiver) -> None:
    refused, receiver.refused = receiver.refused, Counter()
    counts = list(refused.items())  # at once, for a request at work may still add to them
    for (sender, status), requests in sorted(counts):
        say(f"{sender}: {requests:,} refused with status {status}.")
