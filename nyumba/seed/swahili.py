"""Titles and sentences in Swahili, and in the mix of Swahili and English that people write.

Invariant: noun classes agree: vyumba viwili, ekari mbili, shamba zuri linauzwa, nyumba nzuri inauzwa.
"""

from random import Random

from nyumba.seed.listing import Listing
from nyumba.seed.places import Kind
from nyumba.seed.wording import capitalize, compose, say_price

ROOMS = {
    1: "chumba kimoja",
    2: "vyumba viwili",
    3: "vyumba vitatu",
    4: "vyumba vinne",
    5: "vyumba vitano",
    6: "vyumba sita",
}
ACRES = {
    0.0551: "40x60",
    0.0735: "40x80",
    0.125: "50x100",
    0.25: "robo ekari",
    0.5: "nusu ekari",
    0.75: "robo tatu ekari",
    1.0: "ekari moja",
    2.0: "ekari mbili",
    3.0: "ekari tatu",
    5.0: "ekari tano",
    10.0: "ekari kumi",
    20.0: "ekari ishirini",
}
NOUNS: dict[Kind, str] = {
    "apartment": "fleti",
    "studio": "studio",
    "bedsitter": "bedsitter",
    "house": "nyumba",
    "townhouse": "maisonette",
    "plot": "ploti",
    "farm": "shamba",
    "shop": "duka",
    "office": "ofisi",
    "godown": "godown",
}
# `la` and `linauzwa` go with shamba and duka; everything else here takes `ya` and `inauzwa`.
JI_CLASS: set[Kind] = {"farm", "shop"}

TITLES = (
    "{noun} {of} {deed} {place}",
    "{noun} {of} {deed} {place}, {rooms}",
    "{noun} {of} {deed} {place}, {acres}",
    "{noun} {being} {place}",
    "{noun} {being} {place}, {rooms}",
    "{noun} {being} {place}, {acres}",
    "{noun} {of} {deed} {place} karibu na {landmark}",
    "{rooms}, {noun} {of} {deed} {place}",
    "{noun} {of} {deed} {place} kando ya {road}",
)
OPENINGS = (
    "{noun} {of} {deed} {place}, {rooms}.",
    "{noun} {of} {deed} {place}, {acres}.",
    "{noun} {being} hapa {place}.",
    "Karibu uone {noun} {good} {of} {deed} {place}.",
)
WHERE = (
    "Ni karibu na {landmark}.",
    "Iko kando ya {road}.",
    "Karibu na barabara, {road}.",
    "Usafiri ni rahisi, {road} iko karibu.",
)
TERMS_OF_RENT = (
    "Kodi ni {price} kwa mwezi.",
    "Bei ni {price} kwa mwezi, deposit ya mwezi mmoja.",
    "Kodi {price} pekee.",
)
TERMS_OF_SALE = ("Bei ni {price}.", "Bei ni {price}, maelewano yapo.", "Inauzwa {price} pekee.")
CLOSINGS = ("Piga simu tupange kuona.", "Karibuni sana.", "Piga simu au WhatsApp.")
PRIVATE_CLOSINGS = ("Hakuna dalali, piga simu kwa mwenyewe.", "Ongea na mwenyewe moja kwa moja.")
WORDS = {
    "borehole": "Maji yapo kila siku (borehole).",
    "parking": "Parking ya gari ipo.",
    "24 hour security": "Usalama masaa 24.",
    "perimeter wall": "Imezungushiwa ukuta.",
    "prepaid electricity meter": "Stima ya token.",
    "ready title deed": "Hati miliki iko tayari.",
    "piped water": "Maji ya mfereji yapo.",
    "electricity on site": "Stima iko kwa ploti.",
    "electricity nearby": "Stima iko karibu.",
    "tarmac access": "Barabara ni ya lami.",
    "red soil": "Udongo ni mwekundu.",
    "instant shower": "Maji moto yapo.",
    "tiled floors": "Sakafu ni ya tiles.",
}


def write_swahili_title(rng: Random, listing: Listing) -> str:
    """`Nyumba ya kupanga Kasarani, vyumba viwili`."""
    return capitalize(compose(rng, TITLES, _draw_phrases(rng, listing)))


def write_swahili_description(rng: Random, listing: Listing) -> str:
    """A few short sentences; what has a Swahili name is said, the rest is left out."""
    phrases = _draw_phrases(rng, listing)
    terms = TERMS_OF_RENT if listing.listing_type == "rent" else TERMS_OF_SALE
    sentences = [compose(rng, OPENINGS, phrases)]
    sentences += [WORDS[word] for word in (*listing.amenities, *listing.features) if word in WORDS][:4]
    sentences += [compose(rng, WHERE, phrases), compose(rng, terms, phrases)]
    sentences += [rng.choice(PRIVATE_CLOSINGS if listing.private else CLOSINGS)]
    return " ".join(capitalize(sentence) for sentence in sentences if sentence)


def _draw_phrases(rng: Random, listing: Listing) -> dict[str, str]:
    ji = listing.kind in JI_CLASS
    rent = listing.listing_type == "rent"
    phrases = {
        "noun": NOUNS[listing.kind],
        "of": "la" if ji else "ya",
        "good": "zuri" if ji else "nzuri",
        "deed": rng.choice(("kupanga", "kupangisha") if rent else ("kuuza",)),
        "being": ("linapangishwa" if ji else "inapangishwa") if rent else ("linauzwa" if ji else "inauzwa"),
        "place": listing.place.name,
        "price": say_price(rng, listing),
    }
    if listing.bedrooms:
        phrases["rooms"] = f"{ROOMS[listing.bedrooms]} {'cha' if listing.bedrooms == 1 else 'vya'} kulala"
    if listing.acres and listing.property_type == "land":
        phrases["acres"] = ACRES[listing.acres]
    return phrases | {name: value for name, value in (("road", listing.road), ("landmark", listing.landmark)) if value}
