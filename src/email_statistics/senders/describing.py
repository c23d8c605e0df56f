"""What a user reads of a sender: its page, its example profile, and the account of a load.

``python -m email_statistics.senders.describing`` writes the pages of all into ``senders/pages``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from email_statistics.senders import catalog
from email_statistics.senders.loading.accounting import REJECTIONS, LoadResult
from email_statistics.senders.mapping.declaration import Sender
from email_statistics.senders.profile import FILE_NAME

_SIGNED = {
    "highlevel": "HIGHLEVEL_PUBLIC_KEY",
    "sendgrid": "SENDGRID_WEBHOOK_KEY",
    "mailgun": "MAILGUN_SIGNING_KEY",
    "mandrill": "MANDRILL_WEBHOOK_KEY",
    "resend": "RESEND_SIGNING_SECRET",
    "klaviyo": "KLAVIYO_SECRET_KEY",
    "customerio": "CUSTOMERIO_SIGNING_KEY",
    "shopify": "SHOPIFY_CLIENT_SECRET",
    "woocommerce": "WOOCOMMERCE_WEBHOOK_SECRET",
    "stripe": "STRIPE_ENDPOINT_SECRET",
}
_SHOPS = ("shopify", "woocommerce", "stripe")
_CONTACTS = {
    "highlevel": "",
    "braze": "external_user_id",
    "customerio": "contact",
    "klaviyo": "profile",
}
_VARIANTS = {"braze": "message_variation_id"}


PAGES = Path(__file__).parent / "pages"
"""The folder of the senders' pages, as files."""


def pages() -> dict[str, str]:
    """Every sender's page by the name of its file, and ``README.md``, which lists them."""
    rows = [f"| [`{name}`]({name}.md) | {catalog.get(name).title} |" for name in catalog.NAMES]
    index = [
        "# Senders",
        "",
        "What to switch on at each sender or shop, how to load it, what isn't measured and why.",
        "`email-stats load SENDER --about` prints the page too. The pages are made of the senders'",
        "modules: `python -m email_statistics.senders.describing` writes them again.",
        "",
        "| sender | |",
        "|---|---|",
        *rows,
    ]
    return {
        "README.md": "\n".join(index) + "\n",
        **{f"{name}.md": page(name) for name in catalog.NAMES},
    }


def page(name: str) -> str:
    """A sender's page, as Markdown: what to switch on there, the command, what isn't measured."""
    sender = catalog.get(name)
    lines = [
        f"# {sender.title}",
        "",
        "## What to switch on",
        sender.switch_on,
        "",
        "## Load",
        "```sh",
        f"email-stats load {name} PATH… --lake LAKE",
        "```",
        f"Reads: {sender.forms} Plain or as `.gz` or `.zst`; envelopes are found, not asked for.",
        "",
        *_served(name),
        "## What isn't measured",
        sender.not_measured,
        "",
        "## How it is read",
        sender.notes,
        "",
        *_reported(sender),
        "## The profile",
        f"A section of the lake's `{FILE_NAME}`; all of it is optional"
        f"{' but `tables`' if name == 'table' else ''}.",
        "```yaml",
        example_profile(name).rstrip(),
        "```",
    ]
    return "\n".join(lines) + "\n"


def _served(name: str) -> list[str]:
    if name in ("braze", "mailchimp", "table"):
        return []
    return [f"Webhooks: `email-stats receive` serves `/{name}` and loads what comes.", ""]


def _reported(sender: Sender) -> list[str]:
    lines = []
    if sender.reports:
        lines += [f"Reported event types: {', '.join(f'`{each}`' for each in sender.reports)}.", ""]
    if sender.source_order:
        order = ", ".join(f"`{each}`" for each in sender.source_order)
        lines += [f"The source of an email is the first of {order} that isn't blank.", ""]
    return lines


def example_profile(name: str) -> str:
    """A commented ``senders.yml`` with a section for one sender."""
    sender = catalog.get(name)
    lines = [
        f"# {FILE_NAME}: what your set-up says of each sender. Leave out what holds by default.",
        "senders:",
        f"  {name}:",
    ]
    if name == "table":
        return "\n".join([*lines, *_TABLE_EXAMPLE]) + "\n"
    if name not in _SHOPS:
        lines += _source_example(sender)
    if name in _SHOPS:
        lines += [
            "    # Names of several shops, by host or account, when their order numbers may clash.",
            "    # shops: {north: north.example.com, south: south.example.com}",
        ]
    if name in (*_SHOPS, "klaviyo", "highlevel"):
        lines += ["    # For orders that name no currency.", "    currency: EUR"]
    if sender.first_opens:
        lines += [
            "    # Only if the sender reports nothing but first opens.",
            "    first_opens_only: false",
        ]
    lines += _secret_example(name)
    return "\n".join(lines) + "\n"


def _source_example(sender: Sender) -> Iterator[str]:
    order = [*(f"{prefix}.campaign_id" for prefix in sender.custom), *sender.source_order]
    field = _CONTACTS.get(sender.name) or next(
        (f"{prefix}.contact_id" for prefix in sender.custom), ""
    )
    yield "    # The source (campaign, workflow) of an email: the first field that isn't blank."
    yield "    source:"
    yield "      default: newsletter"
    yield "      name: Newsletter"
    yield "      type: campaign"
    yield f"      from: [{', '.join(order)}]"
    if field:
        yield "    # The field with your CRM's id of the contact; by default the address finds it."
        yield f"    contact: {field}"
    if variant := _VARIANTS.get(sender.name) or next(
        (f"{prefix}.variant" for prefix in sender.custom), ""
    ):
        yield "    # The field with the variant of an A/B test that the email is of."
        yield f"    variant: {variant}"
    yield "    # What each sending domain tracks, and the event types that are switched on."
    yield "    domains:"
    yield "      mail.example.com:"
    yield "        open_tracking: true"
    yield "        click_tracking: true"
    yield f"        event_types: [{', '.join(sender.reports)}]"
    yield "    # Parameters of clicked URLs that differ per recipient; utm_ parameters stay."
    yield "    strip_parameters: [_kx, mc_eid, lid]"


def _secret_example(name: str) -> list[str]:
    if name in ("braze", "mailchimp"):
        return []
    if name == "ses":
        return [
            "    # The SNS topics that may post to `email-stats receive`.",
            "    topic_arns: ['arn:aws:sns:us-east-1:123456789012:ses-events']",
        ]
    lines = ["    # The name of an environment variable, never the secret itself."]
    if name in _SIGNED:
        lines.append(f"    signing_key: {_SIGNED[name]}")
    else:
        lines.append(f"    basic_auth: {name.upper()}_WEBHOOK_LOGIN      # holds user:password")
    if name == "mandrill":
        lines.append("    public_url: https://hooks.example.com/mandrill   # it signs the URL too")
    return lines


_TABLE_EXAMPLE = (
    "    # A raw table, and where each of its columns stands in your file.",
    "    tables:",
    "      send_events:",
    "        where: {channel: [email]}",
    "        columns:",
    "          event_id: id",
    "          event_type: {field: status, values: {ok: delivered, bounce: hard_bounced}}",
    "          event_at: {field: time, time_format: '%d.%m.%Y %H:%M', time_zone: Europe/Berlin}",
    "          message_id: message",
    "          email_source_id: {constant: newsletter}",
    "          recipient_email: address",
)


def account(result: LoadResult) -> Iterator[str]:
    """The account of a load, line by line: every record read, by what became of it."""
    yield f"{result.records:>12,} records read"
    yield f"{result.records_with_rows:>12,} gave rows"
    for why, count in result.ignored.items():
        yield f"{count:>12,} ignored: {why}"
    for why, count in result.rejected.items():
        yield f"{count:>12,} rejected: {why} ({REJECTIONS[why]})"
    for table, rows in result.rows.items():
        yield f"{rows:>12,} rows of {table}"


if __name__ == "__main__":
    PAGES.mkdir(exist_ok=True)
    for file, text in pages().items():
        (PAGES / file).write_text(text, encoding="utf-8")
