"""A query_id proves where it is from, without being kept."""

from uuid import UUID, uuid4

from hypothesis import given, settings
from hypothesis import strategies as st

from nyumba.events.query_ids import GOOD_FOR_S, QueryIds

NOW = 1_800_000_000.0
IDS = QueryIds("one secret of this installation")


@given(st.floats(min_value=0, max_value=GOOD_FOR_S - 1))
def test_own_id_is_known_for_two_days(age: float) -> None:
    query_id = IDS.make(NOW - age)
    assert (query_id.version, query_id.variant) == (8, "specified in RFC 4122")
    assert IDS.is_known(query_id, NOW)
    assert not IDS.is_known(query_id, NOW + GOOD_FOR_S + 1)


@given(st.integers(min_value=0, max_value=127))
@settings(max_examples=128)
def test_altered_id_is_unknown(bit: int) -> None:
    altered = UUID(int=IDS.make(NOW).int ^ (1 << bit))
    assert not IDS.is_known(altered, NOW)


def test_id_of_another_secret_or_of_chance_is_unknown() -> None:
    assert not QueryIds("another secret").is_known(IDS.make(NOW), NOW)
    assert not IDS.is_known(uuid4(), NOW)


def test_ids_differ() -> None:
    assert len({IDS.make(NOW) for _ in range(500)}) == 500  # 34 bits of chance in each millisecond
