"""How fast ``email-stats serve`` answers 20 browsers at once.

``python tests/benchmarks/browsers.py http://127.0.0.1:8020`` asks a running site. Each browser
opens one page after the other, without a pause, and keeps none: rendered pages in turn, or Email
Analytics' list of a metric. Prints requests, errors and percentiles, a line each.
"""

import asyncio
import re
import statistics
import sys
import time
from collections.abc import Sequence

import httpx

BROWSERS = 20
SECONDS = 20.0


async def browse(url: str, paths: Sequence[str], number: int, until: float) -> list[float]:
    """Open pages until the time is over; returns the seconds of each, -1 for one that failed."""
    taken: list[float] = []
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        while time.monotonic() < until:
            path = paths[(number + len(taken)) % len(paths)]
            began = time.monotonic()
            try:
                answer = await client.get(path)
                is_good = answer.status_code == 200
            except httpx.HTTPError:
                is_good = False
            taken.append(time.monotonic() - began if is_good else -1.0)
    return taken


async def measure(name: str, url: str, paths: Sequence[str]) -> None:
    """Let all browsers browse, and print what it took."""
    until = time.monotonic() + SECONDS
    browsers = [browse(url, paths, number, until) for number in range(BROWSERS)]
    taken = [one for each in await asyncio.gather(*browsers) for one in each]
    good = sorted(one for one in taken if one >= 0)
    cut = statistics.quantiles(good, n=100)
    print(
        f"{name}: {len(paths)} pages, {len(taken):,} requests in {SECONDS:g} s, "
        f"{len(taken) - len(good)} errors, median {cut[49] * 1000:.0f} ms, "
        f"p95 {cut[94] * 1000:.0f} ms, p99 {cut[98] * 1000:.0f} ms"
    )


async def main(url: str) -> None:
    """Measure rendered pages, then a live one."""
    home = httpx.get(url, timeout=30).text
    paths = {f"/{path}" for path in re.findall(r'href="([a-z0-9_/-]+/index\.html)', home)}
    pages = sorted(paths - {"/email-analytics/index.html"})  # that one is live
    await measure("rendered pages", url, ["/", *pages])
    (source,) = re.findall(r"--([a-z0-9_]+)/index", next(one for one in pages if "--" in one))
    query = f"source={source}&period=life&metric=opened"
    type_of = {"campaigns": "campaign", "workflows": "workflow", "bulk": "bulk"}
    folder = next(one for one in pages if "--" in one).split("/")[1]
    live = f"/analytics?source_type={type_of[folder]}&{query}"
    await measure("Email Analytics", url, [live])


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
