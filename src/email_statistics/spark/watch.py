"""Whether a cluster is there, and the end of a session whose cluster is gone.

Spark has no setting for it: a driver whose master dies waits for another one, and one without
workers waits for some, without end; a client of Spark Connect tries for ten minutes.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from email_statistics.errors import EmailStatsError
from email_statistics.spark.target import EngineError

# How long nobody may answer: a master that is started again takes some seconds.
_GONE_AFTER = 10.0
# How long there may be no worker, at the start too: others may still come.
_IDLE_AFTER = 45.0
_PAUSE = 1.0

_SECONDS_TO_ANSWER = 5


def places_of(address: str) -> list[tuple[str, int]]:
    """Return the hosts and ports of ``spark://a:7077,b:7077`` or ``sc://a:15002/;…``.

    None for a master of another kind: YARN's is in the cluster's own configuration.
    """
    scheme, _, places = address.partition("://")
    if scheme not in ("sc", "spark"):
        return []
    found = []
    for place in places.partition("/")[0].split(","):
        host, _, port = place.rpartition(":")
        if not host or not port.isdigit():
            raise EngineError(f"{address} has no host:port: see EMAIL_STATS_SPARK.")
        found.append((host.strip("[]"), int(port)))
    return found


def answers(places: Sequence[tuple[str, int]]) -> bool:
    """Whether somebody listens at one of these places."""
    for place in places:
        try:
            socket.create_connection(place, timeout=_SECONDS_TO_ANSWER).close()
        except (OSError, OverflowError):
            continue
        return True
    return False


@contextmanager
def watched(
    address: str, end: Callable[[], object], has_workers: Callable[[], bool] = lambda: True
) -> Iterator[None]:
    """End a session as its cluster is gone, so that what waits for it fails.

    Raises ``EngineError`` then, instead of whatever failed by it, and also where the block ended
    well and nobody answers any more.
    """
    watch = _Watch(address, places_of(address), end, has_workers)
    watch.start()
    try:
        yield
    except EmailStatsError as error:
        if watch.reason:
            raise EngineError(watch.reason) from error
        raise
    finally:
        watch.leave()
    if not watch.is_there():
        raise EngineError(watch.gone())


class _Watch(threading.Thread):
    """Looks at a cluster every second; ``reason`` says why it was given up."""

    def __init__(
        self,
        address: str,
        places: Sequence[tuple[str, int]],
        end: Callable[[], object],
        has_workers: Callable[[], bool],
    ) -> None:
        super().__init__(daemon=True)
        self.reason: str | None = None
        self._address = address
        self._places = places
        self._end = end
        self._has_workers = has_workers
        self._is_left = threading.Event()

    def run(self) -> None:
        there = worked = time.monotonic()
        while not self._is_left.wait(_PAUSE):
            now = time.monotonic()
            if self.is_there():
                there = now
            if self._has_workers():
                worked = now
            if now - there >= _GONE_AFTER:
                self.reason = self.gone()
            elif now - worked >= _IDLE_AFTER:
                self.reason = (
                    f"{self._address} has had no worker for {_IDLE_AFTER:.0f} seconds: see that "
                    "workers run there, with free cores and memory. Nothing was published."
                )
            if self.reason:
                self._end()
                return

    def leave(self) -> None:
        """Look no more."""
        self._is_left.set()
        self.join()

    def is_there(self) -> bool:
        """Whether somebody answers, or there is no place to ask."""
        return not self._places or answers(self._places)

    def gone(self) -> str:
        """Say that nobody answers any more."""
        return (
            f"{self._address} went away during the build: see that Spark runs there, then build "
            "again. Nothing was published."
        )
