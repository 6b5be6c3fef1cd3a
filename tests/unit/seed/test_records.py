"""What every generated record keeps: the schema's limits, and nothing but the truth in its texts."""

import re
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nyumba.intake.records import PropertyRecord
from nyumba.seed.generator import generate
from nyumba.seed.places import Place, load_places

TODAY = date(2026, 11, 23)
PLACES = {(place.city, place.neighborhood): place for place in load_places()}
NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7}
SWAHILI = {"chumba kimoja": 1, "vyumba viwili": 2, "vyumba vitatu": 3, "vyumba vinne": 4, "vyumba vitano": 5}
STATUSES = {
    "sale": {"active", "under_offer", "sold", "withdrawn"},
    "rent": {"active", "under_offer", "let", "withdrawn"},
}
# What a text says, and what the record must have then.
CLAIMS = {
    r"\bpool\b": "swimming pool",
    r"\bgym\b": "gym",
    r"\blift\b": "lift",
    r"\bborehole\b": "borehole",
    r"\bgenerator\b": "backup generator",
    r"\bdsq\b|with sq\b(?! ft)": "dsq",
    r"\bgarden\b": "garden",
    r"\bbalcony\b": "balcony",
    r"\bcctv\b": "cctv",
    r"\bparking\b": "parking",
    r"\bfireplace\b": "fireplace",
    r"\bsolar\b": "solar water heating",
    r"\bfibre\b": "fibre internet",
    r"\bloading bay\b": "loading bay",
    r"all (bedrooms are )?en-?suite|every bedroom has its own": "all ensuite",
    r"master (bedroom )?(is )?ensuite": "master ensuite",
    r"\bgated\b": "gated community",
    r"own compound": "own compound",
    r"furnished": "furnished",
    r"title deed|hati miliki": "ready title deed",
    r"corner plot": "corner plot",
    r"installment": "installment plan",
    r"freehold": "freehold",
    r"\bsea view\b|\bocean\b": "sea view",
    r"\blake\b": "lake view",
    r"ground floor": "ground floor",
    r"spacious": "spacious rooms",
    r"open plan": "open plan kitchen",
    r"river": "river frontage",
    r"usalama masaa 24|24-hour security": "24 hour security",
    r"piped water|maji ya mfereji": "piped water",
    r"barabara ni ya lami|\btarmac\b": "tarmac access",
}
RENT_WORDS = re.compile(r"\bto let\b|\bfor rent\b|\brent\b|per month|\bkupangi?sha\b|\bkupanga\b|\bkodi\b")
SALE_WORDS = re.compile(r"\bfor sale\b|asking|selling|negotiable|\bkuuza\b|nauzwa\b|buyers")


def read_text(record: PropertyRecord) -> str:
    """Title and description in lower case, without the names of places, which hold words such as garden."""
    text = f"{record.title}\n{record.description or ''}".lower()
    place = place_of(record)
    for name in sorted((place.city, place.name, *place.roads, *place.near), key=len, reverse=True):
        text = text.replace(name.lower(), "@")
    return text


def place_of(record: PropertyRecord) -> Place:
    assert record.city is not None
    return PLACES[record.city, record.neighborhood]


def check_schema(record: PropertyRecord) -> None:
    assert 0 < len(record.title) <= 255
    assert 0 < record.price < Decimal(10) ** 10
    assert record.square_meters is not None
    assert 0 < record.square_meters < 10**8
    assert record.status in STATUSES[record.listing_type]
    assert re.fullmatch(r"\d{7}", record.source_id)
    for words in (record.amenities, record.features):
        assert len(set(words)) == len(words)
        assert all(word == word.lower() and 0 < len(word) <= 100 for word in words)
    assert 2 <= len(record.amenities) <= 12
    assert (record.latitude is None) == (record.longitude is None)
    if record.latitude is not None and record.longitude is not None:
        assert -5 < record.latitude < 5
        assert 34 < record.longitude < 42


def check_kind(record: PropertyRecord) -> None:
    if record.property_type in {"land", "commercial"}:
        assert record.bedrooms is None
        assert record.bathrooms is None
    else:
        assert record.bedrooms is not None
        assert record.bathrooms is not None
        assert 1 <= record.bathrooms <= record.bedrooms + 1
        assert record.bedrooms > 0 or record.property_type == "apartment"
    if "bungalow" in record.title.lower():
        assert "balcony" not in record.amenities
    if record.property_type == "land":
        assert record.year_built is None
        assert record.listing_type == "sale"
    assert record.year_built is None or 1950 < record.year_built < TODAY.year


def check_sizes(record: PropertyRecord, text: str) -> None:
    for number in re.findall(r"(\d+|[a-z]+)[- ]?(?:bedrooms?|bed|br)\b", text):
        if number.isdigit() or number in NUMBERS:
            assert int(NUMBERS.get(number, 0) or number) == record.bedrooms
    for number in re.findall(r"([a-z]+) bathrooms?\b", text):
        if number in NUMBERS:
            assert NUMBERS[number] == record.bathrooms
    for phrase, number in SWAHILI.items():
        assert phrase not in text or number == record.bedrooms
    for area in re.findall(r"([\d,]+) sqm", text):
        assert int(area.replace(",", "")) == record.square_meters
    for area in re.findall(r"([\d,]+) sq ft", text):
        assert float(area.replace(",", "")) == pytest.approx(float(record.square_meters or 0) * 10.764, abs=6)


def check_price(record: PropertyRecord, text: str) -> None:
    scales = {"": 1, "k": 1_000, "m": 1_000_000, "million": 1_000_000}
    said = re.findall(r"(?:kes|ksh) ([\d,.]*\d) ?(k|m|million|)\b", text)
    said += re.findall(r"(?<![\d,.])(\d[\d.]*) ?(k|m|million)\b", text)
    for number, unit in said:
        assert Decimal(number.replace(",", "")) * scales[unit] == record.price


def check_claims(record: PropertyRecord, text: str) -> None:
    words = {*record.amenities, *record.features}
    for pattern, word in CLAIMS.items():
        assert word in words or not re.search(pattern, text), f"{word} is claimed"
    other = SALE_WORDS if record.listing_type == "rent" else RENT_WORDS
    assert not other.search(text), f"{other.search(text)} is said of a {record.listing_type}"
    if re.search(r"newly built|brand new|building is new", text):
        assert record.year_built is not None
        assert record.year_built >= 2024


def check_place(record: PropertyRecord) -> None:
    place = place_of(record)
    names = [name.lower() for name in (place.name, *place.roads, *place.near)]
    assert any(name in record.title.lower() for name in names)
    assert record.address is None or any(road in record.address for road in place.roads)


def check(record: PropertyRecord) -> None:
    text = read_text(record)
    check_schema(record)
    check_kind(record)
    check_sizes(record, text)
    check_price(record, text)
    check_claims(record, text)
    check_place(record)
    assert "{" not in text
    assert "  " not in text


@given(seed=st.integers(0, 2**31 - 1), index=st.integers(0, 4_999_999))
@settings(deadline=None, max_examples=300)
def test_any_listing_fits_the_schema_and_tells_the_truth(seed: int, index: int) -> None:
    check(generate(seed, index, TODAY).record)


def test_the_first_thousands_fit_the_schema_and_tell_the_truth() -> None:
    for index in range(4_000):
        check(generate(1, index, TODAY).record)
