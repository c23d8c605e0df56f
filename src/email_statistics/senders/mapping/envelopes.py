"""Envelopes of any sender: what wraps records, and the documents inside."""

from __future__ import annotations

from collections.abc import Sequence

from email_statistics.senders.mapping.expressions import path_of, quoted

_PAGES = ("items", "data", "results", "records", "Records", "Messages", "events")
"""Where pages of an API have their records."""


def common_envelopes(pages: Sequence[str]) -> list[tuple[str, str]]:
    """Envelopes of any sender: a condition and the list of texts inside, both SQL over ``doc``."""

    def text(path: str) -> str:
        return f"json_extract_string(doc, {quoted(path)})"

    def kind(path: str) -> str:
        return f"json_type(doc, {quoted(path)})"

    decoded = f"try(decode(from_base64({text('$.body_base64')})))"
    data = f"try(decode(from_base64({text('$.data')})))"
    return [
        ("json_type(doc) = 'ARRAY'", "json_extract(doc, '$[*]')::varchar[]"),
        ("json_type(doc) = 'VARCHAR'", "[json_extract_string(doc, '$')]"),
        (  # the receiver's spool
            f"{kind('$.received_at')} = 'VARCHAR' and {kind('$.body')} = 'VARCHAR'",
            f"[{text('$.body')}]",
        ),
        (
            f"{kind('$.received_at')} = 'VARCHAR' and {kind('$.body_base64')} = 'VARCHAR'",
            f"[coalesce({decoded}, {text('$.body_base64')})]",
        ),
        (  # SNS; a message that is no JSON is a notice to people
            f"{text('$.Type')} = 'Notification' and {kind('$.Message')} = 'VARCHAR'",
            f"[case when json_valid({text('$.Message')}) then {text('$.Message')} "
            f"else json_object('notice', {text('$.Message')})::varchar end]",
        ),
        (f"{kind('$.Sns')} = 'OBJECT'", "[json_extract(doc, '$.Sns')::varchar]"),
        (
            f"{kind('$.Message')} = 'VARCHAR' and {kind('$.TopicArn')} = 'VARCHAR' "
            f"and {kind('$.SubscribeURL')} is null",
            f"[{text('$.Message')}]",
        ),
        *(  # SQS, by Lambda and by ReceiveMessage
            (
                f"{kind(path_of(body))} = 'VARCHAR' and ({kind(path_of(name))} = 'VARCHAR'"
                f" or starts_with(ltrim({text(path_of(body))}), '{{'))",
                f"[{text(path_of(body))}]",
            )
            for body, name in (("body", "messageId"), ("Body", "MessageId"))
        ),
        (  # EventBridge
            f"{kind('$.detail')} = 'OBJECT'",
            "[json_extract(doc, '$.detail')::varchar]",
        ),
        # Firehose's HTTP delivery
        (f"{kind('$.data')} = 'VARCHAR' and {data} is not null", f"[{data}]"),
        *(
            (
                f"{kind(path_of(page))} = 'ARRAY'",
                f"json_extract(doc, {quoted(path_of(page) + '[*]')})::varchar[]",
            )
            for page in dict.fromkeys((*pages, *_PAGES))
        ),
    ]
