"""Tests of images once more, with the API connected as its role."""

from tests.integration.images.conftest import gallery, owner, property_id
from tests.integration.images.test_removals import (
    test_objects_go_with_a_property_that_its_owner_removes,
    test_orphans_are_old_objects_that_no_row_names,
    test_removal_succeeds_once_the_storage_is_back,
)
from tests.integration.images.test_routes import (
    test_order_stays_as_it_was_put,
    test_parallel_removals_and_choices_leave_one_primary_image,
    test_uploaded_images_are_shown_with_the_property_and_can_be_fetched,
)
