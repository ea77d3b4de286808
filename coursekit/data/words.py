"""The words of the small world: who lives there, which places and things it has, and what fits what.

Every list runs from frequent to rare: a word's rank sets its share (Zipf). Some forms have two lives on purpose:
bank (of the river, in the town), rose (name, flower, verb), lily and daisy, light (lamp, daylight), orange (fruit,
colour), left, spring (season, water), bat (animal, club), saw (verb, tool), watch, ring, and the surnames brown, green,
white, black, king, hill, stone, bell.
"""


def words(text: str) -> list[str]:
    return text.split()


WOMEN = words("""
    alice anna emma lucy clara rose maria kate nora lily julia grace ella sara mia hannah laura jane daisy ruth
iris eva olivia sofia nina zoe ivy dora flora joy bella mary""")
MEN = words("""
    tom ben peter john sam jack paul leo max david mark henry george felix oscar daniel hugo simon adam eric james
frank noah lucas harry victor anton carl alan ivan oliver karl""")
#: Nobody had heard of these people and things before the news date (Config.news_from).
NEW_WOMEN = words("amara yuki priya leila")
NEW_MEN = words("kofi mateo rahul omar")
NEW_THINGS = words("drone robot scooter phone")

#: What one finds where, from likely to rare. "bank" is two places, told apart by the word after it.
PLACES = {
    "beach": "shell sandcastle crab towel kite boat ball hat pebble starfish bottle umbrella",
    "market": "lemon orange cheese basket melon scarf apple pear fish hat lamp loaf",
    "park": "ball kite squirrel dog bat bicycle swing rose bench duck balloon umbrella",
    "forest": "mushroom fox owl nest spring hut deer feather berry stick tent",
    "harbour": "boat rope net fish gull anchor light lantern ship crate watch",
    "garden": "rose lily daisy bee tomato ladder spade pear snail fountain bench",
    "library": "book map letter lamp poem globe newspaper desk pencil clock",
    "museum": "statue painting mask vase coin bone sword clock ring globe",
    "river": "frog duck fish boat reed raft stick swan net pebble",
    "castle": "tower sword flag throne crown bat ring key gate painting",
    "school": "pencil book map desk globe bell poem ball clock bag",
    "station": "train ticket suitcase clock newspaper watch bench umbrella bag",
    "farm": "cow goat egg hen tractor pumpkin cart bucket apple ladder nest",
    "mountain": "eagle snowman hut flag goat rope tent feather lantern spring",
    "lake": "duck swan raft fish tent boat frog stick pebble",
    "town": "coin purse ring key clock letter pen bag watch",
    "bakery": "cake loaf pie bun cookie basket apron tray",
    "kitchen": "soup pie spoon lemon egg knife tomato cake apple apron",
    "theatre": "mask costume curtain ticket flute piano drum lamp hat",
    "workshop": "saw hammer chair box clock ladder lamp key cart boat",
    "fair": "balloon mask lantern prize drum cake ticket cookie bear",
    "zoo": "lion bear monkey snake owl elephant goat swan balloon bat",
    "cave": "bat bone lantern ring spring painting coin skull rope",
    "island": "coconut shell crab raft hut flag turtle bottle spring",
    "square": "pigeon fountain statue balloon flute clock bench bicycle",
}
#: Which things each verb can take. A verb that is missing here takes whatever the place has.
TAKES = {
    "bought": words("""
    towel kite ball hat umbrella lemon orange cheese basket melon scarf apple pear fish lamp loaf bicycle
    rose lily daisy tomato book map newspaper pencil vase balloon ticket watch pen purse bag cake pie bun cookie egg
    pumpkin mask costume flute drum lantern chair box coconut ring apron drone robot scooter phone"""),
    "ate": words("""
    lemon orange melon apple pear fish mushroom berry tomato cake loaf pie bun cookie egg coconut
    pumpkin cheese soup"""),
    "built": words("""
    sandcastle kite boat hut raft snowman tower bench ladder chair box cart fountain swing tent nest
    gate"""),
    "carried": words("""
    towel kite ball hat umbrella basket melon lamp bicycle rope net lantern crate ladder spade book map
    globe vase statue painting sword flag crown suitcase bag bucket pumpkin tent tray cake drum box
    saw chair"""),
}
#: Verbs of the mind and the pencil: their thing need not be here at all.
FREE = ("drew", "remembered")
DID = words("saw found bought drew ate carried photographed built remembered")

#: What happened before, and the mood that it leaves: mood -> cause -> what the cause took as its object.
CAUSES = {
    "happy": {"won": "race prize medal", "received": "letter gift prize", "passed": "test"},
    "sad": {"lost": "ring game friend", "missed": "party train friend", "broken": "cup promise leg"},
    "angry": {"paid": "fine bill", "torn": "coat shirt sleeve", "burnt": "cake finger pie"},
    "tired": {"climbed": "hill tower wall", "dug": "hole well ditch", "painted": "house fence wall"},
    "calm": {"read": "poem story book", "heard": "song concert story", "taken": "bath nap"},
}
MOODS = {
    "happy": words("happy glad proud cheerful"),
    "sad": words("sad unhappy gloomy lonely"),
    "angry": words("angry cross furious annoyed"),
    "tired": words("tired sleepy weary exhausted"),
    "calm": words("calm peaceful relaxed content"),
}

#: The sky and what is said of it: subject -> adjectives, verbs.
SKY = {
    "wind": ("strong cold gentle warm", "rose fell"),
    "sun": ("bright hot warm pale", "rose shone"),
    "sky": ("blue grey clear dark orange", "darkened cleared"),
    "air": ("fresh cold warm still", "cooled"),
    "rain": ("cold heavy gentle", "fell stopped"),
    "light": ("soft bright pale", "faded"),
    "water": ("clear cold deep still", "rose fell"),
    "moon": ("bright pale full", "rose shone"),
}
#: People and animals that one meets: one, several.
BEINGS = {
    "dog": "dogs", "child": "children", "cat": "cats", "bird": "birds", "farmer": "farmers", "boy": "boys",
    "girl": "girls", "horse": "horses", "man": "men", "woman": "women", "painter": "painters", "sailor": "sailors",
    "student": "students", "teacher": "teachers", "rabbit": "rabbits", "singer": "singers",
    "baker": "bakers", "traveller": "travellers", "donkey": "donkeys",
}  # fmt: skip
SPOTS = {
    "gate": "gates", "tree": "trees", "wall": "walls", "house": "houses", "road": "roads", "fence": "fences",
    "bridge": "bridges", "church": "churches", "well": "wells", "tower": "towers", "mill": "mills",
}  # fmt: skip

#: Plain lists, by the name that the grammar calls them.
LISTS = {
    "season": ("time", "summer spring winter autumn"),
    "part": ("time", "morning afternoon evening day"),
    "weekday": ("time", "sunday saturday monday friday tuesday wednesday thursday"),
    "hour": ("time", "noon sunset dusk midnight dawn"),
    "went": ("verb", "went walked ran cycled hurried travelled drove strolled wandered raced rode returned"),
    "friend": ("person", "brother sister friend mother father cousin uncle aunt neighbour teacher dog grandmother"),
    "place_look": ("adjective", "old little quiet busy new beautiful famous distant sunny empty pretty crowded"),
    "very": ("adverb", "very quite rather really unusually"),
    "nearly": ("adverb", "nearly almost already"),
    "weather": ("adjective", "late warm cold dark early quiet windy foggy cloudy sunny stormy hot"),
    "looks": (
        "adjective",
        "young small friendly tall happy tired quiet strange shy hungry clever lonely thin gentle noisy "
        "nervous busy lazy proud",
    ),
    "near": ("preposition", "near behind beside by under opposite"),
    "doing": (
        "verb",
        "sleeping waiting playing resting eating running hiding drinking shivering dreaming jumping dancing watching "
        "listening yawning limping leaving smiling working turning",
    ),
    "moved": ("verb", "waited rested slept ran played jumped yawned paused listened hid stopped passed vanished"),
    "surname": ("surname", "brown green white black baker king hill wood young stone field rose carter bell"),
    "acted": (
        "verb",
        "smiled laughed waited sang rested whistled paused danced dreamed yawned sat shivered nodded sighed "
        "listened knelt stretched wept cheered hummed",
    ),
    "manner": (
        "adverb",
        "quietly happily slowly softly alone loudly gently patiently proudly politely nervously calmly eagerly "
        "briefly shyly bravely kindly lazily sadly warmly",
    ),
    "met": ("verb", "met seen fed greeted followed noticed helped chased called watched"),
    "side": ("side", "left right"),
    "stood": ("verb", "stood sat waited slept"),
    "number": ("quantity", "two three some four many"),
}
#: Adjectives of things, apart by the article that they ask for.
ADJECTIVES = {
    "a": words(
        "small big red blue green white yellow tiny heavy black round beautiful strange shiny golden cheap dusty pale "
        "little wet"
    ),
    "an": words("old enormous ugly odd unusual elegant"),
}
PRONOUNS = {
    "woman": {"she": "she", "her": "her", "was": "was"},
    "man": {"she": "he", "her": "his", "was": "was"},
    "both": {"she": "they", "her": "their", "was": "were"},
}
