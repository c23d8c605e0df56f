{# UTM tagging: what is added to the links of a campaign (guide: UTM parameters). The parameters are in
   seeds/utm_parameters.csv. #}

{# A name as a slug: lower case, everything but letters and digits a hyphen. #}
{% macro slug(name) -%}
    trim(regexp_replace(lower(nfc_normalize({{ name }})), '[^\p{L}\p{Nd}]+', '-', 'g'), '-')
{%- endmacro %}


{# The part of a URL that is sent to the server: all before the fragment. #}
{% macro url_before_fragment(url) -%}
    regexp_extract({{ url }}, '^[^#]*')
{%- endmacro %}


{# The names of the parameters in a URL's query, decoded. What can't be decoded stands for itself.
   -- DuckDB only: lists, try() #}
{% macro query_parameter_names(url) -%}
    list_transform(
        str_split(regexp_extract({{ url_before_fragment(url) }}, '[?](.*)$', 1, 's'), '&'),
        lambda pair: coalesce(
            try(url_decode(replace(split_part(pair, '=', 1), '+', ' '))),
            split_part(pair, '=', 1)
        )
    )
{%- endmacro %}


{# The parameters, as name=value joined by &, that a URL doesn't have yet; empty where there are none.
   parameters is a list of (parameter, value) in order. -- DuckDB only: lists #}
{% macro missing_query(url, parameters) -%}
    coalesce(
        array_to_string(
            list_transform(
                list_filter(
                    {{ parameters }},
                    lambda item: not list_contains({{ query_parameter_names(url) }}, item.parameter)
                ),
                lambda item: url_encode(item.parameter) || '=' || url_encode(item.value)
            ),
            '&'
        ),
        ''
    )
{%- endmacro %}


{# A URL with the parameters that it doesn't have yet added to its query, before the fragment; what it
   has stays as it is, byte for byte. #}
{% macro tagged_url(url, parameters) -%}
    case
        when {{ missing_query(url, parameters) }} = '' then {{ url }}
        else
            {{ url_before_fragment(url) }}
            || case
                when not contains({{ url_before_fragment(url) }}, '?') then '?'
                when regexp_matches({{ url_before_fragment(url) }}, '[?&]$') then ''
                else '&'
            end
            || {{ missing_query(url, parameters) }}
            || substr({{ url }}, length({{ url_before_fragment(url) }}) + 1)
    end
{%- endmacro %}
