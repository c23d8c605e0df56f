"""The pieces of a page: text stays text, charts say what they show, colours can be read."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser

import polars as pl
import pytest

from email_statistics.reports import pieces
from email_statistics.reports.ask.build import Build
from email_statistics.reports.ask.queries import Answer
from email_statistics.reports.pages.campaign_dashboard import top
from email_statistics.reports.pieces import Column, Comparison, Name, Rank, Tab
from email_statistics.reports.pieces.drawing import Axes, Series, line_chart
from email_statistics.reports.pieces.funnel import funnel_steps
from email_statistics.reports.pieces.trend import by_day_or_week, by_hour
from email_statistics.reports.words import formats
from email_statistics.reports.words.figures import Figure
from email_statistics.reports.words.metrics import Metric
from email_statistics.reports.words.period import Period

HOSTILE = (
    """</style></title><script>alert(1)</script>"'><img src=x onerror=alert(2)> {{ 7*7 }} 🎉"""
)

BUILD = Build(
    built_at=datetime(2026, 11, 1, tzinfo=UTC),
    data_through_at=None,
    project_version="1",
    raw_lake="lake",
    settings={"reporting_timezone": "Europe/Berlin", "reporting_currency": "EUR"},
)


class Tags(HTMLParser):
    """The tags and the text of a piece, as a browser would see them."""

    def __init__(self, html: pieces.Html) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(html.markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def metric(name: str, kind: str = "count", family: str | None = None) -> Metric:
    return Metric(name, name.capitalize(), "Means.", kind, None, None, "", family, None, None)


def plain(name: str, text: str | None, missing: str | None = None) -> Figure:
    return Figure(metric(name), text, missing, None, None)


@pytest.mark.parametrize(
    "piece",
    [
        pieces.header(HOSTILE, HOSTILE, HOSTILE, HOSTILE, [(HOSTILE, HOSTILE)]),
        pieces.empty(HOSTILE, HOSTILE),
        pieces.note(HOSTILE),
        pieces.link(HOSTILE),
        pieces.table(
            HOSTILE,
            [HOSTILE, metric("sent")],
            [[Name(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE), HOSTILE]],
        ),
        pieces.ranking(
            HOSTILE,
            metric("sent"),
            "sent",
            [Rank(Name(HOSTILE, "", HOSTILE, ""), HOSTILE, 0.5, HOSTILE)],
            HOSTILE,
            HOSTILE,
        ),
        pieces.tabs("name", HOSTILE, [Tab(HOSTILE, pieces.note(HOSTILE), HOSTILE)]),
    ],
)
def test_text_from_data_never_becomes_markup(piece: pieces.Html) -> None:
    seen = Tags(piece)
    assert not {"script", "img", "title"} & set(seen.tags)
    assert not [name for name, _ in seen.attributes if name.startswith("on")]
    assert HOSTILE in seen.text


@pytest.mark.parametrize("url", ["http://a.example/?a=1&b=<", "HTTPS://a.example/"])
def test_a_web_address_becomes_a_link_that_tells_nothing(url: str) -> None:
    seen = Tags(pieces.link(url))
    assert ("href", url) in seen.attributes
    assert ("rel", "noopener noreferrer nofollow") in seen.attributes


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", " javascript:alert(1)", "data:text/html,x", "//a.example", "http://["],
)
def test_any_other_address_stays_text(url: str) -> None:
    seen = Tags(pieces.link(url))
    assert "a" not in seen.tags
    assert url.strip() in seen.text


def test_a_table_tells_each_reason_once_below_it() -> None:
    reason = "Not measured: it was off"
    shown = Tags(
        pieces.table(
            "Emails",
            ["Email", metric("opened"), metric("clicked")],
            [["a", plain("opened", None, reason), plain("clicked", None, reason)]],
        )
    ).text
    assert shown.count("Not measured1") == 2
    assert shown.count(reason) == 1


def steps(
    counts: Mapping[str, int | None], comparisons: Mapping[str, Comparison]
) -> list[tuple[float | None, str, str]]:
    figures = [
        plain(name, str(count), None if count is not None else "Not measured: off")
        for name, count in counts.items()
    ]
    return [
        (step.share, step.caption, step.drop) for step in funnel_steps(figures, counts, comparisons)
    ]


def test_a_funnel_tells_shares_and_drop_offs() -> None:
    assert steps(
        {"sent": 200, "opened": 50, "clicked": 10},
        {
            "sent": Comparison(200),
            "opened": Comparison(200, 50, 200),
            "clicked": Comparison(200, 10, 50),
        },
    ) == [
        (1.0, "", ""),
        (0.25, "25.0% of sent", "75.0% drop-off: 50 of 200 went on"),
        (0.05, "5.00% of sent", "80.0% drop-off: 10 of 50 went on"),
    ]


def test_a_funnel_compares_only_what_is_measured() -> None:
    assert steps(
        {"sent": 200, "opened": 50, "clicked": None},
        {
            "sent": Comparison(200),
            "opened": Comparison(100, 50, 100),
            "clicked": Comparison(0, None, None),
        },
    ) == [
        (1.0, "", ""),
        (
            0.5,
            "50.0% of the 100 that were tracked",
            "50.0% drop-off: 50 of 100 went on, where both steps were tracked",
        ),
        (None, "Not measured: off", ""),
    ]


def test_a_step_that_others_reached_too_says_who_went_on() -> None:
    figures = [plain(name, "1") for name in ("sent", "clicked", "ordered")]
    compared = {
        "sent": Comparison(10),
        "clicked": Comparison(10, 2, 10),
        "ordered": Comparison(10, 1, 2, "1 of 3 who ordered had clicked"),
    }
    last = funnel_steps(figures, {"sent": 10, "clicked": 2, "ordered": 3}, compared)[-1]
    assert last.drop == "50.0% drop-off: 1 of 2 went on"
    assert last.remark == "1 of 3 who ordered had clicked"


def test_only_enough_delivered_ranks_by_a_rate_and_null_and_0_never() -> None:
    sources = pl.DataFrame(
        {
            "email_source_id": list("abcdefg"),
            "delivered": [100, 99, 500, 500, 500, None, 500],
            "open_rate": [0.2, 0.9, 0.2, None, 0.0, 0.8, 0.3],
        }
    )
    by_rate = top(sources, metric("open_rate", "rate"), 5, 100)
    assert by_rate["email_source_id"].to_list() == ["g", "a", "c"]
    by_count = top(sources, metric("open_rate"), 2, 100)
    assert by_count["email_source_id"].to_list() == ["b", "f"]


def activity(**days: int | None) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "activity_date": [date.fromisoformat(day[1:].replace("_", "-")) for day in days],
            "opened": list(days.values()),
        },
        schema_overrides={"opened": pl.Int64},
    )


def test_a_day_without_activity_is_0_and_one_not_measured_is_a_gap() -> None:
    period = Period(date(2026, 1, 1), date(2026, 1, 5), "")
    step, series = by_day_or_week(
        activity(d2026_01_02=3, d2026_01_03=None), ["opened"], period, date(2026, 1, 4)
    )
    assert step == "day"
    assert series["at"].to_list() == [date(2026, 1, day) for day in (1, 2, 3, 4)]
    assert series["opened"].to_list() == [0, 3, None, 0]


def test_what_is_measured_on_no_day_is_a_gap_on_all() -> None:
    period = Period(date(2026, 1, 1), date(2026, 1, 3), "")
    _, series = by_day_or_week(activity(d2026_01_02=None), ["opened"], period, date(2026, 1, 3))
    assert series["opened"].to_list() == [None, None, None]


def test_an_hour_stands_on_the_clocks_of_the_reporting_zone() -> None:
    hours = [datetime(2026, 10, 25, hour) for hour in (0, 1, 3)]  # UTC; summer time ends at 1
    activity = pl.DataFrame({"activity_hour": hours, "opened": [1, 2, 4]})
    series = by_hour(activity, ["opened"], 24, BUILD)
    assert series["at"].to_list() == [datetime(2026, 10, 25, hour) for hour in (2, 3, 4)]
    assert series["opened"].to_list() == [3, 0, 4]
    assert by_hour(activity, ["opened"], 2, BUILD)["opened"].to_list() == [3, 0]


def test_ticks_of_hours_are_even_and_say_their_day_once() -> None:
    first = datetime(2026, 6, 23, 14)
    hours = pl.DataFrame({"at": [first + timedelta(hours=n) for n in range(15)]})
    points = hours.with_columns(opened=pl.lit(1))
    drawn = line_chart(points, [Series("opened", "blue", "open")], Axes("Opens", "Hour", "Opens"))
    wide, narrow = drawn.markup.split("</svg>")[:2]
    ticks = r">(\d\d:\d\d|\d+ Jun)<"
    assert re.findall(ticks, wide) == [
        "14:00", "23 Jun", "16:00", "18:00", "20:00", "22:00", "00:00", "24 Jun", "02:00", "04:00",
    ]  # fmt: skip
    assert re.findall(ticks, narrow) == ["14:00", "23 Jun", "18:00", "22:00", "02:00", "24 Jun"]


def test_hours_end_where_nearly_all_has_happened() -> None:
    hours = [datetime(2026, 6, 1, 9) + timedelta(hours=after) for after in (0, 14, 60)]
    activity = pl.DataFrame({"activity_hour": hours, "opened": [90, 6, 4]})
    assert by_hour(activity, ["opened"], 72, BUILD).height == 15
    assert by_hour(activity.head(1), ["opened"], 72, BUILD).height == 1


def test_several_lines_share_an_axis_and_differ_by_more_than_colour() -> None:
    points = series(1, 2, 3).with_columns(other=pl.Series([4, None, 0]))
    other = pieces.Series("other", "var(--es-clicked)", "click")
    drawn = pieces.line_chart(points, [LINE, other], AXES).markup
    assert "<title>1 Jan 2026: 1 open, 4 clicks</title>" in drawn
    assert "<title>2 Jan 2026: 2 opens, clicks not measured</title>" in drawn
    assert 'stroke-dasharray="7,3"' in drawn
    assert "mark-area" not in drawn


def test_a_long_period_goes_by_weeks_from_the_first_activity() -> None:
    period = Period(date(1, 1, 1), date(9999, 1, 1), "")
    step, series = by_day_or_week(
        activity(d2026_01_01=1, d2026_01_04=2, d2026_01_12=None, d2026_01_19=4),
        ["opened"],
        period,
        date(2026, 1, 20),
    )
    assert step == "week"
    assert series["at"].to_list() == [date(2025, 12, 29) + timedelta(weeks=n) for n in range(4)]
    assert series["opened"].to_list() == [3, 0, None, 4]


LINE = pieces.Series("value", "var(--es-opened)", "open")
AXES = pieces.Axes(
    alternative="Opens <by> day", time_title="Day (UTC)", value_title="Emails opened a day"
)


def series(*values: int | None) -> pl.DataFrame:
    days = [date(2026, 1, 1) + timedelta(days=day) for day in range(len(values))]
    return pl.DataFrame({"at": days, "value": values}, schema_overrides={"value": pl.Int64})


def test_a_chart_has_a_text_alternative_axis_titles_and_tooltips() -> None:
    drawn = pieces.line_chart(series(1, 1204, None), [LINE], AXES).markup
    assert drawn.count('role="img" aria-label="Opens &lt;by&gt; day"') == 2
    assert drawn.count(">Day (UTC)</text>") == 2
    assert drawn.count(">Emails opened a day</text>") == 2
    assert "<title>2 Jan 2026: 1,204 opens</title>" in drawn
    assert "<title>3 Jan 2026: opens not measured</title>" in drawn


def test_a_chart_takes_its_colours_from_the_stylesheet() -> None:
    drawn = pieces.line_chart(series(0, 0), [LINE], AXES).markup
    used = set(re.findall(r"var\(--es-[a-z]+\)", drawn))
    assert used == {"var(--es-line)", "var(--es-muted)", "var(--es-opened)"}
    assert "http" not in drawn


def dots(drawn: str) -> int:
    return drawn.count('aria-roledescription="point"') + len(re.findall(r'd="M[^"]*A', drawn))


def test_each_day_is_a_dot_and_of_many_days_those_between_two_gaps() -> None:
    few = pieces.line_chart(series(4, 5, None, 6), [LINE], AXES).markup
    joined = pieces.line_chart(series(*range(70)), [LINE], AXES).markup
    alone = pieces.line_chart(series(*[None] * 35, 5, *[None] * 35), [LINE], AXES).markup
    assert (dots(few), dots(joined), dots(alone)) == (6, 0, 2)  # each drawn wide and narrow


def test_the_value_axis_is_round_begins_at_zero_and_ends_above_every_number() -> None:
    drawn = pieces.line_chart(series(1, 443), [LINE], AXES).markup
    labels = [int(label) for label in re.findall(r">(\d+)</text>", drawn)]
    assert min(labels) == 0 and max(labels) == 600


def test_high_rates_are_drawn_where_they_differ_with_their_benchmark() -> None:
    axes = pieces.Axes("Rate", "Day", "Rate", is_rate=True, benchmark=0.9)
    points = series(1, 2).with_columns(value=pl.Series([0.97, 0.99]))
    drawn = pieces.line_chart(points, [LINE], axes).markup
    assert ">Benchmark: 90%</text>" in drawn
    assert ">90%</text>" in drawn and ">0%</text>" not in drawn


def luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_colours_have_enough_contrast_in_both_schemes(scheme: int) -> None:
    block = re.findall(r"\.es-page \{\s+(--es-ground.*?)\}", pieces.stylesheet(), re.DOTALL)
    colours = dict(re.findall(r"--es-([a-z-]+): (#[0-9a-f]{6})", block[scheme]))
    for ground in ("ground", "surface"):
        for text in ("text", "muted", "accent"):
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    for verdict in ("good", "bad"):
        assert contrast(colours[verdict], colours[f"{verdict}-ground"]) >= 4.5, verdict
        assert contrast(colours[verdict], colours["surface"]) >= 4.5, verdict
    for graphic in (
        "sent",
        "delivered",
        "opened",
        "clicked",
        "ordered",
        "unsubscribed",
        "replied",
        "bounced",
    ):
        assert contrast(colours[graphic], colours["surface"]) >= 3, graphic


RTL = "\N{RIGHT-TO-LEFT OVERRIDE}sh\N{LEFT-TO-RIGHT ISOLATE}op\N{POP DIRECTIONAL ISOLATE}"


def test_a_text_from_data_keeps_its_direction_to_itself() -> None:
    table = pieces.table("Caption", ["Head"], [["مرحبا"]])
    assert "<td><bdi>مرحبا</bdi></td>" in table.markup
    answer = Answer(pl.DataFrame({"name": ["Zoë"]}), 2, "select 'مرحبا'")
    listed = pieces.listing("Caption", "file", answer, [Column("name", "Name")], BUILD)
    assert '<pre dir="ltr"><code>select &#39;مرحبا&#39;</code></pre>' in listed.markup
    assert formats.isolated(RTL) == "\u2068\u202eshop\u2069"
