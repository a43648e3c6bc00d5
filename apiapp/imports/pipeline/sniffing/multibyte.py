"""Which of the multi-byte encodings of East Asia bytes speak for.

All of them take almost any bytes; what tells them apart is which characters come out.  Each
standard has its frequent characters in one zone (GB 2312 level 1, Big5 level 1, JIS level 1, the
hangul of KS X 1001), so text read in its own encoding stays within that zone.
"""

from collections.abc import Callable
from itertools import pairwise

SAMPLE_CHARS = 4000
LEAST_SCORE = 0.7
LEAST_RUNS = 0.6  # of the characters have another one beside them; accented letters rarely have

COMMON, KNOWN, RARE = 1.0, 0.3, 0.0
Zone = Callable[[int, int], float]


def gb(lead: int, trail: int) -> float:
    if trail < 0xA1:
        return RARE
    if 0xB0 <= lead <= 0xD7 or lead in (0xA1, 0xA3):
        return COMMON
    return KNOWN if 0xA4 <= lead <= 0xF7 else RARE


def big5(lead: int, trail: int) -> float:
    if 0x7F <= trail <= 0xA0 or trail == 0xFF:
        return RARE
    if 0xA1 <= lead <= 0xC6:
        return COMMON
    return KNOWN if 0xC9 <= lead <= 0xF9 else RARE


def shift_jis(lead: int, trail: int) -> float:
    if lead == 0x82 or lead == 0x81 or (lead == 0x83 and trail <= 0x96):
        return COMMON
    if 0x88 <= lead <= 0x97:
        return COMMON
    return KNOWN if 0x98 <= lead <= 0x9F or 0xE0 <= lead <= 0xEA else RARE


def euc_jp(lead: int, trail: int) -> float:
    if trail < 0xA1:
        return RARE
    if lead in (0xA1, 0xA3, 0xA4, 0xA5) or 0xB0 <= lead <= 0xCF:
        return COMMON
    return KNOWN if 0xD0 <= lead <= 0xF4 else RARE


def korean(lead: int, trail: int) -> float:
    if trail < 0xA1:
        return RARE
    if 0xB0 <= lead <= 0xC8 or lead in (0xA1, 0xA3):
        return COMMON
    return KNOWN if 0xCA <= lead <= 0xFD else RARE


# The first of equals: hangul are few of what GB 2312 would read as frequent.
ZONES: dict[str, Zone] = {
    "cp949": korean,
    "gb18030": gb,
    "euc-jp": euc_jp,
    "cp932": shift_jis,
    "big5hkscs": big5,
}


CLOSE = 0.1  # of the better score
# Their zones of frequent characters are the same bytes: the most frequent decide on a few words.
FREQUENT = {
    "cp949": frozenset(
        "이다는에의가을고하지한어사도시자인기로나정대리아수부스일구장그제서상전주여성은동"
        "보원경해연유김박최남영철희울산광역름호번화회니들라를만게과으있것면며안오우었습적"
        "등신국군용관계비민조선공물무생방명미문학분반강결건교금내년단당데모발배북세소속실"
        "양업외위음입재점종중진차체출치통트파편평표품행"
    ),
    "gb18030": frozenset(
        "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子得下自之年过发后"
        "作里用道行所家种事成方多经法学都同现动面定天分进好小部主理心本前开因从实日者意无力长机民第"
        "公工使明性全三关点业外将两高间由最重物手文体政美相利二等产新制加西月合回代内信表化老世位度"
        "门先海通教原东提立员名平系电数安少报建市山金区保社白书南品北京广州省县街路号姓城张李王刘陈"
        "杨"
    ),
    "euc-jp": frozenset(
        "日一国会人年大二本中長出三時政事自行社見月分議後前民生連発間対上部東者地合市業内相方四定今"
        "回新場金員入選立開手力学問高代明実円関子動京全目表経通外最言現理体化田当主題下法不来作性的"
        "要用制度務気小成期公野都和機平総加山家話世区県正安設保数記院女北権心第産結点教報書原先名交"
        "川面文重海知道信集在件団物所次水品論計特情男私島朝価式村運西台広電歳住校料沢町工語職木食車"
        "井南石足神番店花阪太郎鈴佐藤松様氏"
    ),
}


def sniff_multibyte(data: bytes) -> tuple[str, float] | None:
    """The encoding and how well it fits, from 0 to 1; None where none does."""
    scores = {name: score(data, name) for name in ZONES}
    best = max(scores, key=lambda name: scores[name])
    if best in FREQUENT:
        close = [name for name in FREQUENT if scores[name] > scores[best] - CLOSE]
        best = max(close, key=lambda name: (frequent_in(data, name), name == best))
    return (best, scores[best]) if scores[best] >= LEAST_SCORE else None


def score(data: bytes, encoding: str) -> float:
    text = data.decode(encoding, "replace")
    wide = [letter for letter in text if letter > "\x7f"][:SAMPLE_CHARS]
    if not wide or runs_ratio(text[: SAMPLE_CHARS * 4]) < LEAST_RUNS:
        return 0.0
    return sum(commonness(letter, encoding) for letter in wide) / len(wide)


def frequent_in(data: bytes, encoding: str) -> int:
    text = data.decode(encoding, "replace")[:SAMPLE_CHARS]
    return sum(letter in FREQUENT[encoding] for letter in text)


def commonness(letter: str, encoding: str) -> float:
    if letter == "\N{REPLACEMENT CHARACTER}":
        return -5.0
    try:
        raw = letter.encode(encoding)
    except UnicodeEncodeError:  # half of what one code of Big5-HKSCS stands for
        return RARE
    if len(raw) == 2:
        return ZONES[encoding](raw[0], raw[1])
    return KNOWN  # GB 18030's four bytes; half-width katakana


def runs_ratio(text: str) -> float:
    """How many of the characters beyond ASCII have another one beside them."""
    is_wide = [False, *(letter > "\x7f" for letter in text), False]
    count = sum(is_wide)
    alone = sum(
        here and not before and not after
        for (before, here), (_, after) in pairwise(pairwise(is_wide))
    )
    return 1 - alone / count if count else 0.0
