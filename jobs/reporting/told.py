"""The whole report as one document: the verdict first, then what it rests on. Runs on the driver, without Spark."""

from datetime import UTC, datetime

from conf.settings import Settings
from jobs.lake import Lake
from jobs.reporting import archive, limits, origin, risk, worst
from jobs.reporting.blocks import Document, Section
from jobs.reporting.evaluated import Evaluation, evaluation, history
from jobs.screen import counted
from jobs.standing import Standing, standing
from jobs.verdict import MEANINGS, State, Word

_COMPARED = 12


def document(lake: Lake, settings: Settings, run_id: str | None = None) -> tuple[Document, Evaluation | None, Standing]:
    """Return the report of a lake, the evaluation that it is of, and how the lake stands.

    Args:
        lake: the lake.
        settings: of the command.
        run_id: of which evaluation; without it the newest that has a verdict.

    Raises:
        UsageError: there is no evaluation of that run.
    """
    found, now = evaluation(lake, run_id), standing(lake, settings)
    word = found.word if found and not now.ledger_problem else Word.OBFUSCATED
    made = Document(
        word=word.value,
        meaning=MEANINGS[word],
        good=word is not Word.OBFUSCATED,
        alarms=_alarms(found, now),
        facts=_facts(found, now),
        lead=tuple(found.verdict.people()) if found else (),
        lacking=_lacking(found, word),
        next_word=_next(word),
        sections=_sections(lake, found, now),
    )
    return made, found, now


def _next(word: Word) -> str:
    words = list(Word)
    return "" if word is words[-1] else words[words.index(word) + 1].value


def _alarms(found: Evaluation | None, now: Standing) -> tuple[str, ...]:
    out = [f"{now.ledger_problem}." for _ in range(1) if now.ledger_problem]
    if found is None:
        return (*out, "Nobody has evaluated this lake: nothing is known of who can be recognised in it.")
    if found.verdict.void:
        out.append("The evaluation is void: a control failed, so its attackers were too weak to show anything.")
    return (*out, *found.alarms, *found.notes)


def _facts(found: Evaluation | None, now: Standing) -> tuple[tuple[str, str], ...]:
    facts = [("images", f"{now.images:,}"), ("treated regions", f"{now.faces:,}")]
    if found:
        when = found.events[-1]["at"]
        passed = sum(one.passed for one in found.verdict.checks)
        facts = [
            ("gate", f"{found.verdict.gate}, {passed} of {counted(len(found.verdict.checks), 'check')} passed"),
            ("evaluated", f"{when:%Y-%m-%d %H:%M} UTC, run {found.run_id}"),
            *facts,
        ]
    return (*facts, ("report made", f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"))


def _lacking(found: Evaluation | None, word: Word) -> tuple[str, ...]:
    if found is None:
        return ("an evaluation: faceveil evaluate LAKE",)
    alarms = ("a verdict that is of this lake as it is: see above",) if found.word is not found.verdict.word else ()
    lacking = found.verdict.lacking if word is not Word.ANONYMOUS else ()
    missing = any(one.state is State.MISSING for one in lacking)
    more = ("what was not measured: faceveil evaluate LAKE --labels FILE --canaries FOLDER",) if missing else ()
    return (*alarms, *(one.sentence for one in lacking), *more)


def _sections(lake: Lake, found: Evaluation | None, now: Standing) -> tuple[Section, ...]:
    events = lake.ledger.events()
    earlier = history(lake, _COMPARED)
    about_faces = [risk.gate(found.verdict), risk.attacks(found), risk.stand_ins(found)] if found else []
    about_faces += [worst.section(lake, found.figures)] if found else []
    some = [
        *about_faces,
        archive.done(lake, now),
        archive.held(lake, now),
        archive.kept(found.figures if found else (), earlier),
        archive.costs(now, found, events),
        *limits.sections(),
        origin.section(now, found, events),
    ]
    return tuple(one for one in some if one is not None)
