"""What a person sees while a build works: lines on stderr, at least one in a while."""

import sys
import time
from dataclasses import dataclass, field

import click

# A longer silence is broken by the name of what is at work.
_SECONDS_OF_SILENCE = 5.0


@dataclass
class Progress:
    """Says what begins and what is done, and what is at work when nothing was said for a while."""

    _started: float = field(default_factory=time.monotonic)
    _said_at: float = field(default_factory=time.monotonic)
    _steps: set[str] = field(default_factory=set)

    def step(self, name: str) -> None:
        """Say that a step begins, once."""
        if name not in self._steps:
            self._steps.add(name)
            self._say(f"{name} …")

    def detail(self, line: str) -> None:
        """Say that a part of the step is done."""
        self._say(f"  {line}")

    def now(self, name: str) -> None:
        """Mention what is at work, where the silence grows long."""
        if time.monotonic() - self._said_at > _SECONDS_OF_SILENCE:
            self.detail(f"… {name}")

    def _say(self, line: str) -> None:
        self._said_at = time.monotonic()
        click.echo(f"{self._said_at - self._started:7.1f} s  {line}", err=True)
        sys.stderr.flush()
