"""Folded stacks (`outer;inner count`), and their picture."""

import html
import re
from collections import Counter

WIDTH = 1200
ROW = 17
# Narrower boxes are not drawn, in pixels.
NARROWEST = 0.3
CHARACTER = 6.6


def parse(folded):
    """Stack as a tuple of names, outermost first -> samples."""
    stacks = Counter()
    for line in folded.splitlines():
        stack, _, count = line.rpartition(" ")
        if stack and count.isdigit():
            stacks[tuple(short(name) for name in stack.split(";"))] += int(count)
    return stacks


def short(name):
    """A function's name without its hash and without what every generic name repeats."""
    name = re.sub(r"::h[0-9a-f]{16}$", "", name)
    name = re.sub(r"\+0x[0-9a-f]+$", "", name)
    return name.replace("core::future::future::", "").replace("alloc::boxed::", "")


def fold_perf(script):
    """From the output of `perf script -F comm,ip,sym`: a line with the thread, a line a frame, an empty line."""
    stacks = Counter()
    for block in re.split(r"\n\s*\n", script):
        lines = block.strip("\n").splitlines()
        if not lines:
            continue
        thread = lines[0].strip().replace(";", ":")
        frames = [line.split(None, 1)[1] if len(line.split(None, 1)) > 1 else "[unknown]" for line in lines[1:]]
        names = [frame.strip().replace(";", ":") for frame in reversed(frames)]
        stacks[";".join([thread, *names])] += 1
    return "".join(f"{stack} {count}\n" for stack, count in sorted(stacks.items()))


def hottest(stacks, most):
    """The functions with the most samples of their own: (percent, name)."""
    own = Counter()
    for stack, count in stacks.items():
        own[stack[-1]] += count
    total = sum(own.values())
    return [(100 * count / total, name) for name, count in own.most_common(most)]


class Node:
    """A function as called from one place."""

    def __init__(self):
        self.samples = 0
        self.callees = {}

    def depth(self):
        return 1 + max((callee.depth() for callee in self.callees.values()), default=0)


def tree(stacks):
    root = Node()
    for stack, count in stacks.items():
        node = root
        node.samples += count
        for name in stack:
            node = node.callees.setdefault(name, Node())
            node.samples += count
    return root


def svg(stacks, title):
    """One self-contained picture; a box tells its name and share, and a click looks closer."""
    root = tree(stacks)
    height = (root.depth() + 2) * ROW
    boxes = []
    place(boxes, root, "all", 0.0, height - ROW, WIDTH / max(root.samples, 1), root.samples)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'font-family="monospace" font-size="11">\n<text x="4" y="13">{html.escape(title)}; click a box to look closer, '
        f"the lowest to go back</text>\n{''.join(boxes)}{SCRIPT}</svg>\n"
    )


def place(boxes, node, name, x, y, scale, total):
    width = node.samples * scale
    if width < NARROWEST:
        return
    characters = int((width - 4) / CHARACTER)
    label = name if len(name) <= characters else name[: max(characters - 1, 0)] + "…"
    told = f"{name}: {node.samples} samples, {100 * node.samples / total:.2f} %"
    boxes.append(
        f'<g data-x="{x:.2f}" data-w="{width:.2f}" data-n="{html.escape(name, quote=True)}"><title>{html.escape(told)}'
        f'</title><rect x="{x:.2f}" y="{y}" width="{width:.2f}" height="{ROW - 1}" fill="{colour(name)}"/>'
        f'<text x="{x + 2:.2f}" y="{y + 12}">{html.escape(label) if characters > 2 else ""}</text></g>\n'
    )
    for callee in sorted(node.callees):
        place(boxes, node.callees[callee], callee, x, y - ROW, scale, total)
        x += node.callees[callee].samples * scale


def colour(name):
    """The same function always in the same colour: warm for ours, cool for the rest."""
    shade = sum(ord(c) * (i + 1) for i, c in enumerate(name)) % 60
    if "corelog" in name:
        return f"rgb(250,{120 + shade},{60 + shade // 2})"
    return f"rgb({150 + shade},{190 + shade // 2},230)"


SCRIPT = """<script><![CDATA[
const groups = [...document.querySelectorAll("g[data-x]")];
function look(x, w) {
  for (const g of groups) {
    const from = (+g.dataset.x - x) * 1200 / w, width = +g.dataset.w * 1200 / w;
    const left = Math.max(from, 0), right = Math.min(from + width, 1200);
    g.style.display = right - left < 0.3 ? "none" : "";
    const [rect, text] = [g.querySelector("rect"), g.querySelector("text")];
    rect.setAttribute("x", left); rect.setAttribute("width", Math.max(right - left, 0));
    text.setAttribute("x", left + 2);
    const room = Math.floor((right - left - 4) / 6.6), name = g.dataset.n;
    text.textContent = room < 3 ? "" : name.length <= room ? name : name.slice(0, room - 1) + "…";
  }
}
for (const g of groups) g.addEventListener("click", () => look(+g.dataset.x, +g.dataset.w));
]]></script>
"""
