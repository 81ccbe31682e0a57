"""``DATASHEET.md``: a release described under the headings of Datasheets for Datasets (Gebru et al. 2021).

What faceveil measured is filled in; what only the owner can know is said to be unknown, and never guessed.
"""

from collections.abc import Iterator, Sequence

from jobs.releasing.papers import MEMBERS, RULE, Papers
from jobs.reporting import limits
from jobs.reporting.blocks import Points, Text
from jobs.screen import bytes_text
from jobs.verdict import MEANINGS

UNKNOWN = "faceveil does not know; whoever releases this has to say."


def page(papers: Papers) -> bytes:
    """Return the datasheet as Markdown."""
    parts = (_head, _motivation, _composition, _collection, _preprocessing, _uses, _distribution, _maintenance)
    return ("\n".join(line for part in parts for line in part(papers)).rstrip() + "\n").encode()


def _head(papers: Papers) -> Iterator[str]:
    yield f"# Datasheet of release {safe(papers.name)}"
    yield ""
    yield f"**{papers.word.value}**: {MEANINGS[papers.word]}."
    yield ""
    if papers.override is not None:
        yield (
            f"> The gate did not let this out. {safe(papers.override.by)} did, for this reason: "
            f"{safe(papers.override.reason)}"
        )
        yield ""
    for one in papers.ruling.against:
        yield f"> The verdict does not hold for these images: {safe(one)}"
        yield ""


def _motivation(papers: Papers) -> Iterator[str]:
    yield from ("## Motivation", "", safe(papers.about) if papers.about else UNKNOWN, "")


def _composition(papers: Papers) -> Iterator[str]:
    facts, tree = papers.facts, papers.tree
    yield from ("## Composition", "")
    yield f"{tree.images:,} images, {bytes_text(tree.size_bytes)}, without names, places or times of theirs."
    yield ""
    yield from _table(("format", "images"), [(form, f"{n:,}") for form, n in facts.formats])
    yield from _table(
        ("policy", "digest", "images"), [(name or "?", digest, f"{n:,}") for name, digest, n in facts.policies]
    )
    yield f"{facts.faceless:,} images have no region that was treated: nothing was found in them."
    left = ", ".join(f"{n:,} {status}" for status, n in facts.left_out.items()) or "none"
    yield f"Left out of the archive: {left}."
    yield ""


def _collection(papers: Papers) -> Iterator[str]:
    del papers
    yield from ("## Collection process", "", UNKNOWN, "")


def _preprocessing(papers: Papers) -> Iterator[str]:
    facts = papers.facts
    yield from ("## Preprocessing, cleaning, labelling", "")
    yield "Faces were searched for and treated, metadata were removed. Outside of regions pixels are the source's,"
    yield f"but for {facts.reencoded:,} images that had to be encoded anew."
    yield ""
    yield from _table(("kind", "method", "regions"), [(k, m, f"{n:,}") for k, m, n in facts.methods])
    if any(method == "kept" for _, method, _ in facts.methods):
        yield "Regions of the method `kept` are faces of people who consented: they are visible."
        yield ""
    yield from _table(("model", "SHA-256"), list(facts.models.items()))


def _uses(papers: Papers) -> Iterator[str]:
    yield from ("## Uses", "", "### What was tested", "")
    found = papers.ruling.found
    if found is None:
        yield from ("Nobody attacked these images: nothing is known of who can be recognised in them.", "")
    else:
        rows = [(o.title, o.state.value, o.number(o.bound), o.allowed) for o in found.verdict.checks]
        yield f"Evaluation {found.run_id}, gate {found.verdict.gate}, bounds of {found.verdict.confidence:.0%}."
        yield ""
        yield from _table(("check", "state", "bound", "allowed"), rows)
        yield from (*found.verdict.people(), "")
    for section in limits.sections():
        if section.key == "key":
            continue  # is for whoever has the lake
        yield from (f"### {section.title}", "")
        for block in section.blocks:
            if isinstance(block, Points):
                yield from (f"- {point}" for point in block.items)
            elif isinstance(block, Text):
                yield block.text
            yield ""


def _distribution(papers: Papers) -> Iterator[str]:
    yield from ("## Distribution", "")
    licence = papers.licence
    yield f"Licence: {safe(licence)}." if licence else "No licence was named: nobody may use it without asking."
    yield ""
    yield f"Layout `{papers.writer.name}`, in `{papers.writer.pattern}`. `{MEMBERS}` has a line for each image."
    yield f"Merkle root `{papers.tree.root}`: {RULE}."
    yield ""


def _maintenance(papers: Papers) -> Iterator[str]:
    yield from ("## Maintenance", "")
    yield f"Of the verdict of {papers.day}, from version {papers.images_version} of the table of images."
    yield "A newer red team may recall it: whoever has the lake asks `faceveil releases LAKE --recheck`."
    yield ""


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    if not rows:
        return
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(map(safe, row))} |"
    yield ""


def safe(text: str) -> str:
    r"""Return text of a person on one line, in which nothing is markup.

    Examples:
        >>> safe("a|b <i>")
        'a\\|b &lt;i&gt;'
    """
    plain = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(f"\\{one}" if one in "\\`*[]|#" else one for one in plain)
