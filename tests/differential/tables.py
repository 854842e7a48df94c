"""The tables of differences that have a reason: ACCEPTED.md, which stay, and FAULTS.md, which are to be mended.

A row says API, versions, field, Corelog's value, Kafka's value and the reason. `*` stands for anything, " or " parts
alternatives, and every row has to explain a difference of the fixed set.
"""

import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
FILES = ("ACCEPTED.md", "FAULTS.md")


def glob(text):
    def one(pattern):
        return ".*".join(re.escape(piece) for piece in pattern.strip().strip("`").split("*"))

    return re.compile("|".join(f"(?:{one(p)})" for p in text.split(" or ")), re.DOTALL)


class Row:
    def __init__(self, file, line, cells):
        self.file = file
        self.line = line
        self.api, self.versions, self.field, self.corelog, self.kafka, self.reason = cells
        self.patterns = [glob(cell) for cell in (self.api, self.field, self.corelog, self.kafka)]
        self.used = 0

    def explains(self, difference):
        values = (difference.api, difference.path, difference.corelog, difference.kafka)
        if not all(p.fullmatch(v) for p, v in zip(self.patterns, values)):
            return False
        if self.versions.strip() == "*":
            return True
        first, _, last = self.versions.partition("-")
        return int(first) <= difference.version <= int(last or first)

    def __str__(self):
        return f"{self.file}:{self.line} {self.api} {self.field}"


def load():
    rows = []
    for file in FILES:
        path = HERE / file
        if not path.exists():
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
            if not line.startswith("| ") or cells[0] in ("API", "") or set(cells[0]) <= set("-"):
                continue
            if len(cells) != 6:
                raise SystemExit(f"{file}:{number} has {len(cells)} cells, not 6")
            rows.append(Row(file, number, cells))
    return rows


def explain(rows, differences):
    """Pairs of a difference and the row that explains it, or None.

    What explains another error code, or no answer, explains the fields beside it.
    """
    out, parents = [], {}
    for difference in sorted(differences, key=lambda d: not is_refusal(d.path)):
        row = next((row for row in rows if row.explains(difference)), None)
        if is_refusal(difference.path):
            parents[difference.path[:difference.path.rfind(".") + 1]] = row
        elif row is None:
            beside = [r for prefix, r in parents.items() if difference.path.startswith(prefix)]
            if None in beside:
                # Another error code that nothing explains is told already.
                continue
            row = beside[0] if beside else None
        if row is not None:
            row.used += 1
        out.append((difference, row))
    return out


def is_refusal(path):
    last = path.rsplit(".", 1)[-1]
    return last.endswith("error_code") or last == "outcome"
