import asyncio
import contextlib
import os
from pathlib import Path

import pytest

from email_statistics.receiver.spool import Spool, complete_files


def _append(folder: Path, *lines: bytes, rotates: bool = True) -> None:
    with contextlib.closing(Spool(folder)) as spool:
        for line in lines:
            asyncio.run(spool.append("brevo", line))
        if rotates:
            spool.rotate()


def _contents(folder: Path) -> list[bytes]:
    return [path.read_bytes() for _, path in complete_files(folder)]


def test_a_file_is_complete_once_it_is_rotated_and_the_next_line_begins_another(
    tmp_path: Path,
) -> None:
    with contextlib.closing(Spool(tmp_path)) as spool:
        asyncio.run(spool.append("brevo", b"1\n"))
        asyncio.run(spool.append("brevo", b"2\n"))
        assert not complete_files(tmp_path)
        spool.rotate()
        assert _contents(tmp_path) == [b"1\n2\n"]
        asyncio.run(spool.append("brevo", b"3\n"))
        asyncio.run(spool.append("stripe", b"4\n"))
        spool.rotate()
    assert _contents(tmp_path) == [b"1\n2\n", b"3\n", b"4\n"]
    assert [sender for sender, _ in complete_files(tmp_path)] == ["brevo", "brevo", "stripe"]


def test_without_requests_nothing_is_written(tmp_path: Path) -> None:
    _append(tmp_path / "spool")
    assert not (tmp_path / "spool").exists()


@pytest.mark.parametrize(
    ("left", "kept"),
    [
        (b"1\n2\n", [b"1\n2\n"]),
        (b"1\n2", [b"1\n"]),
        (b"1\n" + b"x" * 200_000, [b"1\n"]),
        (b"x" * 200_000 + b"\n2", [b"x" * 200_000 + b"\n"]),
        (b"1", []),
        (b"", []),
    ],
)
def test_what_a_killed_receiver_left_is_completed_without_a_line_that_is_cut_off(
    left: bytes, kept: list[bytes], tmp_path: Path
) -> None:
    (tmp_path / "brevo").mkdir()
    (tmp_path / "brevo" / "a.jsonl.part").write_bytes(left)
    (tmp_path / "brevo" / "_b.0.jsonl.7").write_bytes(b"half")
    with contextlib.closing(Spool(tmp_path)) as spool:
        spool.recover()
    assert _contents(tmp_path) == kept
    assert len(list(tmp_path.rglob("*.*"))) == len(kept)


def test_a_line_that_fails_leaves_those_before_and_after_it_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with contextlib.closing(Spool(tmp_path)) as spool:
        asyncio.run(spool.append("brevo", b"1\n"))
        with monkeypatch.context() as patch:

            def full(descriptor: int, data: memoryview) -> int:
                if len(data) < 3:
                    raise OSError(28, "No space left on device")
                return write(descriptor, data[:3])

            write = os.write
            patch.setattr(os, "write", full)
            with pytest.raises(OSError, match="No space"):
                asyncio.run(spool.append("brevo", b"2222222\n"))
        asyncio.run(spool.append("brevo", b"3\n"))
        spool.rotate()
    assert _contents(tmp_path) == [b"1\n", b"3\n"]


def test_one_senders_failure_is_not_anothers(tmp_path: Path) -> None:
    (tmp_path / "stripe").touch()  # where its folder should be

    async def append(spool: Spool) -> list[BaseException | None]:
        both = (spool.append("brevo", b"1\n"), spool.append("stripe", b"2\n"))
        return list(await asyncio.gather(*both, return_exceptions=True))

    with contextlib.closing(Spool(tmp_path)) as spool:
        stored, failed = asyncio.run(append(spool))
        spool.rotate()
    assert stored is None
    assert isinstance(failed, OSError)
    assert _contents(tmp_path) == [b"1\n"]
