{# Which links can be tracked. #}

{# Why a URL can't be tracked, null where it can. White space is Unicode's. #}
{% macro url_exclusion(url) -%}
    {%- set http_url -%}
        [Hh][Tt][Tt][Pp][Ss]?://[A-Za-z0-9-]+([.][A-Za-z0-9-]+)*(:[0-9]+)?([/?#][^{{ white_space() }}]*)?
    {%- endset -%}
    case
        when {{ matches(url, '([{]|%7[Bb]){2}|([}]|%7[Dd]){2}') }} then 'unresolved_merge_field'
        when not coalesce({{ matches(url, '^[Hh][Tt][Tt][Pp][Ss]?://') }}, false) then 'not_http'
        when not {{ matches_whole(url, http_url) }} then 'malformed_url'
    end
{%- endmacro %}


{# Why a link can't be tracked: its type, else its URL. #}
{% macro link_exclusion(link_type, url) -%}
    case
        when {{ link_type }} = 'trigger' then 'trigger_link'
        when {{ link_type }} in ('preview', 'unsubscribe', 'affiliate') then 'system_link'
        else {{ url_exclusion(url) }}
    end
{%- endmacro %}
