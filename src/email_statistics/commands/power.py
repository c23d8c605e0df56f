"""``email-stats power``: how many contacts a test needs."""

import click

_METRICS = (
    *("revenue", "orders", "ordered", "converted", "delivered", "opened", "human_opened"),
    *("clicked", "unsubscribed", "complained"),
)
# Those that are means; of the others a contact has one or hasn't.
_MEANS = ("revenue", "orders")
_SOURCE_TYPES = ("campaign", "workflow", "bulk", "transactional")


@click.command("power")
@click.option(
    "--metric",
    type=click.Choice(_METRICS),
    default="revenue",
    show_default=True,
    help="What the test is judged by.",
)
@click.option(
    "--source-type",
    type=click.Choice(_SOURCE_TYPES),
    default="campaign",
    show_default=True,
    help="The type of the emails.",
)
@click.option(
    "--effect",
    required=True,
    help="The difference to find: 5% of the metric's mean, or an amount such as 0.5.",
)
@click.option(
    "--outcome-days",
    type=click.IntRange(1, 60),
    default=14,
    show_default=True,
    help="For how many days after the email outcomes count.",
)
def command(metric: str, source_type: str, effect: str, outcome_days: int) -> None:
    """Say how many contacts each arm of a test needs, before it begins.

    It goes by what contacts did after their first email of the type in the last 90 days of the
    published data. A test of that many finds the effect four times in five.
    """
    from email_statistics.experiments.power import Effect, size_of_test
    from email_statistics.reports.ask.queries import asking
    from email_statistics.reports.words import formats

    size = size_of_test(metric, source_type, Effect.read(effect), outcome_days)
    with asking() as asked:
        currency = asked.build.currency

    def worth(value: float) -> str:
        if metric == "revenue":
            return formats.money(value, currency)
        return f"{value:,.4g}" if metric in _MEANS else formats.rate(value)

    click.echo(
        f"{formats.plural(size.contacts_per_arm, 'contact')} per arm, "
        f"{formats.count(2 * size.contacts_per_arm)} in two arms."
    )
    click.echo(
        f"A test of that size finds a difference of {worth(size.effect)} in {metric} per contact "
        "four times in five."
    )
    click.echo(
        f"By {formats.plural(size.contacts, 'contact')} who got a {source_type} email between "
        f"{formats.day(size.first_sent_at)} and {formats.day(size.last_sent_at)}: on average "
        f"{worth(size.mean)} within {formats.plural(outcome_days, 'day')}, standard deviation "
        f"{size.deviation:,.4g}."
    )
