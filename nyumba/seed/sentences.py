"""The sentences from which descriptions are put together.

Invariant: a sentence claims only what its place holders fill in, or what its key in `SPECIALS` says that there is.
"""

from nyumba.seed.places import Kind

OPENINGS = {
    "home": (
        "{a_adjective_item} {action} in {place_city}.",
        "We are pleased to offer this {item} {where}.",
        "This {adjective} {item} in {place} is worth a look.",
        "Looking for {a_item} in {place}? Come and see this one.",
        "Now on the market: {a_adjective_item} {where}.",
        "{item} {action} {where}, ready to move in.",
        "Make {place} your home with this {adjective} {item}.",
        "Well planned {item} in a friendly neighbourhood of {place}.",
        "{adjective} {item} available {where}.",
    ),
    "land": (
        "{a_adjective_item} {action} {where}.",
        "We have {a_item} {action} in {place_city}.",
        "{adjective} {item} {where}.",
        "Own {a_item} in {place} and start building when you are ready.",
        "{item} on offer {where}.",
    ),
    "commercial": (
        "{adjective} {item} {action} {where}.",
        "We have {area} sqm of {adjective} space {action} in {place_city}.",
        "{item} {action} {where}, {area} sqm.",
        "Set up your business in {place}: {item} {action}.",
    ),
}
SHAPES = {
    "home": (
        "It measures {area} sqm and has {bedrooms} and {bathrooms}.",
        "The plan has a lounge, a dining area, a kitchen and {bedrooms} over {area} sqm.",
        "You get {bedrooms}, {bathrooms} and a bright sitting room.",
        "{bedrooms}, {bathrooms}, a roomy lounge and a fitted kitchen.",
        "{area} sqm of living space with good natural light.",
        "Self contained, with about {area} sqm of space.",
        "It sits on {a_plot} plot and has {bedrooms} and {bathrooms}.",
        "{bedrooms} on {a_plot} plot, with {area} sqm under the roof.",
    ),
    "land": (
        "The land measures {plot} ({area} sqm).",
        "Size: {plot}.",
        "The ground is level and easy to build on.",
        "{area} sqm in total.",
    ),
    "commercial": (
        "The space is {area} sqm, about {feet} sq ft.",
        "The usable area is {area} sqm.",
        "It offers {area} sqm and can be viewed on any working day.",
    ),
}
SPECIALS = {
    "all ensuite": ("All bedrooms are ensuite.", "Every bedroom has its own bathroom."),
    "master ensuite": ("The master bedroom is ensuite.", "Master bedroom ensuite with good space."),
    "open plan kitchen": ("The kitchen is open plan.", "An open plan kitchen looks onto the dining area."),
    "dsq": ("There is a DSQ for your house help.", "A DSQ is included."),
    "furnished": ("It comes fully furnished: just bring your suitcase.", "Fully furnished and equipped."),
    "newly built": ("It is newly built and nobody has lived in it before.", "The building is new and well finished."),
    "sea view": ("You can see the ocean from here.", "Enjoy the sea view and the breeze."),
    "lake view": ("It looks out over the lake.", "Enjoy the view of the lake."),
    "creek view": ("It looks over the creek.",),
    "ngong hills view": ("On a clear day the Ngong Hills are in full view.",),
    "mount kenya view": ("You wake up to a view of Mount Kenya.", "Mount Kenya is in full view on a clear morning."),
    "tea farm view": ("It overlooks green tea farms.",),
    "menengai view": ("There is a fine view towards Menengai.",),
    "gated community": ("It is in a gated community with controlled access.", "Secure gated community."),
    "own compound": ("It stands in its own compound.", "Own compound, own gate."),
    "garden": ("A well kept garden surrounds it.", "The garden has room for children to play."),
    "swimming pool": ("There is a swimming pool to cool off in.", "Enjoy the swimming pool at the weekend."),
    "fireplace": ("The fireplace keeps the lounge warm in July.",),
    "ready title deed": ("The title deed is ready.", "Ready title deed, transfer is immediate."),
    "corner plot": ("It is a corner plot.",),
    "installment plan": ("You can pay in installments.", "An installment plan is available."),
    "freehold": ("The tenure is freehold.",),
    "red soil": ("Fertile red soil, good for farming.",),
    "river frontage": ("It touches the river.",),
    "tarmac access": ("It touches the tarmac.", "Tarmac all the way to the gate."),
    "loading bay": ("There is a loading bay for trucks.",),
    "trailer access": ("Trailers can turn in the yard.",),
    "partitioned": ("It is already partitioned into offices and a boardroom.", "Partitioned and ready for work."),
    "ground floor": ("It is on the ground floor.",),
    "busy street": ("It faces a busy street with plenty of foot traffic.",),
}
WORD_LISTS = {
    "home": (
        "Amenities include {words}.",
        "You also get {words}.",
        "Other details: {words}.",
        "Comes with {words}.",
        "It has {words}.",
    ),
    "apartment": (
        "Amenities include {words}.",
        "Residents have {words}.",
        "You also get {words}.",
        "Comes with {words}.",
    ),
    "land": ("The plot has {words}.", "What is there: {words}.", "It comes with {words}."),
    "commercial": ("The building has {words}.", "Facilities: {words}.", "It has {words}."),
}
LOCATIONS = {
    "home": (
        "{landmark} is close by.",
        "Just off {road}, with {landmark} nearby.",
        "Easy access from {road}.",
        "A short drive from {landmark}.",
        "Close to {landmark}, schools and shops.",
        "Matatus pass along {road} all day.",
        "{place} is convenient, with shops and schools around.",
    ),
    "land": (
        "{landmark} is close by.",
        "Reached from {road}, with {landmark} nearby.",
        "A short drive from {landmark}.",
        "{place} is growing fast, with new homes coming up all around.",
        "Easy access from {road}.",
    ),
    "commercial": (
        "{landmark} is close by.",
        "Just off {road}, with {landmark} nearby.",
        "Easy access from {road}.",
        "Matatus pass along {road} all day.",
        "Your customers know the place: ask for {landmark}.",
    ),
}
RENT_TERMS = (
    "Rent is {price} per month.",
    "Rent: {price} per month.",
    "Going for {price} a month.",
    "Rent {price}, deposit one month.",
    "Monthly rent {price}, service charge included.",
    "{price} per month, two months deposit.",
)
SALE_TERMS = (
    "Asking price {price}.",
    "Price: {price}.",
    "Going for {price}, slightly negotiable.",
    "Selling at {price}.",
    "Offered at {price}, serious buyers only.",
)
BRIEF_RENTS = ("{price} per month", "rent {price}")
BRIEF_PRICES = ("price {price}", "{price} negotiable", "asking {price}")
CLOSINGS = (
    "Call to book a viewing.",
    "Viewing is by appointment.",
    "WhatsApp or call us for a site visit.",
    "Get in touch to arrange a viewing.",
    "Viewing fee applies.",
    "Talk to us today.",
)
OWNER_CLOSINGS = (
    "Call the owner.",
    "Direct from the owner, no agency fee.",
    "No agents please.",
    "Serious people only.",
    "Call or text me.",
)
PREMISES_USES: dict[Kind, tuple[str, ...]] = {
    "shop": (
        "Suitable for a chemist, a salon, a boutique or an M-Pesa shop.",
        "Good for a mini supermarket, an eatery or a hardware.",
        "Ideal for any retail business.",
    ),
    "office": (
        "Suitable for an NGO, a law firm or a growing company.",
        "Ideal for a start-up or a professional practice.",
        "Suits a clinic, a consultancy or a college.",
    ),
    "godown": (
        "Suitable for storage, light manufacturing or distribution.",
        "Good for warehousing and last mile delivery.",
    ),
    "plot": (
        "Ideal for a family home.",
        "Good for building a home or rental units.",
        "A good investment for the future.",
    ),
    "farm": (
        "Good for farming or for holding as an investment.",
        "Suitable for dairy, horticulture or a country home.",
    ),
}
