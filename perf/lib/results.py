"""Results as files in perf/results and as generated tables in perf/RESULTS.md."""

import json
import platform
import re
import shlex
from datetime import datetime, timezone
from pathlib import Path
from statistics import median

from bench import commit
from cases import CASES, TWIN

ROOT = Path(__file__).resolve().parent.parent.parent
RESULTS = ROOT / "perf/results"
PAGE = ROOT / "perf/RESULTS.md"
# Grows when a field changes its meaning.
FORMAT = 1


class PageError(Exception):
    """perf/RESULTS.md is not as it has to be."""


def folder(arguments):
    """Where results go: where they are asked to, else into the repository, unless they only show that things work."""
    if arguments.results:
        return Path(arguments.results)
    return ROOT / "target/perf-results" if getattr(arguments, "quick", False) else RESULTS


def spread(values):
    """Median, least and greatest of what was measured, and all of it in order; none of nothing."""
    found = [value for value in values if value is not None]
    if not found:
        return None
    return {"median": median(found), "min": min(found), "max": max(found), "values": values}


def circumstances(arguments, command, environment):
    """What every result says of where it comes from."""
    return {
        "format": FORMAT,
        "measured_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        # Of which sources given binaries are is not known.
        "commit": None if getattr(arguments, "bin_dir", None) else commit(),
        "command": command,
        "machine": machine(environment),
    }


def machine(environment):
    """The machine in short, from a result of the generator."""
    file_system = environment["file_system"] or {}
    return {
        "cpu": environment["cpu_model"],
        "cores": environment["cores"],
        "memory_gib": round((environment["memory_bytes"] or 0) / 2**30, 1),
        "kernel": f"{platform.system()} {environment['kernel']}",
        "file_system": f"{file_system.get('kind')} on {file_system.get('device')}, {file_system.get('options')}",
        "io_scheduler": file_system.get("scheduler"),
    }


def write(where, name, result):
    """Writes a result under today's date and its name; gives the path."""
    where.mkdir(parents=True, exist_ok=True)
    path = where / f"{result['measured_at'][:10]}-{name}.json"
    path.write_text(as_text(result) + "\n")
    return path


def as_text(result):
    """JSON with six digits a number, and lists of numbers on one line."""
    text = json.dumps(rounded(result), indent=1, ensure_ascii=False)
    return re.sub(r"\[[^\[\]{}\"]*\]", lambda match: re.sub(r"\s+", " ", match[0]).replace("[ ", "[").replace(" ]", "]"),
                  text)


def rounded(value):
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: rounded(part) for key, part in value.items()}
    if isinstance(value, list):
        return [rounded(part) for part in value]
    return value


def latest(where, kind):
    """The newest result of each name, of one kind, in the order of their names."""
    found = {}
    for path in sorted(where.glob("*.json")):
        result = json.loads(path.read_text())
        if result.get("kind") == kind:
            # The date comes first in the file's name, so a later one replaces an earlier one.
            found[path.stem[len("2026-01-01-"):]] = result
    return [found[name] for name in sorted(found, key=by_number)]


def by_number(name):
    """Numbers in a name count as such: T10 comes after T9."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def command_line(program, given):
    """How a command was called, without where its files are."""
    kept, skips = [], False
    for argument in given:
        if skips:
            skips = False
        elif argument in ("--data", "--results", "--bin-dir"):
            skips = True
        elif not argument.startswith(("--data=", "--results=", "--bin-dir=")):
            kept.append(shlex.quote(argument))
    return " ".join([program, *kept])


def short_commit(result):
    """Twelve digits are enough for people; that the sources were changed is not to be lost."""
    whole = result["commit"] or "unknown"
    return whole[:12] + ("-changed" if whole.endswith("-changed") else "")


def verdicts(case, peer, figures):
    """The targets that a comparison with `peer` can tell of, each with what was found."""
    out = []
    for target in case.targets:
        if target.peer not in (None, TWIN, peer):
            continue
        figure, found = case.figure(target.figure), figures[target.figure]
        value = found["to_twin"] if target.peer == TWIN else found["ratio"] if target.peer else found["corelog"]
        if value is None:
            continue
        value = value["median"]
        out.append({"target": target.name, "figure": target.figure, "text": target_text(target, figure),
                    "value": value, "holds": target.holds(value, figure.better)})
    return out


def target_text(target, figure):
    if target.peer:
        return f"≥ {target.bound:.3g} ×{' its twin' if target.peer == TWIN else ''}"
    sign = "≥" if figure.better == "higher" else "≤"
    return f"{sign} {figure.show(target.bound)}"


def show_spread(figure, found):
    if found is None:
        return "—"
    if found["min"] == found["max"]:
        return figure.show(found["median"])
    low, high = (figure.show(found[end]).removesuffix(figure.unit).strip() for end in ("min", "max"))
    return f"{figure.show(found['median'])} ({low}–{high})"


def show_ratio(found):
    if found is None:
        return "—"
    text = f"{found['median']:.2f} ×"
    return text if found["min"] == found["max"] else f"{text} ({found['min']:.2f}–{found['max']:.2f})"


def comparison_rows(result):
    """The rows of one comparison: its first figure, those that have a target, and those that the case names."""
    case = CASES.get(result["case"])
    if case is None:
        return
    judged = {}
    for verdict in result["targets"]:
        judged.setdefault(verdict["figure"], []).append(verdict)
    for number, figure in enumerate(case.figures):
        found = result["figures"].get(figure.name)
        if found is None or (number > 0 and figure.name not in judged and figure.name not in case.shown):
            continue
        targets = ", ".join(f"{verdict['target']} {verdict['text']}: {'met' if verdict['holds'] else '**missed**'}"
                            for verdict in judged.get(figure.name, []))
        yield (f"{case.name}: {case.title}" if number == 0 else "", figure.title, result["peer"]["name"],
               show_spread(figure, found["corelog"]), show_spread(figure, found["peer"]),
               show_ratio(found["ratio"]), targets)
        if found.get(TWIN) is not None:
            yield ("", figure.title, f"Corelog with `{' '.join(result['twin_settings'])}`",
                   show_spread(figure, found["corelog"]), show_spread(figure, found[TWIN]),
                   show_ratio(found["to_twin"]), "")


def comparison_text(results):
    """The table of all comparisons, and under it where it comes from."""
    lines = table(("case", "figure", "peer", "Corelog", "the peer", "times better", "target"),
                  [row for result in results for row in comparison_rows(result)])
    lines += ["", "Medians of interleaved pairs, each with its least and greatest value. *Times better* is the "
              "median of the ratios pair by pair, above 1 where Corelog is ahead.", ""]
    lines += [f"- {line}" for result in results for line in limit_lines(result)]
    lines += [f"- {line}" for line in sources(results)]
    return "\n".join(lines)


def limit_lines(result):
    """How far a peer that shows a limit is ahead of the other peers of the same rounds."""
    for name, ratio in result.get("to_other_peers", {}).items():
        yield f"{result['case']}: {result['peer']['name']} is {show_ratio(ratio)} better than {name}, round by round."


def sources(results):
    """One line for each broker and its durability, and one for each set of runs."""
    brokers, runs = {}, {}
    for result in results:
        for broker in (result["corelog"], result["peer"]):
            settings = "; ".join(broker["settings"])
            text = f"{broker['version']}{f' ({settings})' if settings else ''}"
            brokers[f"{broker['name']}: {text}. {broker['durability'].capitalize()}."] = None
        here = result["machine"]
        text = (f"{result['measured_at'][:10]}, commit {short_commit(result)}, `{result['command']}`, "
                f"{here['cpu']}, {here['cores']} cores, {here['memory_gib']} GiB, {here['kernel']}, "
                f"{here['file_system']}")
        name = f"{result['case']} against {result['peer']['name']}"
        wrong = sum(len(result[side]["problems"]) for side in ("corelog", TWIN, "peer") if side in result)
        details = [f"{result['pairs']} pair{'s' if result['pairs'] > 1 else ''}"]
        if result["disk_syncs_per_s"] is not None:
            syncs = result["disk_syncs_per_s"]
            found = f"{syncs['median']:,.0f} ({syncs['min']:,.0f}–{syncs['max']:,.0f})"
            details.append(f"{found} fdatasyncs a second before them")
        if wrong:
            details.append(f"{wrong} runs with problems")
        pairs = f"{name} ({', '.join(details)})"
        runs.setdefault(text, []).append(pairs)
    yield from brokers
    for text, names in runs.items():
        yield f"{', '.join(names)}: {text}."


def table(head, rows):
    """A table in Markdown."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def replace(page, section, text):
    """Puts `text` between the page's markers of `section`."""
    begin, end = f"<!-- {section}: begin -->", f"<!-- {section}: end -->"
    old = page.read_text()
    if old.count(begin) != 1 or old.count(end) != 1 or old.index(begin) > old.index(end):
        raise PageError(f"{page} has to hold {begin} and {end} once each, in that order")
    head, rest = old.split(begin)
    _, tail = rest.split(end)
    page.write_text(f"{head}{begin}\n{text}\n{end}{tail}")


def target_row(name, verdict):
    """One line of a target: what, found, asked for, met or not."""
    unit, values = verdict["unit"], verdict["values"]
    found = f"{verdict['value']:,.3g} {unit}".rstrip()
    if len(values) > 1:
        found += f" ({min(values):,.3g}–{max(values):,.3g})"
    asked = f"{verdict['sense']} {verdict['bound']:g} {unit}".rstrip()
    return name, verdict["what"], found, asked, "met" if verdict["holds"] else "**missed**"


def targets_text(found):
    """The table of the targets that need no peer, and under it where it comes from."""
    rows = [target_row(result["target"], verdict) for result in found for verdict in result["verdicts"]]
    lines = table(("target", "figure", "found", "asked for", ""), rows)
    lines.append("")
    for result in found:
        here = result["machine"]
        settings = f" with `{' '.join(result['settings'])}`" if result["settings"] else ""
        lines.append(f"- {result['target']}: {result['measured_at'][:10]}, commit {short_commit(result)}"
                     f"{settings}, `{result['command']}`, {here['cpu']}, {here['cores']} cores, {here['kernel']}, "
                     f"{here['file_system']}; {result['durability']}.")
    return "\n".join(lines)
