"""Tests of the API once more, with the API connected as its role, and the indexer as its own."""

from tests.e2e.test_listing_reaches_search import (
    path,
    test_created_property_is_found,
    test_deleted_property_is_found_no_more,
    test_edited_property_is_found_as_it_is_now,
    test_property_off_the_market_leaves_the_search_and_may_come_back,
)
from tests.integration.accounts.conftest import accounts, hashed, settings
from tests.integration.accounts.test_access_matrix import test_every_cell_is_true
from tests.integration.accounts.test_families import (
    person,
    test_each_refresh_gives_other_tokens_that_work,
    test_expired_families_are_swept_by_later_logins,
    test_logout_ends_the_family_and_nothing_else,
    test_replay_ends_the_family,
)
from tests.integration.accounts.test_passwords import (
    test_changing_the_password_logs_out_everywhere,
    test_hash_is_brought_to_the_cost_of_today,
    test_link_lives_for_its_time_and_is_stored_as_a_hash,
    test_reset_logs_out_everywhere_and_verifies,
)
from tests.integration.accounts.test_registration import (
    test_answer_is_the_same_for_an_address_that_is_taken,
    test_mailed_link_verifies_once,
    test_own_account_is_read_and_changed,
)
from tests.integration.agents.conftest import add_agent, agent, client
from tests.integration.agents.test_profiles import test_what_is_left_out_stays_and_null_empties
from tests.integration.agents.test_reviews import (
    test_review_taken_back_is_gone,
    test_what_is_left_out_of_a_change_stays,
)
from tests.integration.agents.test_sales import test_sale_counts_and_makes_one_event
from tests.integration.properties.conftest import listings, owner
from tests.integration.properties.test_history import test_price_drop_can_be_shown
from tests.integration.properties.test_idempotency import (
    test_answer_is_that_of_the_first_time,
    test_key_is_forgotten_after_a_day,
)
from tests.integration.properties.test_writing import (
    test_removed_property_is_gone_with_all_that_hung_on_it,
    test_words_are_replaced_as_a_whole_and_texts_are_trimmed,
)
from tests.integration.saved.test_saved import test_deleted_property_vanishes
from tests.integration.trending.test_trends import (
    test_events_of_days_that_are_over_are_forgotten_and_stay_counted,
    test_one_visitor_hammering_counts_as_one,
    test_published_trend_reaches_the_index,
)
from tests.integration.views.test_folding import (
    test_days_that_are_over_are_forgotten_when_they_are_counted,
    test_views_are_added_once,
)
from tests.integration.views.test_noting import test_visitor_counts_once_for_each_property
