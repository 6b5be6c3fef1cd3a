"""Words that mean the same in listings: in English and in Swahili, and in the ways that people write them.

Invariant: these widen typed text when it is searched, and never what is indexed, so that a change needs no other
documents; it is in the settings of the index all the same, and so another version of the contract.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

# Solr's format. Where one word stands in several lines, it means what any of them says: a shamba is land or a farm.
SYNONYMS = (
    "house, nyumba, home",
    "apartment, flat, fleti, apt",
    "land, ardhi, shamba",
    "farm, shamba",
    "plot, ploti, kiwanja, viwanja",
    "rent, rental, let, lease, kupanga, kupangisha, inapangishwa, linapangishwa, zinapangishwa",
    "sale, kuuza, inauzwa, linauzwa, zinauzwa, yanauzwa, kinauzwa",
    "bedsitter, bedsit, bedsitta, studio",
    "dsq, servant quarter, servant quarters, staff quarter, staff quarters",
    "lift, elevator, lifti",
    "pool, bwawa",
    "parking, maegesho",
    "borehole, kisima",
    "garden, bustani",
    "balcony, roshani",
    "generator, jenereta",
    "security, usalama",
    "electricity, stima, umeme",
    "water, maji",
    "wifi, internet",
    "fibre, fiber",
    "office, ofisi",
    "shop, duka",
    "godown, warehouse",
    "maisonette, mansionette, masionette",
    "furnished, fanicha",
    "ensuite, en suite",
    "new, mpya",
    "big, large, spacious, kubwa",
    "beautiful, nzuri",
    "cheap, affordable, nafuu",
    "school, shule",
    "hospital, hospitali",
    "market, soko",
    "church, kanisa",
    "road, rd, barabara",
    "avenue, ave",
    "centre, center",
    "buruburu, buru buru",
    "upperhill, upper hill",
    "langata, lang'ata",
)

_LITTLE = """
a about adjacent all along am an and any are around asap at available behind beside best by can could decent do does
facing find for from get give good has have having hello help hi hunting i immediately in inside interested is kindly
list listing listings located looking me my near nearby need needed nice now of on opposite options or overlooking
place places please pls plus plz properties property required search searching see seeking show situated some that the
there these this to today towards urgent urgently vacant want wanted we what where which who with within you your
au cha chenye gani hadi hapa hapo haraka hii hizi huko iko ina ipo jirani ka kando karibu katika kuna kwa la lenye
mkabala mko mna mpaka na nahitaji naomba natafuta nataka naulizia ndani ni niko nina ninahitaji ninatafuta ninataka
nionyeshe nipatie nipe nisaidie nyuma pale tafadhali tafuta tunahitaji tunatafuta tunataka vya wa wapi ya yenye za
zenye ziko zina zinazo zipo
"""
# What joins words, points at a place or only asks, and is in no listing's favour: it need not occur.
LITTLE_WORDS = frozenset(_LITTLE.split())
# The same where a word means more by itself: `jacaranda close`, `off plan`.
LITTLE_PHRASES = re.compile(
    r"\b(?:(?:next|close)\s+to|off(?=\s)(?!\s+plan\b)|walking\s+distance|real\s+estate)\b", re.IGNORECASE
)

_JOINT = frozenset(
    tuple(word.removesuffix("s") for word in phrase.split())
    for line in SYNONYMS
    for phrase in line.split(", ")
    if " " in phrase
)


def has_joint_synonym(words: Sequence[str]) -> bool:
    """Whether two words beside each other have a synonym only together: they must be searched in one piece."""
    lowered = [word.lower().removesuffix("s") for word in words]
    return any((one, other) in _JOINT for one, other in pairwise(lowered))
