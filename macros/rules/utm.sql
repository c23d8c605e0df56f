{# UTM tagging: what is added to the links of a campaign (guide: UTM parameters). The parameters are in
   seeds/utm_parameters.csv. #}

{# A name as a slug: lower case, everything but letters and digits a hyphen. #}
{% macro slug(name) -%}
    trim(both '-' from {{ replace_matches('lower(' ~ composed_text(name) ~ ')', '[^\\p{L}\\p{Nd}]+', '-') }})
{%- endmacro %}


{# The part of a URL that is sent to the server: all before the fragment. #}
{% macro url_before_fragment(url) -%}
    {{ extracted(url, '^([^#]*)', 1) }}
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
                when {{ matches(url_before_fragment(url), '[?&]\\z') }} then ''
                else '&'
            end
            || {{ missing_query(url, parameters) }}
            || substr({{ url }}, length({{ url_before_fragment(url) }}) + 1)
    end
{%- endmacro %}
