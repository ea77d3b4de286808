"""Verbs, times and set phrases in English, French and German, with their alignments.

Verbs: `english; french participle; german participle`, regular unless the forms are given. A phrase is a row of
`word/k`: words of equal k in two languages are translations of each other, a word without k has no partner.
"""

from typing import NamedTuple

from coursekit.data.words import words


class French(NamedTuple):
    infinitive: str
    forms: tuple[str, ...]  # je, tu, il, nous, vous, ils
    participle: str
    auxiliary: str = "avoir"


class German(NamedTuple):
    infinitive: str  # without the separable particle
    forms: tuple[str, ...]  # ich, du, er, wir and sie
    participle: str
    auxiliary: str = "haben"
    particle: str = ""


class Verb(NamedTuple):
    en: tuple[str, str, str]  # see, sees, saw
    particle: str  # English: "up" in "pick up"
    fr: tuple[French, ...]  # the usual one, then those that say the same
    de: tuple[German, ...]

    @property
    def name(self) -> str:
        return f"{self.en[0]} {self.particle}" if self.particle else self.en[0]


def french(text: str) -> French:
    """`trouver trouvé`, `manger mangé`, or `voir vois vois voit voyons voyez voient vu`; "+" at the end: with être."""
    infinitive, *rest = text.strip().removesuffix("+").split()
    auxiliary = "être" if text.strip().endswith("+") else "avoir"
    if len(rest) == 7:
        return French(infinitive, tuple(rest[:6]), rest[6], auxiliary)
    stem = infinitive[:-2]
    soft = "e" if stem.endswith("g") else "ç" if stem.endswith("c") else ""
    we = stem[:-1] + "çons" if soft == "ç" else stem + soft + "ons"
    strong = {"achet": "achèt", "appel": "appell", "nettoy": "nettoi", "jet": "jett"}.get(stem, stem)
    forms = (strong + "e", strong + "es", strong + "e", we, stem + "ez", strong + "ent")
    return French(infinitive, forms, rest[0], auxiliary)


def german(text: str) -> German:
    """`finden gefunden` or `tragen trägst trägt getragen`; "ab.holen" is separable; "+" at the end: with sein."""
    whole, *rest = text.strip().removesuffix("+").split()
    particle, _, infinitive = whole.rpartition(".")
    auxiliary = "sein" if text.strip().endswith("+") else "haben"
    stem = infinitive.removesuffix("n").removesuffix("e")
    link = "e" if stem.endswith(("t", "d", "chn")) else ""
    you, he = rest[:2] if len(rest) == 3 else (stem + link + "st", stem + link + "t")
    return German(infinitive, (stem + "e", you, he, infinitive), rest[-1], auxiliary, particle)


def english(text: str) -> tuple[tuple[str, str, str], str]:
    """`find found`, `pick up picked`: base and past; the third person is regular."""
    base, *particle, past = text.split()
    third = base + "es" if base.endswith(("ch", "sh", "s", "o")) else base + "s"
    third = base[:-1] + "ies" if base.endswith("y") and base[-2] not in "aeiou" else third
    return (base, third, past), " ".join(particle)


def _verbs(text: str) -> dict[str, Verb]:
    found = {}
    for line in text.strip().splitlines():
        en, fr, de = line.split(";")
        words, particle = english(en)
        verb = Verb(words, particle, tuple(map(french, fr.split("|"))), tuple(map(german, de.split("|"))))
        found[verb.name] = verb
    return found


#: With a thing as the object.
TAKE_THINGS = _verbs("""
    see saw; voir vois vois voit voyons voyez voient vu; sehen siehst sieht gesehen
    find found; trouver trouvé; finden gefunden
    buy bought; acheter acheté; kaufen gekauft
    look for looked; chercher cherché; suchen gesucht
    carry carried; porter porté; tragen trägst trägt getragen
    bring brought; apporter apporté; mit.bringen mitgebracht
    draw drew; dessiner dessiné; zeichnen gezeichnet
    pick up picked; ramasser ramassé; auf.heben aufgehoben
    take took; prendre prends prends prend prenons prenez prennent pris; nehmen nimmst nimmt genommen
    lose lost; perdre perds perds perd perdons perdez perdent perdu; verlieren verloren
    eat ate; manger mangé; essen isst isst gegessen
    paint painted; peindre peins peins peint peignons peignez peignent peint; an.malen angemalt
    sell sold; vendre vends vends vend vendons vendez vendent vendu; verkaufen verkauft
    hide hid; cacher caché; verstecken versteckt
    forget forgot; oublier oublié; vergessen vergisst vergisst vergessen
    photograph photographed; photographier photographié; fotografieren fotografiert
    repair repaired; réparer réparé; reparieren repariert
    throw away threw; jeter jeté; weg.werfen wirfst wirft weggeworfen
    clean cleaned; nettoyer nettoyé; putzen putzt putzt geputzt
    build built; construire construis construis construit construisons construisez construisent construit; bauen gebaut
    borrow borrowed; emprunter emprunté; aus.leihen ausgeliehen""")
#: With a person or an animal. "know" is connaître and kennen here; with a clause it is savoir and wissen.
TAKE_BEINGS = _verbs("""
    see saw; voir vois vois voit voyons voyez voient vu; sehen siehst sieht gesehen
    know knew; connaître connais connais connaît connaissons connaissez connaissent connu; kennen gekannt
    meet met; rencontrer rencontré; treffen triffst trifft getroffen
    call called; appeler appelé; an.rufen angerufen
    love loved; aimer aimé; lieben geliebt
    invite invited; inviter invité; ein.laden lädst lädt eingeladen
    look for looked; chercher cherché; suchen gesucht
    greet greeted; saluer salué; begrüßen begrüßt begrüßt begrüßt
    hear heard; entendre entends entends entend entendons entendez entendent entendu; hören gehört
    feed fed; nourrir nourris nourris nourrit nourrissons nourrissez nourrissent nourri; \
füttern fütterst füttert gefüttert
    draw drew; dessiner dessiné; zeichnen gezeichnet""")
#: Without an object.
ALONE = _verbs("""
    sleep slept; dormir dors dors dort dormons dormez dorment dormi; schlafen schläfst schläft geschlafen
    wait waited; attendre attends attends attend attendons attendez attendent attendu; warten gewartet
    sing sang; chanter chanté; singen gesungen
    work worked; travailler travaillé; arbeiten gearbeitet
    play played; jouer joué; spielen gespielt
    dance danced; danser dansé; tanzen tanzt tanzt getanzt
    arrive arrived; arriver arrivé+; an.kommen angekommen+
    laugh laughed; rire ris ris rit rions riez rient ri; lachen gelacht
    stay stayed; rester resté+; bleiben geblieben+
    dream dreamed; rêver rêvé; träumen geträumt
    leave left; partir pars pars part partons partez partent parti+; weg.gehen weggegangen+
    read read; lire lis lis lit lisons lisez lisent lu; lesen liest liest gelesen""")
GO = Verb(
    ("go", "goes", "went"), "", (french("aller vais vas va allons allez vont allé+"),), (german("gehen gegangen+"),)
)
#: Going by something: the same in English and French, another verb in German.
RIDE = Verb(GO.en, "", GO.fr, (german("fahren fährst fährt gefahren+"),))
FAR = words("""
    market beach school station harbour town museum lake library castle
    island mountain farm zoo fair bank""")
KNOW = Verb(("know", "knows", "knew"), "", (french("savoir sais sais sait savons savez savent su"),),
            (German("wissen", ("weiß", "weißt", "weiß", "wissen"), "gewusst"),))  # fmt: skip
BE = Verb(("be", "is", "was"), "", (french("être suis es est sommes êtes sont été"),),
          (German("sein", ("bin", "bist", "ist", "sind"), "gewesen", "sein"),))  # fmt: skip
HAVE = Verb(("have", "has", "had"), "", (french("avoir ai as a avons avez ont eu"),),
            (German("haben", ("habe", "hast", "hat", "haben"), "gehabt"),))  # fmt: skip
#: German and French simple past of "be" and "have": il, ils; er, sie.
WERE = {"fr": ("était", "étaient"), "de": ("war", "waren")}
HAD = {"fr": ("avait", "avaient"), "de": ("hatte", "hatten")}
#: What stands before an infinitive.
MODALS = {
    "want": Verb(("want", "wants", "wanted"), "to", (french("vouloir veux veux veut voulons voulez veulent voulu"),),
                 (German("wollen", ("will", "willst", "will", "wollen"), "gewollt"),
                  German("möchten", ("möchte", "möchtest", "möchte", "möchten"), ""))),
    "can": Verb(("can", "can", "could"), "", (french("pouvoir peux peux peut pouvons pouvez peuvent pu"),),
                (German("können", ("kann", "kannst", "kann", "können"), "gekonnt"),)),
    "must": Verb(("must", "must", "had"), "", (french("devoir dois dois doit devons devez doivent dû"),),
                 (German("müssen", ("muss", "musst", "muss", "müssen"), "gemusst"),)),
}  # fmt: skip
#: What one cannot do to just anything; the other verbs take what they like.
EATEN = words("apple cake orange fish lemon egg pear mushroom tomato pumpkin")
BUILT = words("boat kite table bench chair ladder box cart raft tent")
CLEANED = words("car lamp boat bicycle table chair ladder flute clock watch ring bag drum statue vase knife")
TAKES = {
    "eat": EATEN,
    "build": BUILT,
    "repair": [*BUILT, "bicycle", "car", "clock", "watch", "lamp", "umbrella", "drum", "bell", "net", "robot", "drone"],
    "clean": CLEANED,
}

#: Phrases of time: English; French and what says the same; German and what says the same.
ALWAYS = """
    every/1 day/2; chaque/1 jour/2 | tous/1 les/1 jours/2; jeden/1 tag/2 | täglich/1,2
    today/1; aujourd'hui/1; heute/1
    in/1 the/1 evening/2; le/1 soir/2; am/1 abend/2 | abends/1,2
    in/1 summer/2; en/1 été/2; im/1 sommer/2
    on/1 sunday/2; le/1 dimanche/2; am/1 sonntag/2 | sonntags/1,2
    now/1; maintenant/1; jetzt/1
    in/1 the/1 morning/2; le/1 matin/2; am/1 morgen/2 | morgens/1,2
    at/1 noon/2; à/1 midi/2; am/1 mittag/2 | mittags/1,2
    in/1 spring/2; au/1 printemps/2; im/1 frühling/2
    every/1 week/2; chaque/1 semaine/2 | toutes/1 les/1 semaines/2; jede/1 woche/2
    in/1 winter/2; en/1 hiver/2; im/1 winter/2
    at/1 night/2; la/1 nuit/2; in/1 der/1 nacht/2 | nachts/1,2"""
BEFORE = """
    yesterday/1; hier/1; gestern/1
    on/1 monday/2; lundi/1,2; am/1 montag/2
    last/1 week/2; la semaine/2 dernière/1 | la semaine/2 passée/1; letzte/1 woche/2
    this/1 morning/2; ce/1 matin/2; heute/1 morgen/2
    in/1 the/1 evening/2; le/1 soir/2; am/1 abend/2
    two/1 days/2 ago/3; il/3 y/3 a/3 deux/1 jours/2; vor/3 zwei/1 tagen/2
    last/1 summer/2; l' été/2 dernier/1 | l' été/2 passé/1; letzten/1 sommer/2
    on/1 friday/2; vendredi/1,2; am/1 freitag/2
    in/1 spring/2; au/1 printemps/2; im/1 frühling/2
    at/1 noon/2; à/1 midi/2; am/1 mittag/2
    last/1 year/2; l' année/2 dernière/1 | l' an/2 dernier/1; letztes/1 jahr/2"""
#: Between the subject and the verb in English.
OFTEN = """
    often/1; souvent/1; oft/1 | häufig/1
    always/1; toujours/1; immer/1
    sometimes/1; parfois/1 | quelquefois/1; manchmal/1"""
#: "when it rains": present and past.
WEATHER = """
    when/1 it/2 rains/3; quand/1 il/2 pleut/3 | lorsqu'/1 il/2 pleut/3; wenn/1 es/2 regnet/3
    when/1 it/2 is/3 cold/4; quand/1 il/2 fait/3 froid/4 | lorsqu'/1 il/2 fait/3 froid/4; wenn/1 es/2 kalt/4 ist/3
    when/1 the/2 sun/3 shines/4; quand/1 le/2 soleil/3 brille/4 | lorsque/1 le/2 soleil/3 brille/4; \
wenn/1 die/2 sonne/3 scheint/4
    when/1 it/2 snows/3; quand/1 il/2 neige/3 | lorsqu'/1 il/2 neige/3; wenn/1 es/2 schneit/3"""
RAINED = """
    when/1 it/2 rained/3; quand/1 il/2 pleuvait/3 | lorsqu'/1 il/2 pleuvait/3; als/1 es/2 regnete/3
    when/1 it/2 was/3 cold/4; quand/1 il/2 faisait/3 froid/4 | lorsqu'/1 il/2 faisait/3 froid/4; \
als/1 es/2 kalt/4 war/3
    when/1 the/2 sun/3 shone/4; quand/1 le/2 soleil/3 brillait/4 | lorsque/1 le/2 soleil/3 brillait/4; \
als/1 die/2 sonne/3 schien/4
    when/1 it/2 snowed/3; quand/1 il/2 neigeait/3 | lorsqu'/1 il/2 neigeait/3; als/1 es/2 schneite/3"""
#: How one goes; "by" is another word here than in "by the wall".
BY = """
    by/1 bicycle/2; à/1 vélo/2; mit/1 dem/1 fahrrad/2
    by/1 train/2; en/1 train/2; mit/1 dem/1 zug/2
    by/1 boat/2; en/1 bateau/2; mit/1 dem/1 boot/2
    on/1 foot/2; à/1 pied/2; zu/1 fuß/2"""
#: Whom one speaks to: tu and du, or vous and Sie.
FAMILIAR = """
    mum/1; maman/1; mama/1
    dad/1; papa/1; papa/1
    my/1 friend/2; mon/1 ami/2; mein/1 freund/2
    my/1 child/2; mon/1 enfant/2; mein/1 kind/2"""
POLITE = """
    sir/1; monsieur/1; mein/1 herr/1
    madam/1; madame/1; meine/1 dame/1
    doctor/1; docteur/1; herr/1 doktor/1"""

Phrase = tuple[tuple[str, tuple[int, ...]], ...]


def phrase(text: str) -> Phrase:
    """Words with the numbers of the meanings that they carry."""
    pairs = (word.partition("/") for word in text.split())
    return tuple((word, tuple(int(k) for k in keys.split(",") if k)) for word, _, keys in pairs)


def phrases(text: str) -> list[dict[str, tuple[Phrase, ...]]]:
    """By language, the usual phrase first."""
    rows = (line.split(";") for line in text.strip().splitlines())
    return [{n: tuple(map(phrase, p.split("|"))) for n, p in zip(("en", "fr", "de"), row, strict=True)} for row in rows]
