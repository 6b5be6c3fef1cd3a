"""The people who offer the listings: agents with their profiles, and some who sell for themselves.

Invariant: an owner follows from seed, city, role and number alone, so that two runs know the same people. Their e-mail
addresses lie in the reserved example.com and their licences name the seed, so that nobody real is meant.
"""

from functools import lru_cache
from random import Random
from typing import Literal
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec

from nyumba.seed.places import Place, market_share

_NAMESPACE = uuid5(NAMESPACE_URL, "nyumba/seed/owners")

Role = Literal["agent", "seller"]

PRIVATE_SHARE = 0.12
LISTINGS_PER_OWNER: dict[Role, int] = {"agent": 55, "seller": 8}
BUSIEST_FIRST = 1.7

CHRISTIAN_NAMES = (
    "Mary Grace Faith Mercy Jane Joyce Esther Ruth Lucy Caroline Agnes Beatrice Lydia Purity Winnie Sharon"
    " John Peter James David Joseph Samuel Daniel Stephen Brian Kevin Dennis Collins Victor Evans Kennedy George Eric"
)
MUSLIM_NAMES = "Fatuma Amina Zainab Halima Mwanaisha Hassan Omar Abdi Juma Rashid Said Ali Yusuf"
# Given names and family names that go together.
COMMUNITIES = (
    ("Wanjiku Njeri Wambui Nyambura Kamau", "Njoroge Mwangi Kariuki Mbugua Waweru Njenga Maina Macharia Ndirangu"),
    ("Achieng Akinyi Atieno Otieno Ochieng", "Odhiambo Omondi Owino Onyango Ouma Okoth Oduor Ogola"),
    ("Chebet Jepkosgei Cherono Kiprono Kipchumba", "Kiprotich Koech Rotich Cheruiyot Kiptoo Langat Korir Bett"),
    ("Nekesa Nafula Nasimiyu Wafula", "Wanjala Wekesa Simiyu Barasa Makokha Shikuku Were"),
    ("Mwende Mutheu Ndinda Musyoka Mutua", "Mutiso Kilonzo Muli Kioko Nzioka Muthama Wambua"),
    ("Kemunto Moraa Kerubo Nyaboke", "Ondieki Mogaka Nyamweya Omwenga Momanyi Nyakundi"),
    ("Kendi Kanana Makena Mwiti", "Kirimi Muriuki Gitonga Mutethia Kinoti Muthuri"),
    (MUSLIM_NAMES, "Abdullahi Hussein Mohamed Salim Abubakar Bakari Athman Mwinyi"),
)
COMMUNITY_WEIGHTS = (26, 14, 14, 13, 12, 7, 6, 8)

FIRMS = (
    "{last} Properties",
    "{last} & Partners Realty",
    "{last} Homes",
    "{city} Homes & Plots",
    "{city} Realty Agency",
    "{last} Valuers and Estate Agents",
    "Jirani Realtors {city}",
    "{last} Land & Property",
    "Nyota Homes {city}",
)
SPECIALIZATIONS = (
    "apartments",
    "rentals",
    "family homes",
    "land",
    "commercial property",
    "property management",
    "valuation",
    "off-plan sales",
)
BIOS = (
    "Based in {city}. I help families find a home that fits their budget.",
    "{city} homes and plots, sold with clean papers.",
    "Letting and sales in {city} and the estates around it. Call any day but Sunday.",
    "Over {years} years of helping people rent, buy and sell in {city}.",
    "Karibu! Talk to us about homes, plots and shops in {city}.",
)


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """A user, with the profile of an agent when `role` is agent."""

    id: UUID
    email: str
    full_name: str
    role: Role
    is_verified: bool
    company_name: str | None = None
    license: str | None = None
    specializations: tuple[str, ...] = ()
    bio: str | None = None


def draw_owner(rng: Random, seed: int, index: int, place: Place) -> Owner:
    """The owner of a listing. The number of owners in a city grows with the index; the first ones are the busiest."""
    role: Role = "seller" if rng.random() < PRIVATE_SHARE else "agent"
    share = PRIVATE_SHARE if role == "seller" else 1 - PRIVATE_SHARE
    listings_so_far = index * market_share(place.city) * share
    known = 1 + int(listings_so_far / LISTINGS_PER_OWNER[role])
    return owner_of(seed, place.city, role, int(known * rng.random() ** BUSIEST_FIRST))


@lru_cache(maxsize=8192)
def owner_of(seed: int, city: str, role: Role, number: int) -> Owner:
    """One owner, always the same."""
    rng = Random(f"owner/{seed}/{city}/{role}/{number}")  # noqa: S311  (no secret)
    first, last = _draw_name(rng)
    slug = "".join(letter for letter in city.lower() if letter.isalpha())
    owner = Owner(
        id=uuid5(_NAMESPACE, f"{seed}/{city}/{role}/{number}"),
        email=f"{first}.{last}.{number}@{slug}-{role}s-{seed}.example.com".lower(),
        full_name=f"{first} {last}",
        role=role,
        is_verified=rng.random() < (0.85 if role == "agent" else 0.4),
    )
    if role == "seller":
        return owner
    return msgspec.structs.replace(
        owner,
        company_name=rng.choice(FIRMS).format(last=last, city=city),
        license=f"EARB/{slug}-{seed}-{number + 1:04d}".upper(),
        specializations=tuple(rng.sample(SPECIALIZATIONS, rng.randint(1, 3))),
        bio=rng.choice(BIOS).format(city=city, years=rng.randint(3, 20)) if rng.random() < 0.8 else None,
    )


def _draw_name(rng: Random) -> tuple[str, str]:
    given, family = rng.choices(COMMUNITIES, COMMUNITY_WEIGHTS)[0]
    if given != MUSLIM_NAMES and rng.random() < 0.7:
        given = CHRISTIAN_NAMES
    return rng.choice(given.split()), rng.choice(family.split())
