"""Clean tables to be made messy: slices of vega-datasets' CSVs, and tables in several scripts."""

import csv
import io
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from random import Random

from vega_datasets import local_data

Row = list[str]


@dataclass(frozen=True, slots=True)
class Table:
    """Names of the columns, and rows of as many cells each."""

    header: Row
    rows: list[Row]


# name in vega_datasets.local_data: how many rows a slice has
VEGA = {
    "airports": 40,
    "iowa_electricity": 51,
    "la_riots": 30,
    "seattle_temps": 60,
    "seattle_weather": 45,
    "sf_temps": 60,
    "stocks": 50,
    "us_employment": 20,
}
SENTENCES = (
    "Delivered to the neighbour, who was at home.",
    'Marked "fragile"; handle with care.',
    "First line\nsecond line",
    "See the note below:\n\n- one, two\n- three; four",
    "No remarks",
    "It's 5 o'clock somewhere",
    "",
)
WESTERN_NAMES = ("Zoë Müller", "José Peña", "Ana-María Ibáñez", "Søren Ødegård", "Çelik Façade")
WESTERN_CITIES = ("Köln", "São Paulo", "Besançon", "Málaga", "Göteborg", "Zürich", "Århus")
WESTERN_NOTES = (
    "À bientôt, René",
    "Größe: 42 für Männer",
    "Él dijo «no»",
    "señor, mañana",
    "déjà vu",
)
WORDS = {
    "zh_hans": {
        "header": ["编号", "姓名", "城市", "金额", "日期", "备注"],
        "names": ["王伟", "李娜", "张敏", "刘洋", "陈静", "欧阳修"],
        "cities": ["北京", "上海", "广州", "深圳", "成都", "西安"],
        "notes": ["已付款,无需发票", "客户要求加急处理", "“样品”已寄出", "退货原因:尺寸不符", "无"],
    },
    "zh_hant": {
        "header": ["編號", "姓名", "城市", "金額", "日期", "備註"],
        "names": ["陳怡君", "林志明", "黃淑芬", "張家豪", "許功蓋"],
        "cities": ["臺北市", "高雄市", "臺中市", "新竹縣", "花蓮縣"],
        "notes": ["已付款,不需發票", "客戶要求加急處理", "樣品已寄出", "退貨原因:尺寸不符", "無"],
    },
    "ja": {
        "header": ["番号", "氏名", "市区町村", "金額", "日付", "備考"],
        "names": ["佐藤健一", "鈴木さくら", "高橋直樹", "田中ユミ", "渡辺ソフィア"],
        "cities": ["東京都港区", "大阪市", "名古屋市", "札幌市", "横浜市"],
        "notes": [
            "入金済み,領収書不要",
            "至急お願いします",
            "サンプル送付済み",
            "返品(サイズ違い)",
            "なし",
        ],
    },
    "ko": {
        "header": ["번호", "이름", "도시", "금액", "날짜", "비고"],
        "names": ["김민수", "이영희", "박지훈", "최수진"],
        "cities": ["서울", "부산", "대구", "인천", "광주"],
        "notes": ["결제 완료,영수증 불필요", "빠른 배송 요청", "반품 사유: 사이즈", "없음"],
    },
    "ru": {
        "header": ["номер", "имя", "город", "сумма", "дата", "примечание"],
        "names": ["Иван Петров", "Мария Иванова", "Сергей Щукин", "Ольга Юрьева"],
        "cities": ["Москва", "Санкт-Петербург", "Казань", "Екатеринбург"],
        "notes": ["оплачено, счёт не нужен", "срочная доставка", "возврат: не тот размер", "нет"],
    },
    "cs": {
        "header": ["číslo", "jméno", "město", "částka", "datum", "poznámka"],
        "names": ["Jiří Dvořák", "Lenka Říhová", "Tomáš Křížek", "Žaneta Šťastná"],
        "cities": ["Plzeň", "Žďár nad Sázavou", "Třebíč", "České Budějovice"],
        "notes": ["zaplaceno, bez účtu", "doručit co nejdříve", "špatná velikost", "děkujeme"],
    },
    "el": {
        "header": ["αριθμός", "όνομα", "πόλη", "ποσό", "ημερομηνία", "σχόλια"],
        "names": ["Γιώργος Παπαδόπουλος", "Μαρία Νικολάου", "Κώστας Ιωάννου"],
        "cities": ["Αθήνα", "Θεσσαλονίκη", "Πάτρα", "Ηράκλειο"],
        "notes": ["πληρώθηκε, χωρίς τιμολόγιο", "επείγον", "λάθος μέγεθος", "κανένα"],
    },
}


def vega(name: str, draw: Random) -> Table:
    """Consecutive rows of one of vega's tables, from a random row on."""
    header, *rows = whole(name)
    count = VEGA[name]
    start = draw.randrange(max(1, len(rows) - count))
    return Table(header, rows[start : start + count])


@cache
def whole(name: str) -> list[Row]:
    text = getattr(local_data, name).raw().decode("utf-8")
    return list(csv.reader(io.StringIO(text, newline="")))


def any_vega(draw: Random) -> Table:
    return vega(draw.choice(list(VEGA)), draw)


def worded(script: str, draw: Random, *, rows: int = 40) -> Table:
    """Orders in one of WORDS' scripts."""
    words = WORDS[script]
    body = [
        [
            f"{number:05}",
            draw.choice(words["names"]),
            draw.choice(words["cities"]),
            f"{draw.uniform(1, 5000):.2f}",
            a_date(draw).isoformat(),
            draw.choice(words["notes"]),
        ]
        for number in range(1, rows + 1)
    ]
    return Table(words["header"], body)


def western(draw: Random, *, rows: int = 40) -> Table:
    """Names and notes in Western Europe's letters: what Latin-1 and cp1252 have in common."""
    body = [
        [
            str(number),
            draw.choice(WESTERN_NAMES),
            draw.choice(WESTERN_CITIES),
            f"{draw.uniform(1, 5000):.2f}",
            draw.choice(WESTERN_NOTES),
        ]
        for number in range(1, rows + 1)
    ]
    return Table(["nº", "prénom", "città", "größe", "observação"], body)


def people(draw: Random, *, rows: int = 40) -> Table:
    """What needs quotes: delimiters, quotes and line ends within cells; empty cells; zeros in front."""
    body = [
        [
            f"{number:06}",
            draw.choice(["O'Hara, Ann", "Li Lei", 'Robert "Bob" Smith', "van Dam, jr.", "Ng"]),
            f"user{number}@example.org",
            a_date(draw).isoformat(),
            draw.choice(["TRUE", "FALSE"]),
            f"{draw.uniform(0, 1000):.2f}",
            draw.choice(SENTENCES),
        ]
        for number in range(1, rows + 1)
    ]
    return Table(["id", "name", "e-mail", "born", "active", "balance", "note"], body)


def long_text(draw: Random, *, rows: int = 25) -> Table:
    """Cells of several thousand characters, many lines and every common delimiter."""
    body = [
        [
            str(number),
            " ".join(draw.choices(SENTENCES, k=draw.randint(20, 120))),
            draw.choice("AB|;"),
        ]
        for number in range(1, rows + 1)
    ]
    return Table(["id", "story", "grade"], body)


def plain(draw: Random, *, rows: int = 40) -> Table:
    """Nothing that needs a quote: no space, comma, quote or line end in any cell."""
    body = [
        [
            f"S-{number:04}",
            draw.choice(["north", "south", "east", "west"]),
            f"{draw.uniform(-20, 40):.1f}",
            str(draw.randint(0, 100_000)),
            a_date(draw).isoformat(),
        ]
        for number in range(1, rows + 1)
    ]
    return Table(["station", "region", "temperature", "visits", "day"], body)


def lists(draw: Random, *, inner: str, rows: int = 30) -> Table:
    """Cells that hold lists and small tables, whose marks are more than the delimiters are."""
    words = ["apple", "pear", "plum", "fig", "quince"]
    body = [
        [
            str(number),
            inner.join(draw.choices(words, k=draw.randint(2, 6))),
            "\n".join(inner.join(draw.choices(words, k=3)) for _ in range(draw.randint(1, 4))),
            f"{draw.uniform(0, 100):.2f}",
        ]
        for number in range(1, rows + 1)
    ]
    return Table(["id", "basket", "picked", "weight"], body)


def wide(draw: Random, *, columns: int = 120, rows: int = 8) -> Table:
    """Many columns of the same kind, few rows; most cells are 0."""
    header = [f"m{column:03}" for column in range(columns)]
    return Table(header, [draw.choices(["0", "0", "0.5", "1"], k=columns) for _ in range(rows)])


def a_date(draw: Random) -> date:
    return date(1990, 1, 1) + timedelta(days=draw.randrange(12_000))
