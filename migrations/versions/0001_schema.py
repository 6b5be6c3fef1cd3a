"""The tables of the blueprint."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("full_name", sa.String(length=200), nullable=False),
        sa.Column("phone", sa.String(length=32), nullable=True),
        sa.Column("avatar", sa.String(length=500), nullable=True),
        sa.Column("role", sa.String(length=16), server_default="buyer", nullable=False),
        sa.Column("is_verified", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("email = lower(email) AND email LIKE '%_@_%'", name=op.f("ck_users_email")),
        sa.CheckConstraint("role IN ('buyer', 'seller', 'agent', 'admin')", name=op.f("ck_users_role")),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("email", name="uq_users_email"),
    )
    op.create_index("ix_users_role", "users", ["role"])
    op.create_table(
        "agent_profiles",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("company_name", sa.String(length=200), nullable=True),
        sa.Column("license", sa.String(length=64), nullable=True),
        sa.Column("specializations", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("rating", sa.Numeric(precision=3, scale=2), nullable=True),
        sa.Column("review_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("properties_sold", sa.Integer(), server_default="0", nullable=False),
        sa.Column("bio", sa.String(), nullable=True),
        sa.Column("website", sa.String(length=500), nullable=True),
        sa.Column("facebook", sa.String(length=500), nullable=True),
        sa.Column("twitter", sa.String(length=500), nullable=True),
        sa.Column("linkedin", sa.String(length=500), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("properties_sold >= 0", name=op.f("ck_agent_profiles_properties_sold")),
        sa.CheckConstraint("rating BETWEEN 0 AND 5", name=op.f("ck_agent_profiles_rating")),
        sa.CheckConstraint("review_count >= 0", name=op.f("ck_agent_profiles_review_count")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_agent_profiles_user_id_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_agent_profiles"),
        sa.UniqueConstraint("license", name="uq_agent_profiles_license"),
        sa.UniqueConstraint("user_id", name="uq_agent_profiles_user_id"),
    )
    op.create_table(
        "properties",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=255), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("property_type", sa.String(length=16), nullable=False),
        sa.Column("listing_type", sa.String(length=8), nullable=False),
        sa.Column("price", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("bedrooms", sa.SmallInteger(), nullable=True),
        sa.Column("bathrooms", sa.Numeric(precision=4, scale=2), nullable=True),
        sa.Column("square_meters", sa.Numeric(precision=10, scale=2), nullable=True),
        sa.Column("address", sa.String(length=255), nullable=True),
        sa.Column("neighborhood", sa.String(length=100), nullable=True),
        sa.Column("city", sa.String(length=100), nullable=True),
        sa.Column("latitude", sa.Numeric(precision=10, scale=8), nullable=True),
        sa.Column("longitude", sa.Numeric(precision=11, scale=8), nullable=True),
        sa.Column("status", sa.String(length=16), server_default="active", nullable=False),
        sa.Column("year_built", sa.SmallInteger(), nullable=True),
        sa.Column("view_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("is_featured", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("source", sa.String(length=64), nullable=True),
        sa.Column("source_id", sa.String(length=128), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("listing_type IN ('sale', 'rent')", name=op.f("ck_properties_listing_type")),
        sa.CheckConstraint(
            "property_type <> 'land' OR coalesce(bedrooms, 0) = 0", name=op.f("ck_properties_land_has_no_bedrooms")
        ),
        sa.CheckConstraint(
            "property_type IN ('house', 'apartment', 'townhouse', 'land', 'commercial')",
            name=op.f("ck_properties_property_type"),
        ),
        sa.CheckConstraint(
            "status IN ('draft', 'active', 'under_offer', 'sold', 'let', 'withdrawn', 'expired')",
            name=op.f("ck_properties_status"),
        ),
        sa.CheckConstraint("title <> ''", name=op.f("ck_properties_title")),
        sa.CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", name=op.f("ck_properties_coordinates")),
        sa.CheckConstraint("(source IS NULL) = (source_id IS NULL)", name=op.f("ck_properties_source")),
        sa.CheckConstraint("bathrooms BETWEEN 0 AND 100", name=op.f("ck_properties_bathrooms")),
        sa.CheckConstraint("bedrooms BETWEEN 0 AND 100", name=op.f("ck_properties_bedrooms")),
        sa.CheckConstraint("latitude BETWEEN -90 AND 90", name=op.f("ck_properties_latitude")),
        sa.CheckConstraint("longitude BETWEEN -180 AND 180", name=op.f("ck_properties_longitude")),
        sa.CheckConstraint("price > 0", name=op.f("ck_properties_price")),
        sa.CheckConstraint("square_meters > 0", name=op.f("ck_properties_square_meters")),
        sa.CheckConstraint("view_count >= 0", name=op.f("ck_properties_view_count")),
        sa.CheckConstraint("year_built BETWEEN 1500 AND 2100", name=op.f("ck_properties_year_built")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_properties_user_id_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_properties"),
        sa.UniqueConstraint("source", "source_id", name="uq_properties_source_source_id"),
    )
    op.create_index("ix_properties_city", "properties", ["city"])
    op.create_index("ix_properties_neighborhood", "properties", ["neighborhood"])
    op.create_index("ix_properties_price", "properties", ["price"])
    op.create_index("ix_properties_status", "properties", ["status"])
    op.create_index("ix_properties_user_id", "properties", ["user_id"])
    op.create_table(
        "amenities",
        sa.Column("property_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint("name <> ''", name=op.f("ck_amenities_name")),
        sa.ForeignKeyConstraint(
            ["property_id"], ["properties.id"], name="fk_amenities_property_id_properties", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_amenities"),
        sa.UniqueConstraint("property_id", "name", name="uq_amenities_property_id_name"),
    )
    op.create_table(
        "features",
        sa.Column("property_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint("name <> ''", name=op.f("ck_features_name")),
        sa.ForeignKeyConstraint(
            ["property_id"], ["properties.id"], name="fk_features_property_id_properties", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_features"),
        sa.UniqueConstraint("property_id", "name", name="uq_features_property_id_name"),
    )
    op.create_table(
        "property_images",
        sa.Column("property_id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("is_primary", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("display_order", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint("display_order >= 0", name=op.f("ck_property_images_display_order")),
        sa.ForeignKeyConstraint(
            ["property_id"], ["properties.id"], name="fk_property_images_property_id_properties", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_property_images"),
    )
    op.create_index(
        "ix_property_images_property_id_display_order",
        "property_images",
        ["property_id", "display_order"],
        unique=False,
    )
    op.create_index(
        "uq_property_images_primary",
        "property_images",
        ["property_id"],
        unique=True,
        postgresql_where=sa.text("is_primary"),
    )
    op.create_table(
        "saved_properties",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("property_id", sa.Uuid(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["property_id"], ["properties.id"], name="fk_saved_properties_property_id_properties", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_saved_properties_user_id_users", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_saved_properties"),
        sa.UniqueConstraint("user_id", "property_id", name="uq_saved_properties_user_id_property_id"),
    )
    op.create_index("ix_saved_properties_property_id", "saved_properties", ["property_id"])


def downgrade() -> None:
    op.drop_table("saved_properties")
    op.drop_table("property_images")
    op.drop_table("features")
    op.drop_table("amenities")
    op.drop_table("properties")
    op.drop_table("agent_profiles")
    op.drop_table("users")
