"""What the simulated shop sells, as data: departments, categories, the words of titles, price ranges, brands."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Shelf:
    """One leaf category: a dotted path, the nouns of its titles, its price range and the category bought with it."""

    category: str
    nouns: tuple[str, ...]
    cheapest: float
    dearest: float
    goes_with: str
    places: int = 2

    @property
    def department(self) -> str:
        """The first part of the path."""
        return self.category.partition(".")[0]


SHELVES = (
    Shelf("apparel.shoes.running", ("running shoe", "trail shoe", "racing flat"), 49, 189, "sports.fitness"),
    Shelf("apparel.shoes.boots", ("boot", "hiking boot", "chelsea boot"), 59, 249, "apparel.jackets"),
    Shelf("apparel.shirts", ("t-shirt", "shirt", "polo"), 9, 89, "apparel.trousers"),
    Shelf("apparel.trousers", ("jeans", "chino", "shorts"), 19, 129, "apparel.shirts"),
    Shelf("apparel.jackets", ("rain jacket", "parka", "fleece"), 39, 349, "apparel.shoes.boots"),
    Shelf("electronics.audio.headphones", ("headphones", "earbuds", "headset"), 15, 399, "electronics.phones"),
    Shelf("electronics.audio.speakers", ("speaker", "soundbar", "subwoofer"), 25, 799, "electronics.audio.headphones"),
    Shelf("electronics.phones", ("phone", "phone case", "charger"), 9, 1199, "electronics.audio.headphones"),
    Shelf("electronics.computers", ("laptop", "monitor", "keyboard"), 29, 2199, "electronics.phones"),
    Shelf("home.kitchen.cookware", ("pan", "pot", "casserole"), 14, 229, "home.kitchen.knives"),
    Shelf("home.kitchen.knives", ("chef knife", "bread knife", "sharpener"), 9, 189, "home.kitchen.cookware"),
    Shelf("home.textiles", ("duvet", "towel", "pillow"), 8, 159, "home.lighting"),
    Shelf("home.lighting", ("lamp", "lantern", "bulb"), 4, 299, "home.textiles"),
    Shelf("sports.cycling", ("helmet", "saddle", "bike light"), 12, 259, "sports.fitness"),
    Shelf("sports.fitness", ("yoga mat", "dumbbell", "bottle"), 7, 149, "apparel.shoes.running"),
    Shelf("sports.camping", ("tent", "sleeping bag", "stove"), 19, 499, "apparel.shoes.boots"),
    Shelf("beauty.skin", ("cream", "serum", "sunscreen"), 4, 99, "beauty.hair"),
    Shelf("beauty.hair", ("shampoo", "conditioner", "brush"), 3, 59, "beauty.skin"),
    Shelf("toys.building", ("building set", "train set", "marble run"), 12, 299, "toys.games"),
    Shelf("toys.games", ("board game", "puzzle", "card game"), 8, 79, "toys.building"),
    Shelf("diy.tools", ("drill", "hammer", "saw"), 9, 399, "diy.fasteners"),
    Shelf("diy.fasteners", ("screw", "bolt", "wall plug"), 0.01, 1.5, "diy.tools", places=4),
    Shelf("diy.fabric", ("linen by the metre", "felt by the metre", "cotton by the metre"), 3, 39, "home.textiles", 3),
    Shelf("garden.plants", ("rose", "herb pot", "seed box"), 1.5, 69, "diy.tools"),
)

ADJECTIVES = (
    "light", "classic", "compact", "pro", "everyday", "soft", "bold", "slim", "eco", "deluxe", "basic", "urban",
)  # fmt: skip

BRANDS = {
    "apparel": ("northway", "lumen & loom", "strider", "harbour", "plainfield", "velo"),
    "electronics": ("octave", "pixelon", "kestrel", "nimbus", "volta", "brio"),
    "home": ("hearth", "oakline", "copperleaf", "linden", "still", "morgen"),
    "sports": ("strider", "velo", "summit", "tarn", "pulse", "northway"),
    "beauty": ("alba", "fern", "mira", "saltwater", "nude lab", "calma"),
    "toys": ("brickety", "woodlet", "quizzle", "hoopla", "tinkr", "mosaic"),
    "diy": ("ironside", "fixwell", "oakline", "grip", "torq", "plainfield"),
    "garden": ("greenhand", "linden", "fern", "meadow", "rootwise", "sunny plot"),
}
