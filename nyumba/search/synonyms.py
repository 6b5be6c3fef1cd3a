"""Words that mean the same in listings: in English and in Swahili, and in the ways that people write them.

Invariant: these widen typed text when it is searched, and never what is indexed, so that a change needs no other
documents; it is in the settings of the index all the same, and so another version of the contract.
"""

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
a an and at by for from in is near of on or the to with
au cha chenye hadi huko iko ina ipo karibu katika kwa la lenye mpaka na ni vya wa ya yenye za zenye
"""
# What joins words and is in no listing's favour: it need not occur.
LITTLE_WORDS = frozenset(_LITTLE.split())

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
