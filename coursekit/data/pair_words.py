"""The words of the small world in English, French and German, with what agreement needs: gender, plural, conjugation.

Nouns: `english; french gender; german gender plural`. A plural that is not regular follows a slash. A German noun
marked "weak" takes -n or -en in every case but the nominative. Words after "|" say the same as the usual one before it.
Each list runs from frequent to rare.
"""

from typing import NamedTuple


class Word(NamedTuple):
    """A noun of one language."""

    one: str
    many: str
    gender: str  # m, f, n; English: w(oman), m(an), "" (it)
    weak: str = ""  # German: the singular of the other cases


class Noun(NamedTuple):
    """A thing, a being or a place: its usual word in each language first, then those that say the same."""

    en: tuple[Word, ...]
    fr: tuple[Word, ...]
    de: tuple[Word, ...]

    @property
    def name(self) -> str:
        return self.en[0].one


def _english_plural(word: str) -> str:
    if word.endswith(("s", "x", "ch", "sh")):
        return word + "es"
    return word[:-1] + "ies" if word.endswith("y") and word[-2] not in "aeiou" else word + "s"


def _french_plural(word: str) -> str:
    if word.endswith(("s", "x", "z")):
        return word
    return word + "x" if word.endswith("eau") else word + "s"


def _english(text: str) -> Word:
    word, _, gender = text.partition(" ")
    one, _, many = word.partition("/")
    return Word(one, many or _english_plural(one), gender)


def _french(text: str) -> Word:
    word, gender = text.split()
    one, _, many = word.partition("/")
    return Word(one, many or _french_plural(one), gender)


def _german(text: str) -> Word:
    one, gender, many, *weak = text.split()
    ending = "n" if one.endswith(("e", "er", "ar")) else "en"
    return Word(one, many, gender, one + ending if weak else one)


def _nouns(text: str) -> list[Noun]:
    found = []
    for line in text.strip().splitlines():
        en, fr, de = (part.strip().split("|") for part in line.split(";"))
        found.append(Noun(*(tuple(read(w.strip()) for w in part) for read, part in
                            ((_english, en), (_french, fr), (_german, de)))))  # fmt: skip
    return found


THINGS = _nouns("""
    ball; balle f; ball m bälle
    boat; bateau m; boot n boote
    book; livre m; buch n bücher
    key; clé f; schlüssel m schlüssel
    hat; chapeau m; hut m hüte
    bicycle | bike; vélo m | bicyclette f; fahrrad n fahrräder | rad n räder
    letter; lettre f; brief m briefe
    kite; cerf-volant/cerfs-volants m; drachen m drachen
    apple; pomme f; apfel m äpfel
    car; voiture f | auto f; auto n autos | wagen m wagen
    lamp; lampe f; lampe f lampen
    basket; panier m; korb m körbe
    painting | picture; tableau m; gemälde n gemälde | bild n bilder
    cake; gâteau m; kuchen m kuchen
    box; boîte f; schachtel f schachteln
    rose; rose f; rose f rosen
    map; carte f; landkarte f landkarten
    watch; montre f; armbanduhr f armbanduhren
    orange; orange f; orange f orangen
    ring; bague f; ring m ringe
    bag; sac m; tasche f taschen
    umbrella; parapluie m; regenschirm m regenschirme
    chair; chaise f; stuhl m stühle
    fish/fish; poisson m; fisch m fische
    clock; horloge f; uhr f uhren
    lemon; citron m; zitrone f zitronen
    newspaper; journal/journaux m; zeitung f zeitungen
    suitcase; valise f; koffer m koffer
    table; table f; tisch m tische
    shell; coquillage m; muschel f muscheln
    egg; œuf m; ei n eier
    coat; manteau m; mantel m mäntel
    lantern; lanterne f; laterne f laternen
    coin; pièce f; münze f münzen
    drum; tambour m; trommel f trommeln
    pear; poire f; birne f birnen
    bottle; bouteille f; flasche f flaschen
    ladder; échelle f; leiter f leitern
    mask; masque m; maske f masken
    flag; drapeau m; fahne f fahnen
    sword; épée f; schwert n schwerter
    pencil; crayon m; bleistift m bleistifte
    towel; serviette f; handtuch n handtücher
    flute; flûte f; flöte f flöten
    tent; tente f; zelt n zelte
    mushroom; champignon m; pilz m pilze
    crown; couronne f; krone f kronen
    rope; corde f; seil n seile
    vase; vase m; vase f vasen
    spoon; cuillère f; löffel m löffel
    ticket; billet m; fahrkarte f fahrkarten
    net; filet m; netz n netze
    poem; poème m; gedicht n gedichte
    hammer; marteau m; hammer m hämmer
    balloon; ballon m; luftballon m luftballons
    scarf/scarves; écharpe f; schal m schals
    knife/knives; couteau m; messer n messer
    tomato/tomatoes; tomate f; tomate f tomaten
    bench; banc m; bank f bänke
    bucket; seau m; eimer m eimer
    statue; statue f; statue f statuen
    bell; cloche f; glocke f glocken
    pumpkin; citrouille f; kürbis m kürbisse
    feather; plume f; feder f federn
    saw; scie f; säge f sägen
    costume; costume m; kostüm n kostüme
    raft; radeau m; floß n flöße
    cart; charrette f; karren m karren
    tray; plateau m; tablett n tabletts
    bone; os m; knochen m knochen
    apron; tablier m; schürze f schürzen
    spade; bêche f; spaten m spaten
    anchor; ancre f; anker m anker""")
#: Nobody speaks of these before the test split.
NEW_THINGS = _nouns("""
    drone; drone m; drohne f drohnen
    robot; robot m; roboter m roboter
    scooter; trottinette f; roller m roller
    phone; téléphone m; telefon n telefone""")
#: The same English word, two meanings: which one it is, the place says.
BY_PLACE = {
    noun: places.split()
    for noun, places in zip(
        _nouns("""
    bat; chauve-souris/chauves-souris f; fledermaus f fledermäuse
    bat; batte f; schläger m schläger
    spring; source f; quelle f quellen"""),
        ("cave castle forest", "park school beach", "forest mountain island"),
        strict=True,
    )
}
#: English gender for the pronoun: w she, m he, none it.
BEINGS = _nouns("""
    dog; chien m; hund m hunde
    girl w; fille f; mädchen n mädchen
    cat; chat m; katze f katzen
    boy m; garçon m; junge m jungen weak
    woman/women w; femme f; frau f frauen
    man/men m; homme m; mann m männer
    bird; oiseau m; vogel m vögel
    farmer m; fermier m | paysan m; bauer m bauern weak
    horse; cheval/chevaux m; pferd n pferde
    sister w; sœur f; schwester f schwestern
    teacher m; professeur m; lehrer m lehrer
    friend m; ami m; freund m freunde
    brother m; frère m; bruder m brüder
    painter m; peintre m; maler m maler
    rabbit; lapin m; hase m hasen weak
    sailor m; marin m; matrose m matrosen weak
    neighbour w; voisine f; nachbarin f nachbarinnen
    baker m; boulanger m; bäcker m bäcker
    student m; étudiant m; student m studenten weak
    donkey; âne m; esel m esel
    grandmother w; grand-mère/grands-mères f; großmutter f großmütter
    singer w; chanteuse f; sängerin f sängerinnen
    fox; renard m; fuchs m füchse
    owl; hibou/hiboux m; eule f eulen""")


class Place(NamedTuple):
    noun: Noun
    en: str  # at, in or on
    fr: str  # à, dans or sur
    de: str  # in, an or auf (being there: dative)
    to: str  # the same for going there (accusative); "zu" takes the dative


_PLACES = """
    in dans in in; garden; jardin m; garten m gärten
    at à auf auf; market; marché m; markt m märkte
    at à an an; beach; plage f; strand m strände
    in dans in in; park; parc m; park m parks
    in dans in in; kitchen; cuisine f; küche f küchen
    at à in in; school; école f; schule f schulen
    in dans in in; forest; forêt f; wald m wälder
    at à an zu; station; gare f; bahnhof m bahnhöfe
    at à in zu; harbour; port m; hafen m häfen
    in dans in in; town; ville f; stadt f städte
    at à in in; museum; musée m; museum n museen
    at à an an; lake; lac m; see m seen
    in dans in in; library; bibliothèque f; bibliothek f bibliotheken
    at à in zu; castle; château m; schloss n schlösser
    on sur auf auf; island; île f; insel f inseln
    on sur auf auf; mountain; montagne f; berg m berge
    at à in in; theatre; théâtre m; theater n theater
    on à auf auf; farm; ferme f; bauernhof m bauernhöfe
    on sur auf auf; square; place f; platz m plätze
    at à in in; bakery; boulangerie f; bäckerei f bäckereien
    in dans in in; workshop; atelier m; werkstatt f werkstätten
    at à in in; zoo; zoo m; zoo m zoos
    in dans in in; cave; grotte f; höhle f höhlen
    at à auf auf; fair; foire f; jahrmarkt m jahrmärkte"""
PLACES = [
    Place(_nouns(rest)[0], *prepositions.split())
    for prepositions, _, rest in (line.strip().partition(";") for line in _PLACES.strip().splitlines())
]
#: "the bank of the river" and "the bank in the town": the words after it decide.
BANKS = {
    Place(_nouns("bank; berge f; ufer n ufer")[0], "at", "sur", "an", "an"): (
        "of/1 the/2 river/3", "de/1 la/2 rivière/3", "des/1,2 flusses/3"),
    Place(_nouns("bank; banque f; bank f banken")[0], "at", "à", "in", "zu"): (
        "in/1 the/2 town/3", "de/1 la/2 ville/3", "in/1 der/2 stadt/3"),
}  # fmt: skip
SPOTS = _nouns("""
    tree; arbre m; baum m bäume
    house; maison f; haus n häuser
    bridge; pont m; brücke f brücken
    wall; mur m; mauer f mauern
    church; église f; kirche f kirchen
    gate; portail m; tor n tore
    tower; tour f; turm m türme
    well; puits m; brunnen m brunnen
    mill; moulin m; mühle f mühlen
    fence; clôture f; zaun m zäune""")
#: English, usual French and what says the same, German (dative).
NEAR = (
    (("near", "close to"), ("près de", "à côté de"), ("bei", "neben")),
    (("behind",), ("derrière",), ("hinter",)),
    (("by", "near"), ("à côté de", "près de"), ("neben", "bei")),
    (("in front of",), ("devant",), ("vor",)),
)


class Adjective(NamedTuple):
    en: str
    fr: dict[str, tuple[str, ...]]  # by "m" and "f": the usual word and its equals
    before: bool  # French: before the noun
    de: tuple[str, ...]
    group: int = 0  # the English order: opinion, size, age, state, colour


def _feminine(word: str) -> str:
    return word if word.endswith("e") else word[:-1] + "se" if word.endswith("eux") else word + "e"


def _adjectives(text: str) -> list[Adjective]:
    """Lines `group english; french (feminine after a slash, "<" if before the noun); german`."""
    found = []
    for line in text.strip().splitlines():
        head, fr, de = (part.strip() for part in line.split(";"))
        group, en = head.split()
        both = [w.strip().partition("/") for w in fr.replace("<", "").split("|")]
        forms = {"m": tuple(m for m, _, _ in both), "f": tuple(f or _feminine(m) for m, _, f in both)}
        found.append(Adjective(en, forms, "<" in fr, tuple(w.strip() for w in de.split("|")), int(group)))
    return found


#: Of things.
ADJECTIVES = _adjectives("""
    1 small; <petit; klein
    4 red; rouge; rot
    1 big; <grand | gros/grosse; groß
    2 old; <vieux/vieille; alt
    4 blue; bleu; blau
    0 beautiful; <beau/belle; schön
    4 green; vert; grün
    2 new; <nouveau/nouvelle; neu
    4 white; blanc/blanche; weiß
    1 heavy; lourd; schwer
    4 black; noir; schwarz
    0 pretty; <joli; hübsch
    3 broken; cassé; kaputt
    4 yellow; jaune; gelb
    1 light; léger/légère; leicht
    3 dirty; sale; schmutzig
    0 strange; étrange | bizarre; seltsam | merkwürdig
    4 orange; orange; orangefarben
    3 round; rond; rund
    3 shiny; brillant; glänzend
    3 wet; mouillé; nass
    4 golden; doré; golden
    0 elegant; élégant; elegant""")
#: Of people and animals.
LOOKS = _adjectives("""
    1 small; <petit; klein
    2 young; <jeune; jung
    2 old; <vieux/vieille; alt
    1 tall; <grand; groß
    0 friendly; gentil/gentille; freundlich
    3 clever; intelligent; klug | schlau
    3 shy; timide; schüchtern
    0 beautiful; <beau/belle; schön
    3 noisy; bruyant; laut
    3 lazy; paresseux/paresseuse; faul
    3 hungry; affamé; hungrig
    0 strange; étrange | bizarre; seltsam | merkwürdig""")
#: Of places. "light" is of another kind here than with things.
PLACE_LOOKS = _adjectives("""
    2 old; <vieux/vieille; alt
    1 small; <petit; klein
    1 big; <grand; groß
    0 beautiful; <beau/belle; schön
    2 new; <nouveau/nouvelle; neu
    3 quiet; tranquille | calme; ruhig
    3 famous; célèbre; berühmt
    0 pretty; <joli; hübsch
    3 light; clair; hell""")
MOODS = _adjectives("""
    0 happy; heureux/heureuse | content; glücklich | froh
    0 tired; fatigué; müde
    0 sad; triste; traurig
    0 calm; calme | tranquille; ruhig
    0 hungry; affamé; hungrig
    0 angry; fâché; wütend | böse
    0 proud; fier/fière; stolz
    0 nervous; nerveux/nerveuse; nervös
    0 ready; prêt; bereit | fertig""")
