"""``senders.yml``: what a team's own set-up says of each sender, one file per lake.

Nothing secret stands in it: keys, passwords and tokens are named by environment variables.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from email_statistics.errors import UsageError, suggest
from email_statistics.senders import catalog
from email_statistics.senders.writing import schemas

FILE_NAME = "senders.yml"
"""The profile's name in its lake; ``--profile`` names another file."""

# One Literal, not a union of several: a wrong name is answered with all that it could be.
EventType = Literal[
    "targeted",
    "skipped",
    "failed",
    "accepted",
    "sent",
    "deferred",
    "rejected",
    "delivered",
    "soft_bounced",
    "hard_bounced",
    "opened",
    "clicked",
    "replied",
    "unsubscribed",
    "complained",
]
SourceType = Literal["campaign", "workflow", "bulk", "transactional"]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
BEGINNING = datetime(2000, 1, 1)
"""Settings hold from here (UTC) where the profile gives no ``valid_from``."""


class ProfileError(UsageError):
    """The profile can't be used; the text names the first wrong line and what to write."""


def _is_variable_name(value: str) -> str:
    if not value.replace("_", "A").isalnum() or not value.isascii() or value.upper() != value:
        raise ValueError(
            "write the name of an environment variable in capitals (SENDGRID_WEBHOOK_KEY), "
            "never the secret itself"
        )
    return value


VariableName = Annotated[Text, AfterValidator(_is_variable_name)]


def _stays(parameter: str) -> str:
    if parameter.casefold().startswith("utm_"):
        raise ValueError("utm_ parameters stay: they tell campaigns apart")
    return parameter


def _is_time_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("write an IANA time zone such as UTC or Europe/Berlin")
    return name


def _as_utc(value: date | datetime) -> datetime:
    if not isinstance(value, datetime):
        return datetime.combine(value, time())
    return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_keys(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        names = [field.alias or name for name, field in cls.model_fields.items()]
        for key in values:
            if key not in names and key not in cls.model_fields:
                raise PydanticCustomError(
                    "unknown_key",
                    "unknown key '{key}': {advice}",
                    {"key": str(key), "advice": suggest(str(key), names)},
                )
        return values


class SourceSettings(_Model):
    """Which campaign, workflow or stream an email is of, where the payload alone can't say."""

    default: Text | None = None
    name: Text | None = None
    type: SourceType = "campaign"
    from_: list[Text] | None = Field(default=None, alias="from", min_length=1)


class DomainSettings(_Model):
    """What a sending domain measures, from ``valid_from`` on."""

    open_tracking: bool = True
    click_tracking: bool = True
    dedicated: bool = False
    event_types: list[EventType] | None = Field(default=None, min_length=1)
    valid_from: Annotated[date | datetime, AfterValidator(_as_utc)] | None = None


class ColumnSettings(_Model):
    """How one column of a raw table is filled from a file of anybody's."""

    field: Text | None = None
    constant: str | int | float | bool | None = None
    values: dict[str, str | None] | None = None
    time_format: Text | None = None
    time_zone: Annotated[Text, AfterValidator(_is_time_zone)] | None = None

    @model_validator(mode="after")
    def _has_one_origin(self) -> ColumnSettings:
        if (self.field is None) == (self.constant is None):
            raise ValueError("give either 'field' or 'constant'")
        return self


class TableSettings(_Model):
    """One raw table, filled from a file of anybody's."""

    columns: dict[Text, ColumnSettings | Text] = Field(min_length=1)
    where: dict[Text, list[str]] = {}


class Section(_Model):
    """What ``senders.yml`` says of one sender."""

    source: SourceSettings = SourceSettings()
    contact: Text | None = None
    variant: Text | None = None
    domains: dict[Text, DomainSettings] = {}
    strip_parameters: list[Annotated[Text, AfterValidator(_stays)]] = []
    first_opens_only: bool = False
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = None
    shops: dict[Text, Text] = {}
    tables: dict[str, TableSettings] = {}
    signing_key: VariableName | None = None
    basic_auth: VariableName | None = None
    bearer: VariableName | None = None
    topic_arns: list[Text] = []
    public_url: Text | None = None


class _File(_Model):
    orders: list[Text] | None = None
    senders: dict[str, Section | None] = {}


class Profile(Section):
    """One sender's settings, and whether the file names that sender at all.

    ``counts_orders`` is false where ``orders:`` names other systems: then this sender's orders are
    the same money told twice.
    """

    sender: str
    is_named: bool = False
    counts_orders: bool = True

    def fingerprint(self) -> str:
        """A hash of all settings that shape rows; those of the webhook don't."""
        shaping = self.model_dump_json(
            exclude={"signing_key", "basic_auth", "bearer", "topic_arns", "public_url", "is_named"}
        )
        return hashlib.sha256(shaping.encode()).hexdigest()


def profile_path(lake: Path, given: Path | None = None) -> Path | None:
    """The profile in force: ``given`` (``--profile``), else the lake's ``senders.yml`` if any."""
    if given is not None:
        return given
    path = lake / FILE_NAME
    return path if path.exists() else None


def read_profiles(path: Path) -> dict[str, Profile]:
    """Every sender that a profile names, with its settings.

    Raises ProfileError: one sentence with file, line, what is wrong and what to write.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text) or {}
    except (OSError, UnicodeDecodeError) as error:
        raise ProfileError(f"The profile {path} can't be read ({error}).") from error
    except yaml.MarkedYAMLError as error:
        place = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ProfileError(f"The profile {path}{place} is no YAML: {error.problem}.") from error
    try:
        file = _File.model_validate(content)
        for name, section in file.senders.items():
            _check_section(name, section or Section())
        _check_orders(file.orders or [])
    except ValidationError as error:
        problems = [(_line_of(tree, problem), problem) for problem in error.errors()]
        line, problem = min(problems, key=lambda each: each[0])
        raise ProfileError(f"The profile {path}, line {line}: {_sentence(problem)}") from error
    except _WrongValueError as error:
        line = _line_of(tree, {"loc": error.location, "ctx": {}})
        raise ProfileError(f"The profile {path}, line {line}: {error}") from error
    return {
        name: Profile(
            sender=name,
            is_named=True,
            counts_orders=file.orders is None or name in file.orders,
            **dict(section or Section()),
        )
        for name, section in file.senders.items()
    } | {
        # A sender that only ``orders:`` silences has no section of its own.
        name: Profile(sender=name, counts_orders=name in (file.orders or []))
        for name in catalog.NAMES
        if file.orders is not None and name not in file.senders
    }


def read_profile(path: Path | None, sender: str) -> Profile:
    """One sender's settings; the defaults where there is no profile or it doesn't name it."""
    profiles = read_profiles(path) if path else {}
    return profiles.get(sender) or Profile(sender=sender)


class _WrongValueError(ValueError):
    def __init__(self, location: tuple[str | int, ...], text: str) -> None:
        super().__init__(text)
        self.location = location


def _check_section(name: str, section: Section) -> None:
    """Check what only the sender's own module knows: its name, its fields and its settings."""
    where = ("senders", name)
    if name not in catalog.NAMES:
        raise _WrongValueError(
            where, f"there is no sender '{name}': {suggest(name, catalog.NAMES)}"
        )
    sender = catalog.get(name)
    fields: list[tuple[tuple[str | int, ...], str | None]] = [
        *(
            (("source", "from", number), field)
            for number, field in enumerate(section.source.from_ or [])
        ),
        (("contact",), section.contact),
        (("variant",), section.variant),
    ]
    for key, field in fields:
        if field and not sender.knows_field(field):
            raise _WrongValueError(
                (*where, *key),
                f"{name} has no field '{field}': {suggest(field, sender.field_names(field))}",
            )
    if section.tables and name != "table":
        raise _WrongValueError(
            (*where, "tables"), f"'tables' belongs to the sender 'table', not to {name}."
        )
    for table, settings in section.tables.items():
        if table not in schemas():
            raise _WrongValueError(
                (*where, "tables", table),
                f"there is no table '{table}': {suggest(table, schemas())}",
            )
        for column in settings.columns:
            if column not in schemas()[table].names:
                raise _WrongValueError(
                    (*where, "tables", table, "columns", column),
                    f"{table} has no column '{column}': {suggest(column, schemas()[table].names)}",
                )


def _check_orders(names: list[str]) -> None:
    for number, name in enumerate(names):
        if name not in catalog.NAMES:
            raise _WrongValueError(
                ("orders", number), f"there is no sender '{name}': {suggest(name, catalog.NAMES)}"
            )


def _sentence(problem: Mapping[str, Any]) -> str:
    """Word a problem without its value, which might be a secret."""
    if problem["type"] == "unknown_key":
        return f"{problem['msg']}"
    # Members of a union are no keys of the file.
    keys = [str(part) for part in problem["loc"] if part not in ("from_", "str")]
    place = ".".join(key for key in keys if "[" not in key)
    return f"'{place}': {problem['msg'].removeprefix('Value error, ')}."


def _line_of(tree: yaml.Node | None, problem: Mapping[str, Any]) -> int:
    """The line, from 1, of the deepest node on the way to a problem."""
    way = [*problem["loc"], *filter(None, [(problem.get("ctx") or {}).get("key")])]
    line = 1
    for mark_line in _lines(tree, way):
        line = mark_line
    return line


def _lines(node: yaml.Node | None, way: list[str | int]) -> Iterator[int]:
    for part in way:
        if isinstance(node, yaml.MappingNode):
            found = [pair for pair in node.value if pair[0].value == str(part)]
            if not found:
                continue  # pydantic names the member of a union, which isn't in the file
            key, node = found[0]
            yield key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
            yield node.start_mark.line + 1


def secret(variable: str | None) -> str | None:
    """The value of a variable that the profile names; null where it is unset or empty."""
    return (os.environ.get(variable) or None) if variable else None
