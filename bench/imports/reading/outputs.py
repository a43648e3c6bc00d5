"""Tables as programs print them and people lay them out: for eyes, with marks of their own."""

from collections.abc import Iterator
from random import Random

from bench.imports.reading import tables
from bench.imports.reading.draft import Draft, Grid, draft_of
from bench.imports.reading.shapes import joined
from bench.imports.reading.tables import Row, Table

ODD_MARKS = ("，", "；", "、", "،", "·", "•", "¬", "\u00a0", "\u2003", " & ", " # ", " • ", "\x14")
SERVICES = ("sshd", "cron", "kernel", "systemd", "app.web")
WORDS = ("started", "user", "failed", "for", "request", "slow:", "done", "retry", "in", "queue")


def odd_marks(draw: Random) -> Iterator[Draft]:
    """Marks of other keyboards and of few programs between cells."""
    for mark in ODD_MARKS:
        quote = "þ" if mark == "\x14" else '"'
        quoting = "all" if mark == "\x14" else "needed"
        for table in (tables.plain(draw), tables.people(draw)):
            yield draft_of(table).but(delimiter=mark, quote=quote, quoting=quoting)


def console(draw: Random) -> Iterator[Draft]:
    """As `df` and `ps` print them: numbers to the right, one space at the least, a few lines or many,
    names of two words, and a last column as long as it likes.
    """
    for rows in (5, 8, 40):
        yield printed(disks(draw, rows), is_right=(False, True, True, True, True, False))
        yield printed(processes(draw, rows), is_right=(False, True, True, True, True, False))


def disks(draw: Random, rows: int) -> Table:
    def row(number: int) -> Row:
        size, used = draw.randint(10**3, 10**8), draw.randint(10**2, 10**7)
        device = draw.choice(["tmpfs", f"/dev/sda{number}", f"/dev/mapper/vg-{number}"])
        return [device, str(size), str(used), str(size - used), f"{number}%", f"/mnt/{number}"]

    names = ["Filesystem", "1K-blocks", "Used", "Available", "Use%", "Mounted on"]
    return Table(names, [row(number) for number in range(1, rows + 1)])


def processes(draw: Random, rows: int) -> Table:
    def row(number: int) -> Row:
        command = f"/usr/bin/{draw.choice(SERVICES)}"
        if draw.random() < 0.2:
            command += f" --listen 127.0.0.1:{number} --workers {number}"
        cells = [draw.randint(2, 99_999), draw.randint(0, 10**4), draw.randint(0, 10**6)]
        spent = f"{draw.randint(0, 9)}:{draw.randint(10, 59)}"
        return [draw.choice(["root", "www-data", "ann"]), *map(str, cells), spent, command]

    names = ["USER", "PID", "PPID", "RSS", "TIME", "COMMAND"]
    return Table(names, [row(number) for number in range(1, rows + 1)])


def printed(table: Table, *, is_right: tuple[bool, ...]) -> Draft:
    grid = [table.header, *table.rows]
    widths = [max(map(len, column)) for column in zip(*grid, strict=True)]
    lines: Grid = [
        [
            " ".join(
                cell.rjust(width) if right else cell.ljust(width)
                for cell, width, right in zip(row, widths, is_right, strict=True)
            ).rstrip()
        ]
        for row in grid
    ]
    return draft_of(table).but(header=[], rows=lines, quoting="none")


def logs(draw: Random) -> Iterator[Draft]:
    """Lines that tell the time and then something, in no columns: one column is right, and so are
    words between spaces, all of them or the first few.
    """
    for form in (
        "2024-03-{:02} 10:15:{:02}",
        "Mar {:>2} 03:14:{:02}",
        "2024-03-{:02}T10:15:{:02}Z",
    ):
        for rows in (12, 60):
            lines = []
            for number in range(rows):
                moment = form.format(number % 28 + 1, number)
                words = " ".join(draw.choices(WORDS, k=draw.randint(2, 12)))
                lines.append(
                    f"{moment} host{number % 3} {draw.choice(SERVICES)}[{number}]: {words}"
                )
            whole = [[line] for line in lines]
            draft = draft_of(Table([], whole)).but(header=[], quoting="none")
            few = [[line.split(maxsplit=most) for line in lines] for most in (1, 2, 3, 4)]
            yield draft.answered(whole, [line.split(" ") for line in lines], *few)


def header_spans(draw: Random) -> Iterator[Draft]:
    """A name above several columns, whose own names are below it, beside names of one column."""
    for is_apart in (False, True):
        for is_text in (False, True, False):
            table = tables.plain(draw)
            spread = [f"{cell} km" for cell in table.header] if is_text else table.header
            rows = [[*row, *[str(len(cell)) for cell in row[:2]]] for row in table.rows]
            if is_text:
                rows = [[cell and f"{cell} or so" for cell in row] for row in table.rows]
                rows = [[*row, "few", draw.choice(["yes", "no"])] for row in rows]
            upper = [*spread[:3], "Visits", "", "", "Remark"]
            lower = ["", "", "", "by day", "by night", "by hand", ""]
            blank = [[""] * len(upper)] if is_apart else []
            right = [upper, ["", "", "", "by day", "by night", "by hand", ""]]
            filled = [*spread[:3], "Visits", "Visits", "Visits", "Remark"]
            draft = joined(Table(upper, rows), [upper, *blank, lower], [right, [filled, lower]])
            yield draft


def units(draw: Random) -> Iterator[Draft]:
    """What each column is measured in, below the names, as instruments and archives write it."""
    for below in (
        ["km", "K", "g/kg", "m s-1"],
        ["cm", "°F", "ppm", "kn"],
        ["m", "°C", "PSU", "m/s"],
        ["m", "degree_C", "%", "km h-1"],
        ["", "hPa", "W/m²", "s"],
    ):
        names = ["depth", "temperature", "content", "speed"]
        rows = [
            [str(number), *(f"{draw.uniform(1, 99):.2f}" for _ in range(3))] for number in range(30)
        ]
        yield joined(Table(names, rows), [names, below], [[names, below]])


def empty_rows(draw: Random) -> Iterator[Draft]:
    """What a spreadsheet keeps of rows that were once filled: more of them than of others.  They may
    be kept or dropped.
    """
    for title in ((), ("Payments of the department, July 2017",)):
        for delimiter in (",", ";", "|"):
            table = tables.plain(draw)
            few = Table(table.header, table.rows[:12])
            missing = delimiter * (len(table.header) - 1)
            before = [f'"{line}"{missing}' for line in title] + [missing] * len(title)
            left = draw.randint(30, 90)
            read = [few.header, *few.rows]
            kept = [*read, *[[""] * len(few.header)] * left]
            draft = draft_of(few).but(before=before, after=[missing] * left, delimiter=delimiter)
            yield draft.answered(read, kept)


def mixed_encodings(draw: Random) -> Iterator[Draft]:
    """Files in UTF-8 to which others, in cp1252, were added: each cell is what it was."""
    for ratio in (0.05, 0.1, 0.2, 0.3, 0.45):
        table = tables.western(draw, rows=40)
        start = int(len(table.rows) * (1 - ratio))

        def garble(data: bytes, start: int = start) -> bytes:
            lines = data.splitlines(keepends=True)
            added = (line.decode().encode("cp1252") for line in lines[start + 1 :])
            return b"".join([*lines[: start + 1], *added])

        yield draft_of(table).but(garble=garble)
