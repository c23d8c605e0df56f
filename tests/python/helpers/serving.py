"""The live site as a process of its own, and forms as a test fills them in."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from httpx2 import Response
from starlette.testclient import TestClient

_ADDRESS = re.compile(r"The site: (http://\S+)/")
_TOKEN = re.compile(r'name="token" value="([^"]+)"')


def token_of(page: Response) -> str:
    """The token that the forms of a page hold."""
    found = _TOKEN.search(page.text)
    assert found, page.text
    return found[1]


def post(client: TestClient, path: str, *, form: str = "", **fields: str) -> Response:
    """Fill in the form that the page ``form`` (by default ``path``) holds."""
    token = token_of(client.get(form or path))
    return client.post(path, data={"token": token, **fields})


@contextmanager
def serving(*arguments: str, **variables: str) -> Iterator[str]:
    """Run ``email-stats serve`` on a free port; gives its URL."""
    program = Path(sys.executable).with_name("email-stats")
    command = [str(program), "serve", "--port", "0", *arguments]
    process = subprocess.Popen(
        command, env=os.environ | variables, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        found = _ADDRESS.search(line)
        assert found, line + process.stderr.read()
        yield found[1]
    finally:
        process.terminate()
        _, said = process.communicate(timeout=60)
    assert "Traceback" not in said
    assert process.returncode in (0, -15), said
