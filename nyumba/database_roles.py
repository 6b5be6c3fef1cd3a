"""What each process may do in PostgreSQL, and nothing more.

Invariant: every table and sequence is here, also one that nobody but the owner may touch: whoever adds one decides.
Rights are worded as GRANT words them. Triggers run with the rights of whoever fires them, so what they read and write
is granted as well; a cascade of a foreign key runs with the owner's. A row is only locked by who may UPDATE a column.
"""

from collections.abc import Mapping
from typing import Literal, get_args

RoleName = Literal["api", "indexer", "mail"]
ROLE_NAMES: tuple[RoleName, ...] = get_args(RoleName)

Grants = Mapping[RoleName, str]

READ_AND_WRITE = "SELECT, INSERT, UPDATE, DELETE"

TABLES: Mapping[str, Grants] = {
    "account_devices": {"api": "SELECT, INSERT, DELETE"},
    "agent_profiles": {"api": "SELECT, INSERT, UPDATE", "indexer": "SELECT (user_id, company_name)"},
    "agent_reviews": {"api": READ_AND_WRITE},
    "alembic_version": {"indexer": "SELECT"},
    "amenities": {"api": "SELECT, INSERT, DELETE", "indexer": "SELECT"},
    "features": {"api": "SELECT, INSERT, DELETE", "indexer": "SELECT"},
    "idempotency_keys": {"api": READ_AND_WRITE},
    "image_removals": {"api": READ_AND_WRITE},
    "mail_outbox": {  # the API seals tokens and never opens them; the id is what INSERT returns
        "api": "SELECT (id), INSERT (user_id, kind, sealed_token, expires_at)",
        "mail": "SELECT, UPDATE (lease_token, visible_at, attempts, reason, given_up_at, sealed_token), DELETE",
    },
    "one_time_tokens": {"api": READ_AND_WRITE},
    "price_changes": {"api": "SELECT, INSERT", "indexer": "SELECT"},
    "properties": {"api": READ_AND_WRITE, "indexer": "SELECT, UPDATE (search_version)"},
    "property_images": {"api": READ_AND_WRITE, "indexer": "SELECT"},
    "property_trends": {"api": "SELECT, INSERT, UPDATE", "indexer": "SELECT"},
    "property_views": {"api": READ_AND_WRITE},
    "rate_limits": {"api": READ_AND_WRITE},
    "saved_properties": {"api": "SELECT, INSERT, DELETE"},
    "search_dead": {"indexer": READ_AND_WRITE},
    "search_generations": {"indexer": "SELECT, INSERT, UPDATE"},
    "search_outbox": {"api": "SELECT, INSERT", "indexer": READ_AND_WRITE},
    "search_verifications": {"indexer": "SELECT, INSERT, DELETE"},
    "search_workers": {"indexer": READ_AND_WRITE},
    "token_families": {"api": READ_AND_WRITE},
    "trend_events": {"api": READ_AND_WRITE},
    "users": {  # nobody's role or address changes, and only the owner deactivates
        "api": "SELECT, INSERT, UPDATE (full_name, phone, avatar, password_hash, password_changed_at, is_verified)",
        "indexer": "SELECT (id, full_name, role, is_active)",
        "mail": "SELECT (id, email)",
    },
    "view_salts": {"api": "SELECT, INSERT, DELETE"},
}

# Those of identity columns are drawn from by INSERT, without a right of their own.
SEQUENCES: Mapping[str, Grants] = {
    "price_changes_id_seq": {},
    "search_dead_id_seq": {},
    "search_generations_epoch_seq": {"indexer": "USAGE"},  # names an index before its row is there
    "search_outbox_id_seq": {},
    "search_verifications_id_seq": {},
    "search_version_seq": {"api": "USAGE", "indexer": "SELECT, USAGE"},
}
