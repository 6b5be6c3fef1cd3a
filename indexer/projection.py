"""From rows to documents: the statements that write the lines of bulk requests.

Invariant: PostgreSQL builds the documents, since work in Python for each row is what makes indexing slow, and what
belongs to properties is folded once for a whole batch. The fields are those of nyumba.search.document.PropertyDocument.
"""

from sqlalchemy import TextClause, bindparam, text

from nyumba.properties.vocabulary import PUBLIC_STATUSES


def _write_time(column: str) -> str:
    """A time as the API writes it: searches pass documents on as they are. Infinity stays a word, and is refused."""
    form = 'YYYY-MM-DD"T"HH24:MI:SS'
    chosen = f"""CASE date_trunc('second', {column}) WHEN {column} THEN '{form}"Z"' ELSE '{form}.US"Z"' END"""
    written = f"to_char({column} AT TIME ZONE 'UTC', {chosen})"
    return f"""'"' || coalesce(nullif({written}, ''), {column}::text) || '"'"""


# Each field but the id, as JSON or null.
_FIELDS = {
    "user_id": "to_json(p.user_id)",
    "title": "to_json(p.title)",
    "description": "to_json(p.description)",
    "property_type": "to_json(p.property_type)",
    "listing_type": "to_json(p.listing_type)",
    "status": "to_json(p.status)",
    "price": "p.price",
    "price_step": "trunc(p.price, 2 - length(trunc(p.price)::text))",
    "price_per_m2": "m.price",
    "price_per_m2_step": "trunc(m.price, 2 - length(trunc(m.price)::text))",
    "price_drop_pct": "c.drop_pct",
    "bedrooms": "p.bedrooms",
    "bathrooms": "p.bathrooms",
    "square_meters": "p.square_meters",
    "year_built": "p.year_built",
    "address": "to_json(p.address)",
    "neighborhood": "to_json(p.neighborhood)",
    "city": "to_json(p.city)",
    "trending": "t.trending",
    "popularity": "t.popularity",
    "latitude": "p.latitude",
    "longitude": "p.longitude",
    "location": """'{"lat":' || p.latitude || ',"lon":' || p.longitude || '}'""",
    "is_featured": "p.is_featured",
    "amenities": "coalesce(a.names, '[]')",
    "features": "coalesce(f.names, '[]')",
    "image_url": "to_json(i.url)",
    "agent": """json_build_object(
        'company', g.company_name, 'name', CASE WHEN g.user_id IS NOT NULL THEN u.full_name END)""",
    "created_at": _write_time("p.created_at"),
    "listed_at": _write_time("m.listed_at"),
}

_PAIRS = ", ".join(f"""',"{name}":', coalesce(({value})::text, 'null')""" for name, value in _FIELDS.items())
_LINES = f"""concat(
    '{{"index":{{"_id":"', p.id, '","version":', p.search_version, ',"version_type":"external_gte"}}}}', E'\\n',
    '{{"id":"', p.id, '"', {_PAIRS}, E'}}\\n')"""

_BATCH = """
    WITH page AS MATERIALIZED (SELECT * FROM properties WHERE status IN :public AND {which}),
    last AS (SELECT id FROM page ORDER BY id DESC LIMIT 1),
    a AS (SELECT property_id, json_agg(name ORDER BY name) AS names FROM amenities WHERE {whose} GROUP BY property_id),
    f AS (SELECT property_id, json_agg(name ORDER BY name) AS names FROM features WHERE {whose} GROUP BY property_id),
    i AS (
        SELECT DISTINCT ON (property_id) property_id, coalesce(card_url, url) AS url FROM property_images
        WHERE {whose} ORDER BY property_id, is_primary DESC, display_order, id),
    c AS (
        SELECT DISTINCT ON (property_id) property_id, min(changed_at) OVER (PARTITION BY property_id) AS listed_at,
            CASE WHEN price < previous_price
                THEN round(100 * (previous_price - price) / nullif(previous_price, 0), 2) END AS drop_pct
        FROM price_changes WHERE {whose} ORDER BY property_id, id DESC),
    t AS (SELECT property_id, trending, popularity FROM property_trends WHERE {whose})
    SELECT {columns}
    FROM page p
    JOIN users u ON u.id = p.user_id
    LEFT JOIN agent_profiles g ON g.user_id = p.user_id AND u.role = 'agent' AND u.is_active
    LEFT JOIN a ON a.property_id = p.id
    LEFT JOIN f ON f.property_id = p.id
    LEFT JOIN i ON i.property_id = p.id
    LEFT JOIN c ON c.property_id = p.id
    LEFT JOIN t ON t.property_id = p.id,
    LATERAL (
        SELECT round(p.price / p.square_meters, 2) AS price, coalesce(c.listed_at, p.created_at) AS listed_at) m"""
_LAST = "(SELECT id FROM last)"


def _select(*, which: str, whose: str, columns: str) -> TextClause:
    statement = text(_BATCH.format(which=which, whose=whose, columns=columns))
    return statement.bindparams(bindparam("public", PUBLIC_STATUSES, expanding=True))


# A row for each property: its id, its version, its two lines.
SELECT_BY_IDS = _select(
    which="id = ANY(:ids)", whose="property_id = ANY(:ids)", columns=f"p.id, p.search_version, {_LINES}"
)

# One row for all the properties that follow a key: how many there are, the last one's key, and the lines of all.
SELECT_CHUNK = _select(
    which="id > :after ORDER BY id LIMIT :limit",
    whose=f"property_id > :after AND property_id <= {_LAST}",
    columns=f"count(*), {_LAST}, string_agg({_LINES}, '')",
)
