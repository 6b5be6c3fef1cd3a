"""Tests of the indexer once more, with its processes and their operator's commands connected as its role."""

import pytest

from nyumba.database_roles import RoleName
from nyumba.settings import Settings
from tests.e2e.test_commands import following, test_change_made_in_psql_shows_up_in_search
from tests.integration.indexer.test_doctor import indexed, test_sound_system_is_fine
from tests.integration.indexer.test_follow import (
    test_metrics_tell_how_synchronization_stands,
    test_stop_leaves_an_alert_until_the_next_start,
)
from tests.integration.test_operate import (
    test_dead_are_listed_retried_and_dropped,
    test_rollback_shows_the_index_before_with_all_changes,
    test_status_of_a_well_index_has_no_advice,
    test_sweep_deletes_old_tombstones_unless_an_old_event_waits,
    test_sweep_deletes_what_retired_a_day_ago,
)
from tests.integration.test_processor import test_document_holds_what_the_row_does, test_refused_document_dies_alone
from tests.integration.test_reindex import (
    test_backfill_that_was_cut_short_is_resumed_behind_what_it_sent,
    test_changes_during_the_backfill_are_in_the_new_index,
    test_failed_reindex_leaves_no_index_behind,
    test_second_reindex_at_the_same_time_is_refused,
)
from tests.integration.test_verify import (
    test_one_property_can_be_looked_up,
    test_repair_is_no_change_to_the_owner,
    test_result_is_kept_for_status,
)


@pytest.fixture
def process() -> RoleName:
    return "indexer"
