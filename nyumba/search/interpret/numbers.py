"""Numbers that are written as words, in English and in Swahili.

Invariant: these are never taken for mistyped other words, nor other words for them.
"""

_ENGLISH = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen"
)
_SWAHILI = (
    "moja mbili tatu nne tano sita saba nane tisa",
    "kimoja viwili vitatu vinne vitano sita saba nane tisa",
    "mmoja wawili watatu wanne watano sita saba nane tisa",
)
_ENGLISH_TENS = "ten twenty thirty forty fifty sixty seventy eighty ninety"
_SWAHILI_TENS = "kumi ishirini thelathini arobaini hamsini sitini sabini themanini tisini"
ONES = {word: float(n) for line in (_ENGLISH, *_SWAHILI) for n, word in enumerate(line.split(), start=1)}
TENS = {word: float(n * 10) for line in (_ENGLISH_TENS, _SWAHILI_TENS) for n, word in enumerate(line.split(), start=1)}
WHOLE = ONES | TENS
PARTS = {"half": 0.5, "quarter": 0.25, "eighth": 0.125, "nusu": 0.5, "robo": 0.25}
NUMBER_WORDS = frozenset(WHOLE | PARTS)
