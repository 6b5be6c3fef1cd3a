"""What typed queries are understood as, by example; how often, the judged set says."""

import pytest

from nyumba.search.interpret.interpreter import interpret


def read(text: str, *, forgive: bool = True) -> tuple[dict[str, list[object]], str]:
    found = interpret(text, forgive=forgive)
    values: dict[str, list[object]] = {}
    for entry in found.filters:
        known = values.setdefault(entry.param, [])
        known += [value for value in entry.values if value not in known]
    return values, found.rest


def test_every_filter_says_which_words_it_came_from() -> None:
    found = interpret("2 bedroom apartment in kilimani under 80k with pool")
    assert [(entry.text, entry.param, entry.values) for entry in found.filters] == [
        ("2 bedroom", "bedrooms", (2,)),
        ("apartment", "property_type", ("apartment",)),
        ("kilimani", "neighborhood", ("Kilimani",)),
        ("under 80k", "price_max", (80_000,)),
        ("pool", "amenities", ("swimming pool",)),
    ]
    assert found.rest == ""


def test_what_is_not_understood_stays_as_it_was_typed() -> None:
    assert read("Sunny  Penthouse, kilimani")[1] == "Sunny Penthouse"
    assert read("jacaranda Close")[1] == "jacaranda Close"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("under 2.5m", {"price_max": [2_500_000]}),
        ("ksh 45,000", {"price_max": [45_000]}),
        ("80 000", {"price_max": [80_000]}),
        ("elfu ishirini na tano", {"price_max": [25_000]}),
        ("between 30 and 50k", {"price_min": [30_000], "price_max": [50_000]}),
        ("50k na chini", {"price_max": [50_000]}),
        ("30k or more", {"price_min": [30_000]}),
        ("min 20k max 30k", {"price_min": [20_000], "price_max": [30_000]}),
        ("around 100k", {"price_min": [90_000], "price_max": [110_000]}),
        ("20k+", {"price_min": [20_000]}),
        ("25k bob", {"price_max": [25_000]}),
        ("kes 25,000.00", {"price_max": [25_000]}),
        ("starting 20k", {"price_min": [20_000]}),
        ("20k kwenda juu", {"price_min": [20_000]}),
        ("20k kushuka", {"price_max": [20_000]}),
        ("fifty thousand", {"price_max": [50_000]}),
        ("twenty-five thousand", {"price_max": [25_000]}),
        ("elfu arobaini", {"price_max": [40_000]}),
        ("20000pm", {"price_max": [20_000], "listing_type": ["rent"]}),
    ],
)
def test_price_words(text: str, wanted: dict[str, list[object]]) -> None:
    assert read(text) == (wanted, "")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2BR/2BA", {"bedrooms": [2], "bathrooms_min": [2]}),
        ("Bedrooms: 3, bathrooms: 2", {"bedrooms": [3], "bathrooms_min": [2]}),
        ("Bedrooms: 3 bathrooms: 2", {"bedrooms": [3], "bathrooms_min": [2]}),
        ("chumba kimoja elfu kumi na mbili", {"bedrooms": [1], "price_max": [12_000]}),
        ("vyumba 2 elfu 20", {"bedrooms": [2], "price_max": [20_000]}),
        ("vyumba viwili bafu moja", {"bedrooms": [2], "bathrooms_min": [1]}),
        ("bafu mbili vyumba vitatu", {"bathrooms_min": [2], "bedrooms": [3]}),
        ("bedrooms 3 bathrooms 2", {"bedrooms": [3], "bathrooms_min": [2]}),
        ("vyumba vitatu au zaidi", {"bedrooms_min": [3]}),
        ("vyumba viwili au vitatu", {"bedrooms": [2, 3]}),
        ("vyumba 2 hadi 4", {"bedrooms": [2, 3, 4]}),
        ("kati ya elfu kumi na ishirini", {"price_min": [10_000], "price_max": [20_000]}),
        ("laki mbili hadi tatu", {"price_min": [200_000], "price_max": [300_000]}),
        ("50 kwa 100", {"square_meters_min": [418], "square_meters_max": [511], "property_type": ["land"]}),
        ("1/8th acre", {"square_meters_min": [455], "square_meters_max": [557], "property_type": ["land"]}),
        ("one eighth acre", {"square_meters_min": [455], "square_meters_max": [557], "property_type": ["land"]}),
        ("vyumba 3, kilimani", {"bedrooms": [3], "neighborhood": ["Kilimani"]}),
        ("2 and 3 bedrooms", {"bedrooms": [2, 3]}),
        ("between 2 and 4 bedrooms", {"bedrooms": [2, 3, 4]}),
        ("2 and 4 bedrooms", {"bedrooms": [2, 4]}),
        ("80k and 2 bedrooms", {"price_max": [80_000], "bedrooms": [2]}),
        ("2 bathrooms and 3 bedrooms", {"bathrooms_min": [2], "bedrooms": [3]}),
        ("quarter-acre", {"square_meters_min": [910], "square_meters_max": [1113], "property_type": ["land"]}),
        ("flat master en-suite", {"property_type": ["apartment"], "features": ["master ensuite"]}),
        ("nyumba rahisi", {"property_type": ["house", "townhouse", "apartment"], "sort": ["price"]}),
        ("flats in kilimani nairobi kenya", {
            "property_type": ["apartment"], "neighborhood": ["Kilimani"], "city": ["Nairobi", "Nairobi City"]
        }),
    ],
)  # fmt: skip
def test_ways_to_write_what_is_wanted(text: str, wanted: dict[str, list[object]]) -> None:
    assert read(text) == (wanted, "")


@pytest.mark.parametrize(
    "refused",
    ["not in westlands", "un furnished", "outside nairobi", "excluding kilimani", "other than kilimani",
     "anywhere but karen", "don't want bedsitter", "haina lift", "instead of land",
     "10 minutes to cbd", "5 mins drive to cbd"],
)  # fmt: skip
def test_what_is_not_wanted_and_what_is_only_near_stays_text(refused: str) -> None:
    assert read(f"2 bedroom {refused}") == ({"bedrooms": [2]}, refused)


def test_a_drive_is_a_name_also_where_it_is_to_let() -> None:
    assert read("riverside drive to let") == ({"listing_type": ["rent"]}, "riverside drive")


def test_the_country_counts_where_it_is_a_part_of_a_name() -> None:
    assert read("house in nanyuki kenya, mount kenya view")[1] == "mount kenya view"
    assert read("kileleshwa kenya high school") == ({"neighborhood": ["Kileleshwa"]}, "kenya high school")


@pytest.mark.parametrize(
    "text",
    ["2015", "0712345678", "A12", "EN-0042", "12345", "under 80", "2 by 2 shop", "4th floor", "room 3", "50%", "3rd",
     "Rent House Road", "garden city mall", "no pool", '"2 bedroom"', "rent to own", "annex", "1/0 acre", "rent3d",
     "gym24", "semi furnished", "kenya", "25.000.0"],
)  # fmt: skip
def test_traps_are_no_filters(text: str) -> None:
    assert read(text) == ({}, text)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("annex eldoret", {"neighborhood": ["Annex"], "city": ["Eldoret"]}),
        ("in annex", {"neighborhood": ["Annex"]}),
        ("within annex", {"neighborhood": ["Annex"]}),
        ("ruaka, nairobi", {"place": ["Ruaka"]}),
        ("lang'ata", {"neighborhood": ["Langata", "Lang'ata"]}),
        ("kimumu eldoret", {"neighborhood": ["Kimumu"], "city": ["Eldoret"]}),
        ("ngumba", {"neighborhood": ["Ngumba"]}),
        ("upperhill", {"neighborhood": ["Upper Hill", "Upperhill"]}),
        ("nakuru county", {"place": ["Nakuru", "Naivasha", "Gilgil", "Molo", "Njoro"]}),
    ],
)
def test_places(text: str, wanted: dict[str, list[object]]) -> None:
    found, rest = read(text)
    assert {name: values for name, values in found.items() if name in wanted} == found
    assert all(set(found[name]) >= set(values) for name, values in wanted.items())
    assert rest == ""


def test_near_a_place_stays_text_for_sellers_say_what_is_near() -> None:
    assert read("bedsitter near westlands") == ({"bedrooms": [0]}, "near westlands")


@pytest.mark.parametrize("text", ["usd 5000", "$2,000", "under 900 euros", "2k usd", "£5 million", "dollars"])
def test_amounts_in_other_currencies_than_shillings_stay_text(text: str) -> None:
    assert read(f"karen {text} 3 bedroom") == ({"neighborhood": ["Karen"], "bedrooms": [3]}, text)


@pytest.mark.parametrize("text", ["for sale or rent", "rent/buy", "for sale and to let", "kuuza au ya kupanga"])
def test_sale_or_rent_is_either(text: str) -> None:
    assert read(f"{text} karen") == read(f"karen {text}") == ({"neighborhood": ["Karen"]}, "")


@pytest.mark.parametrize("text", ["for sale for rent", "rent to buy"])
def test_sale_and_rent_that_are_no_choice_stay_text(text: str) -> None:
    assert read(text) == ({}, text)


@pytest.mark.parametrize(
    "text",
    ["properties in karen", "Karen Properties", "karen real estate", "house hunting karen", "inside karen",
     "show me a property in karen asap", "the best listings in karen", "nahitaji property karen haraka",
     "where can i get a place within karen"],
)  # fmt: skip
def test_words_that_ask_for_nothing_go(text: str) -> None:
    assert read(text) == ({"neighborhood": ["Karen"]}, "")


def test_property_beside_other_words_goes_and_alone_asks_for_everything() -> None:
    assert read("property windmill") == ({}, "windmill")
    assert read("properties") == ({}, "")
    assert read("property with pool") == ({}, "pool")


def test_agency_keeps_its_name() -> None:
    assert read("hass properties karen") == ({"neighborhood": ["Karen"]}, "hass properties")


@pytest.mark.parametrize("refusal", ["un-furnished", "non-furnished", "unfurnished", "no pool", "non - furnished"])
def test_refusals_stay_text(refusal: str) -> None:
    assert read(f"2 bedroom {refusal}") == ({"bedrooms": [2]}, refusal)


def test_united_nations_refuse_nothing() -> None:
    assert read("flat near UN gigiri")[0] == {"property_type": ["apartment"], "neighborhood": ["Gigiri"]}


@pytest.mark.parametrize("text", ["kisumo eldoret", "eldoret, kisumo", "kisumo rongai", "ongata rongai kisumo"])
def test_mistyped_city_beside_another_town_is_none(text: str) -> None:
    assert "Kisumu" not in read(text)[0].get("city", [])


@pytest.mark.parametrize("text", ["kisumo milimani", "kisumo", "nairobi, nairobbi", "nairobbi ruaka"])
def test_mistyped_city_is_known_where_nothing_speaks_against_it(text: str) -> None:
    found, rest = read(text)
    assert "city" in found
    assert rest == ""


@pytest.mark.parametrize("text", ["mathari", "kibiku", "rongo", "chaka"])
def test_places_of_their_own_are_no_mistyped_ones(text: str) -> None:
    assert read(text) == ({}, text)


def test_second_price_that_contradicts_the_first_stays_text() -> None:
    assert read("under 50k under 80k") == ({"price_max": [50_000]}, '"under 80k"')


def test_acres_of_a_house_are_not_its_size() -> None:
    assert read("bungalow on half acre") == ({}, "bungalow on half acre")
    assert read("half acre")[0] == {
        "square_meters_min": [1821], "square_meters_max": [2226], "property_type": ["land"]
    }  # fmt: skip


def test_nyumba_is_any_dwelling_and_narrowed_by_the_words_beside_it() -> None:
    assert set(read("nyumba")[0]["property_type"]) == {"house", "townhouse", "apartment"}
    assert read("nyumba apartment")[0]["property_type"] == ["apartment"]
    assert read("nyumba apartment 1 bedroom")[0]["property_type"] == ["apartment"]


def test_house_of_one_room_or_one_bedroom_is_any_dwelling() -> None:
    for text in ("bedsitter house", "1 bedroom house", "one bedroom house for rent", "1 or 2 bedroom house nyumba"):
        assert set(read(text)[0]["property_type"]) == {"house", "townhouse", "apartment"}
    assert read("2 bedroom house")[0]["property_type"] == ["house", "townhouse"]


def test_one_amenity_alone_is_looked_for_everywhere() -> None:
    assert read("garden") == ({}, "garden")
    assert read("bungalow with garden") == ({"amenities": ["garden"]}, "bungalow")


def test_mistyped_words_are_known_unless_told_otherwise() -> None:
    assert read("apartmnt kilelshwa") == ({"property_type": ["apartment"], "neighborhood": ["Kileleshwa"]}, "")
    assert read("apartmnt kilelshwa", forgive=False) == ({}, "apartmnt kilelshwa")


@pytest.mark.parametrize("text", ["horse", "planet", "packing", "tutor", "theme"])
def test_everyday_words_are_no_mistyped_ones(text: str) -> None:
    assert read(text) == ({}, text)


def test_accents_and_case_do_not_matter() -> None:
    assert read("KÍLIMANI Appartment") == read("kilimani apartment")
