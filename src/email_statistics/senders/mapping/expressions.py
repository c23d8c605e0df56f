"""Pieces of SQL that sender modules and the query of all are made of."""

from __future__ import annotations

from collections.abc import Mapping

MACROS = r"""
-- Trimming is slow, and few texts need it: those with a blank (anything before '!') at an end.
-- For fields only: an expression would be worked out eight times. Those take clean.
create or replace macro blank_to_null(x) as nullif(case
    when x < '!' or x[-1] < '!' then trim(x, E' \t\r\n\f\x0b') else x end, '');
create or replace macro clean(x) as nullif(trim(x, E' \t\r\n\f\x0b'), '');
create or replace macro trimmed(x) as case
    when x < '!' or x[-1] < '!' then trim(x, E' \t\r\n\f\x0b') else x end;
create or replace macro address(x) as case when contains(x, '<')
    then clean(lower(regexp_extract(x, '<([^<>]*)>', 1))) else lower(blank_to_null(x)) end;
create or replace macro domain_of(x) as
    regexp_extract_all(lower(x), '@([^@\s<>]*[^@\s<>.])[.]?>?\s*$', 1)[1];
create or replace macro bare_id(x) as nullif(trim(x, E'<> \t\r\n'), '');
create or replace macro before(x, place) as
    case when place is null then x else substr(x, 1, place - 1) end;
create or replace macro first_item(x) as case
    when starts_with(ltrim(x), '[') then try(json_extract_string(x, '$[0]')) else x end;
create or replace macro is_number(x) as regexp_full_match(x, '-?\d+(\.\d+)?([eE][+-]?\d{1,2})?');
create or replace macro moment_of_epoch(d) as make_timestamp(floor(d * (case
    when d < 1e11::decimal(28, 9) then 1000000 when d < 1e14::decimal(28, 9) then 1000
    when d < 1e17::decimal(28, 9) then 1 end)::decimal(7, 0))::bigint);
create or replace macro moment_of_text(x) as case
    when regexp_matches(x, '^\d{4}-\d\d-\d\d')
    then try_cast(regexp_replace(x, ' ([+-]\d)', '\1') as timestamptz)::timestamp end;
create or replace macro moment(x) as case
    when regexp_full_match(x, '[0-9]{9,10}') then make_timestamp(x::bigint * 1000000)
    when is_number(trim(x)) and not starts_with(x, '-')
    then moment_of_epoch(try_cast(trim(x) as decimal(28, 9)))
    else moment_of_text(trim(x)) end;
create or replace macro money(x) as case
    when is_number(trim(x)) then try_cast(trim(x) as decimal(28, 12)) end;
create or replace macro currency_digits(c) as case
    when upper(c) in ('BIF', 'CLP', 'DJF', 'GNF', 'JPY', 'KMF', 'KRW', 'MGA', 'PYG', 'RWF', 'VND',
        'VUV', 'XAF', 'XOF', 'XPF') then 0
    when upper(c) in ('BHD', 'JOD', 'KWD', 'OMR', 'TND') then 3
    else 2 end;
create or replace macro rounded(amount, c) as case currency_digits(c)
    when 0 then round(amount, 0)::decimal(38, 12) when 3 then round(amount, 3)::decimal(38, 12)
    else round(amount, 2)::decimal(38, 12) end;
create or replace macro is_payable(amount, c) as amount is not null and amount >= 0
    and amount = round(amount, 2) and amount < 1e16::decimal(38, 12)
    and coalesce(regexp_full_match(upper(trim(c)), '[A-Z]{3}'), false);
create or replace macro truth(x) as try_cast(trim(x) as boolean);
"""
"""Small expressions that every sender module may use; they take text and give null for nonsense."""


def quoted(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def path_of(*keys: str) -> str:
    """The JSON path of nested keys, whatever characters they have."""
    escaped = (key.replace("\\", "\\\\").replace('"', '\\"') for key in keys)
    return "$" + "".join(f'."{key}"' for key in escaped)


def cases(value: str, mapping: Mapping[str, str], otherwise: str = "null") -> str:
    """A CASE of a value's texts; what isn't in the mapping is ``otherwise`` (SQL)."""
    branches = " ".join(f"when {quoted(key)} then {quoted(to)}" for key, to in mapping.items())
    return f"case {value} {branches} else {otherwise} end"


def filled(expression: str) -> str:
    """A field or another expression, null where it is blank."""
    return f"{'blank_to_null' if expression.isidentifier() else 'clean'}({expression})"


def first_of(*expressions: str) -> str:
    """The first that isn't blank."""
    return f"coalesce({', '.join(map(filled, expressions))}, null)"
