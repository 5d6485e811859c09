"""Runbooks as people lay them out: comments, blank lines, indentation and scalars of every kind."""

from __future__ import annotations

from hypothesis import strategies as st

WORDS = st.text(
    st.characters(
        codec="utf-8", exclude_characters="\n\r\x85\u2028\u2029\ufeff", exclude_categories=("Cc", "Cs", "Cn")
    ),
    max_size=12,
)
NAMES = st.text("abcXYZ019_-", min_size=1, max_size=70)
COMMENT = st.builds(
    lambda blanks, mark, words: f"{' ' * blanks}{mark}{words}",
    st.sampled_from((0, 0, 2, 4)),
    st.sampled_from(("# ", "#", "##", "#  ")),
    WORDS,
)
GAP = st.lists(st.one_of(st.sampled_from(("", "", "  ", "\t")), COMMENT), max_size=4)


def quoted(words: str) -> str:
    return "'" + words.replace("'", "''") + "'"


@st.composite
def scalars(draw: st.DrawFn, indent: int) -> list[str]:
    """The lines of a value: the first goes behind the key."""
    match draw(st.sampled_from(("plain", "quoted", "literal", "kept", "folded", "flow", "two lines", "none"))):
        case "plain":
            return [draw(st.sampled_from(("1", "true", "ACS::Sleep", "a b c")))]
        case "quoted":
            return [quoted(draw(WORDS))]
        case "two lines":
            return [f"'{'a' * draw(st.integers(1, 3))}", " " * indent + "# b'"]
        case "flow":
            return ["{a: [1, 2],", " " * indent + "b: '# c'} # d"]
        case "none":
            return [""]
        case style:
            mark = {"literal": "|", "kept": "|+", "folded": ">-"}[style]
            lines = draw(
                st.lists(st.sampled_from(("echo hi", "# shebang", "", "  deeper", "done: yes")), min_size=1, max_size=5)
            )
            return [mark, " " * indent + "first", *(" " * indent + line if line else "" for line in lines)]


@st.composite
def tasks(draw: st.DrawFn, name: str, names: list[str], column: int) -> list[str]:
    inner = " " * (column + 2)
    lines = [f"{' ' * column}- Name: {name}", f"{inner}Action: ACS::Sleep"]
    if draw(st.booleans()):
        lines.append(f"{inner}OnError: {draw(st.sampled_from(names))}")
    if draw(st.booleans()):
        first, *rest = draw(scalars(column + 6))
        lines += [f"{inner}Properties:", f"{inner}  Duration: {first}", *rest]
    for comment in draw(st.lists(WORDS, max_size=1)):
        lines.insert(draw(st.integers(1, len(lines))), f"{inner}# {comment}")
    return lines


@st.composite
def runbooks(draw: st.DrawFn) -> str:
    """The text of a runbook that YAML can read, most of the time."""
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique_by=str.casefold))
    column = draw(st.sampled_from((0, 2, 2, 4)))
    lines = [*draw(GAP), *draw(st.sampled_from(([], ["---"], ["%YAML 1.1", "---", ""])))]
    if lines[-1:] != ["---"] and "---" in lines:
        lines += draw(GAP)
    lines.append("FormatVersion: OOS-2019-06-01")
    for section in draw(st.lists(st.sampled_from(("Description", "Metadata", "RamRole")), unique=True)):
        lines += draw(GAP)
        first, *rest = draw(scalars(2))
        lines += [f"{section}: {first}", *rest]
    lines += draw(GAP)
    if draw(st.booleans()):
        lines += [
            "Parameters:",
            "  count: {Type: Number, Default: 3}",
            "  # of all",
            "  class:",
            "    Type: String",
            *draw(GAP),
        ]
    lines += [draw(st.sampled_from(("Tasks:", "Tasks: # all", "Tasks:  "))), *draw(GAP)]
    for name in names:
        lines += [*draw(tasks(name, names, column)), *draw(GAP)]
    if draw(st.booleans()):
        lines += ["Outputs:", "  all: {Type: String, Value: x}", *draw(GAP)]
    lines += draw(st.sampled_from(([], ["..."])))
    text = "\n".join(lines) + draw(st.sampled_from(("\n", "", "\n\n")))
    text = draw(st.sampled_from(("", "", "\ufeff"))) + text
    return text.replace("\n", "\r\n") if draw(st.integers(0, 4)) == 0 else text
