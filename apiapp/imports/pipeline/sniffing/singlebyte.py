"""Which of the single-byte encodings bytes speak for.

Read in the right one, the letters beyond ASCII are those of one language, words have no symbols in
them, and no capital follows a small letter.
"""

import re
from dataclasses import dataclass

SAMPLE_CHARS = 20_000
TYPOGRAPHIC = frozenset("‘’“”„–—…€£°•·®©™ºª\u00a0")
JOINTS = frozenset("’‘–—…-'´`\u00ad\u00a0·")  # within words
SYMBOLS = frozenset("\u00a0–—‘’‚“”„«»…€£§°·•±²³½¼¾®©™№ªº¿¡µ†×÷")
find_words = re.compile(r"[^\W\d_]+(?:[^\w\s,;|\"'./()&:+-][^\W\d_]+)*").findall
find_beyond = re.compile(r"[^\W\d_\x00-\x7f]+").findall


@dataclass(frozen=True, slots=True)
class Alphabet:
    """Letters beyond ASCII, the frequent ones first where `frequent` counts them."""

    letters: frozenset[str]
    frequent: frozenset[str] = frozenset()
    weight: float = 1.0


def latin(letters: str, weight: float = 1.0) -> Alphabet:
    return Alphabet(frozenset(letters + letters.upper()), weight=weight)


def other(letters: str, frequent: str) -> Alphabet:
    return Alphabet(frozenset(letters + letters.upper()), frozenset(frequent + frequent.upper()))


WESTERN = (
    latin("äöüß"),
    latin("éèêàçùîôûëïâœ"),
    latin("áéíóúñü"),
    latin("ãõçáéíóúâêôàü"),
    latin("åäöæøé"),
    latin("àèéìòù"),
    latin("áðéíóúýþæö"),
    latin("àáâãäåæçèéêëìíîïñòóôõöøùúûüýßœšžÿ", 0.85),
)
CENTRAL = (
    latin("áčďéěíňóřšťúůýž"),
    latin("ąćęłńóśźż"),
    latin("áéíóöőúüű"),
    latin("ăâîșțşţ"),
    latin("áäčďéíĺľňóôŕšťúýž"),
    latin("čćđšž"),
    latin("áâăäćčďđéęëěíîĺľłńňóôőöŕřśşšťţúůűüýźżžąß", 0.82),
)
TURKISH = (Alphabet(frozenset("çğıöşüâÇĞİÖŞÜ")),)
BALTIC = (latin("āčēģīķļņšūž"), latin("ąčęėįšųūž"), latin("äõöüšž"))
CYRILLIC = (
    other("абвгдеёжзийклмнопрстуфхцчшщъыьэюя", "оеаинтсрвл"),
    other("абвгґдеєжзиіїйклмнопрстуфхцчшщьюя", "оаинтівере"),
)
GREEK = (other("αβγδεζηθικλμνξοπρςστυφχψωάέήίόύώϊϋ", "αοιετσνηυρ"),)
HEBREW = (other("אבגדהוזחטיכךלמםנןסעפףצץקרשת", "יוהלארתמשב"),)
ARABIC = (other("ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىيپچژگ", "اليمونتربع"),)
THAI = (other("".join(map(chr, range(0x0E01, 0x0E4F))), "านรอกเงมยล"),)

# The first of equals.  Those that only old machines wrote come last and weigh less.
ALPHABETS: dict[str, tuple[tuple[Alphabet, ...], float]] = {
    "cp1252": (WESTERN, 1.0),
    "cp1250": (CENTRAL, 0.98),
    "cp1251": (CYRILLIC, 1.0),
    "cp1253": (GREEK, 1.0),
    "cp1254": (TURKISH, 0.99),
    "cp1255": (HEBREW, 1.0),
    "cp1256": (ARABIC, 1.0),
    "cp1257": (BALTIC, 0.98),
    "cp874": (THAI, 1.0),
    "iso8859-2": (CENTRAL, 0.96),
    "koi8-r": (CYRILLIC, 0.99),
    "iso8859-5": (CYRILLIC, 0.96),
    "cp866": (CYRILLIC, 0.98),
    "mac-roman": (WESTERN, 0.93),
    "cp850": (WESTERN, 0.95),
    "cp852": (CENTRAL, 0.93),
}
FALLBACK = "cp1252"


def sniff_singlebyte(data: bytes) -> tuple[str, float]:
    """The encoding and how well it fits, from 0 to 1."""
    scores = {name: score(data, name) for name in ALPHABETS}
    best = max(scores, key=lambda name: scores[name])
    return (best, scores[best]) if scores[best] > 0 else (FALLBACK, 0.2)


def score(data: bytes, encoding: str) -> float:
    try:
        text = data.decode(encoding)[:SAMPLE_CHARS]
    except UnicodeDecodeError:
        return 0.0
    beyond = [letter for letter in text if letter > "\x7f"]
    if not beyond:
        return 0.0
    alphabets, weight = ALPHABETS[encoding]
    letters = [letter for letter in beyond if is_letter(letter, alphabets[0])]
    strange = sum(letter not in SYMBOLS for letter in beyond if not letter.isalnum())
    words = find_words(text)
    anomalies = sum(map(anomalies_in, words)) + strange
    fit = max((fit_of(letters, alphabet) for alphabet in alphabets), default=0.0)
    typeset = sum(letter in TYPOGRAPHIC for letter in beyond)
    symbols = len(beyond) - len(letters) - typeset
    fit = (fit * len(letters) + typeset + 0.6 * symbols - anomalies) / len(beyond)
    if alphabets[0].frequent:
        return min(1.0, fit) * (1 - 0.5 * alone_ratio(text)) * weight
    return (fit - 0.4 * foreign_ratio(words)) * weight


def is_letter(letter: str, alphabet: Alphabet) -> bool:
    """Whether it is one of a word: Nº is none."""
    return letter in alphabet.letters or (letter.isalpha() and letter not in TYPOGRAPHIC)


def alone_ratio(text: str) -> float:
    """How many of the letters beyond ASCII have no other beside them: in words of another script
    few do.
    """
    runs = find_beyond(text)
    return sum(len(run) == 1 for run in runs) / len(runs) if runs else 1.0


def fit_of(letters: list[str], alphabet: Alphabet) -> float:
    if not letters:
        return 0.0
    covered = sum(letter in alphabet.letters for letter in letters) / len(letters)
    if not alphabet.frequent:
        return covered * alphabet.weight
    frequent = sum(letter in alphabet.frequent for letter in letters) / len(letters)
    return covered * (0.7 + 0.5 * frequent)


def anomalies_in(word: str) -> int:
    """Symbols within it, capitals after small letters, letters of two scripts; beyond ASCII."""
    if word.isascii():
        return 0
    count = 0
    for before, here in zip(word, word[1:], strict=False):
        if before > "\x7f" or here > "\x7f":
            count += not (here.isalpha() or here in JOINTS)
            count += before.islower() and here.isupper()
            is_pair = before.isalpha() and here.isalpha()
            count += is_pair and is_latin(before) != is_latin(here)
    return count


def is_latin(letter: str) -> bool:
    return letter < "\u0250"


def foreign_ratio(words: list[str]) -> float:
    """How many of the words with letters beyond ASCII have mostly such: no Latin language does."""
    accented = [word for word in words if not word.isascii()]
    mostly = sum(
        len(word) > 2 and sum(letter > "\x7f" for letter in word) * 2 > len(word)
        for word in accented
    )
    return mostly / len(accented) if accented else 0.0
