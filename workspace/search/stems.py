"""The stem of a Danish word: the rules of Snowball's Danish stemmer (snowballstem.org) with the past tense in -ede, and
forms that no rule leads back.
"""

import re
from functools import lru_cache

VOWELS = frozenset("aeiouyæåø")
ENDINGS = tuple(
    sorted(
        [
            "hed",
            "ethed",
            "ered",
            "e",
            "erede",
            "ende",
            "erende",
            "ene",
            "erne",
            "ere",
            "en",
            "heden",
            "eren",
            "er",
            "heder",
            "erer",
            "heds",
            "es",
            "endes",
            "erendes",
            "enes",
            "ernes",
            "eres",
            "ens",
            "hedens",
            "erens",
            "ers",
            "ets",
            "erets",
            "et",
            "eret",
            "ede",
            "edes",
        ],
        key=len,
        reverse=True,
    )
)
BEFORE_S = frozenset("abcdfghjklmnoprtvyzå")
CLUSTERS = ("gd", "dt", "gt", "kt")
DERIVED = ("elig", "løst", "lig", "els", "ig")
# A shorter word in -ning is no verb's: regning is not regn.
SHORTEST_NING = 8

# What no rule leads back to the form that it belongs to: nouns that change their vowel, strong verbs, comparatives.
FORMS = {
    form: base
    for base, forms in {
        "barn": "børn børnene børns børnenes",
        "mand": "mænd mændene mænds mændenes",
        "bog": "bøger bøgerne bøgers bøgernes",
        "fod": "fødder fødderne",
        "tand": "tænder tænderne",
        "hånd": "hænder hænderne",
        "nat": "nætter nætterne",
        "and": "ænder ænderne",
        "ko": "køer køerne",
        "klo": "kløer kløerne",
        "tå": "tæer tæerne",
        "gås": "gæs gæssene",
        "mus": "musene",
        "bonde": "bønder bønderne",
        "stang": "stænger stængerne",
        "tang": "tænger tængerne",
        "rod": "rødder rødderne",
        "stad": "stæder stæderne",
        "kraft": "kræfter kræfterne",
        "far": "fædre fædrene faderen",
        "mor": "mødre mødrene moderen",
        "bror": "brødre brødrene broderen",
        "søster": "søstre søstrene",
        "datter": "døtre døtrene",
        "år": "året årets årene årenes",
        "uge": "ugen ugens uger ugers ugerne ugernes",
        "æg": "ægget æggets æggene",
        "is": "isen isens",
        "ur": "uret urets urene",
        "øl": "øllet øllene",
        "øje": "øjne øjnene",
        "kursus": "kurser kurserne kursers kursernes kurset",
        "cirkus": "cirkusset",
        "bonus": "bonusser bonussen",
        "museum": "museet museer museerne museets",
        "center": "centre centrene centret centeret",
        "medie": "medier medierne mediet medium",
        "møde": "mødtes mødte mødt mødes",
        "gå": "går gik gået gåede",
        "få": "får fik fået",
        "stå": "står stod stået",
        "se": "ser så set",
        "ske": "sker skete sket",
        "gøre": "gør gjorde gjort",
        "sige": "siger sagde sagt",
        "spørge": "spørger spurgte spurgt",
        "vælge": "vælger valgte valgt",
        "tælle": "tæller talte talt",
        "sælge": "sælger solgte solgt",
        "følge": "følger fulgte fulgt",
        "lægge": "lægger lagde lagt",
        "sætte": "sætter satte sat",
        "række": "rækker rakte rakt",
        "strække": "strækker strakte strakt",
        "bringe": "bringer bragte bragt",
        "skrive": "skriver skrev skrevet",
        "blive": "bliver blev blevet",
        "drive": "driver drev drevet",
        "give": "giver gav givet",
        "tage": "tager tog taget",
        "komme": "kommer kom kommet",
        "løbe": "løber løb løbet",
        "hjælpe": "hjælper hjalp hjulpet",
        "finde": "finder fandt fundet",
        "binde": "binder bandt bundet",
        "vinde": "vinder vandt vundet",
        "drikke": "drikker drak drukket",
        "falde": "falder faldt faldet",
        "holde": "holder holdt",
        "sidde": "sidder sad siddet",
        "ligge": "ligger lå ligget",
        "bære": "bærer bar båret",
        "skære": "skærer skar skåret",
        "stjæle": "stjæler stjal stjålet",
        "bryde": "bryder brød brudt",
        "byde": "byder bød budt",
        "flyde": "flyder flød flydt",
        "fryse": "fryser frøs frosset",
        "flyve": "flyver fløj fløjet",
        "ryge": "ryger røg røget",
        "kryb": "kryber krøb krøbet",
        "sove": "sover sov sovet",
        "synge": "synger sang sunget",
        "trække": "trækker trak trukket",
        "træffe": "træffer traf truffet",
        "forstå": "forstår forstod forstået",
        "foreslå": "foreslår foreslog foreslået",
        "slå": "slår slog slået",
        "deltage": "deltager deltog deltaget",
        "modtage": "modtager modtog modtaget",
        "aftale": "aftalte aftalt aftaler",
        "betale": "betaler betalte betalt",
        "bruge": "bruger brugte brugt",
        "kende": "kender kendte kendt",
        "læse": "læser læste læst",
        "løse": "løser løste løst",
        "køre": "kører kørte kørt kørsel kørslen kørsler kørslerne",
        "prøve": "prøver prøvede prøvet",
        "måle": "måler målte målt",
        "vise": "viser viste vist",
        "dele": "deler delte delt",
        "lære": "lærer lærte lært",
        "høre": "hører hørte hørt",
        "teste": "tester testede testet",
        "gammel": "gamle gammelt ældre ældst ældste",
        "lang": "lange langt længere længst længste",
        "stor": "store stort større størst største",
        "ung": "unge ungt yngre yngst yngste",
        "god": "gode godt bedre bedst bedste",
        "dårlig": "dårlige dårligt værre værst værste",
        "lille": "små mindre mindst mindste",
        "færre": "færrest",
        "hundred": "hundrede hundreder",
    }.items()
    for form in forms.split()
}


# What only looks as if it had an ending.
WHOLE = frozenset(["hundred", "museum", "center", "medie", "fremmed"])
# Nouns in -er that lose their e: »borgmestrene« is borgmester.
LOSES_E = re.compile(
    r"(.*(?:mest|cent|regist|minist|foræld|orkest|filt|teat|kvart|vint|fing|ank|klost|mønst))re(?:s|t|ts|ne|nes)?"
)
# »licenserne« is licens, which looks like an ending itself.
OF_ENS = re.compile(r"(?<=...ens)(?:en|ens|er|ers|erne|ernes)$")
PREFIX = re.compile(r"(?:af|an|be|efter|for|frem|fra|gen|ind|med|ned|om|op|over|på|sam|til|ud|under|ved)(?=.{3})")
# A short word that ends in a vowel: »stien«, »byerne«, »træets«, »nye«.
SHORT = re.compile(r"([^aeiouyæøå]*[iouyæøå])e(?:n|ns|r|rs|rne|rnes|ne|nes|t|ts|s)?")
# »møbler« and »møbel«, »trivslen« and »trivsel«, »midler« and »middel«.
BEFORE_L = re.compile(r"(.*[aeiouyæøå].*?)([bdfgkmnpstv])\2?e?l")


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """The stem of a word in lower-case letters, as Danes write them: »målingen« and »målinger« have the same."""
    word = FORMS.get(word) or _with_prefix(word)
    if found := LOSES_E.fullmatch(word):
        word = f"{found[1]}er"
    word = OF_ENS.sub("", word)
    if len(word) < 3 or word in WHOLE:
        return word
    if found := SHORT.fullmatch(word):
        return found[1]
    region = _region(word)
    word = _without_ending(word, region)
    word = _without_cluster(word, region)
    if word.endswith("igst") and len(word) - 4 >= region:
        word = word[:-2]
    for ending in DERIVED:
        if word.endswith(ending) and len(word) - len(ending) >= region:
            word = word[:-1] if ending == "løst" else _without_cluster(word[: -len(ending)], region)
            break
    if len(word) > region and len(word) >= 2 and word[-1] == word[-2] and word[-1] not in VOWELS:
        word = word[:-1]
        if word.endswith("et"):  # »budgettet« is of »budget«, whose own last letters are taken for an ending.
            word = _without_ending(word, region)
    if found := BEFORE_L.fullmatch(word):
        word = f"{found[1]}{found[2]}el"
    return word[:-3] if len(word) >= SHORTEST_NING and word.endswith("ning") else word


def _with_prefix(word: str) -> str:
    """»tilbød« is tilbyde, as »bød« is byde."""
    prefix = PREFIX.match(word)
    base = FORMS.get(word[prefix.end() :]) if prefix else None
    return f"{word[: prefix.end()]}{base}" if prefix and base else word


def _region(word: str) -> int:
    """Where endings begin: after the first consonant that follows a vowel, and after three letters."""
    for place in range(1, len(word)):
        if word[place] not in VOWELS and word[place - 1] in VOWELS:
            return max(place + 1, 3)
    return len(word)


def _without_ending(word: str, region: int) -> str:
    """Without its ending, and without the s before it, which »plads« loses too."""
    ending = next((one for one in ENDINGS if word.endswith(one) and len(word) - len(one) >= region), "")
    word = word.removesuffix(ending)
    if word.endswith("s") and len(word) - 1 >= region and word[-2] in BEFORE_S:
        return word[:-1]
    return word


def _without_cluster(word: str, region: int) -> str:
    return word[:-1] if word.endswith(CLUSTERS) and len(word) - 2 >= region else word
