"""The gate: missing evidence fails, each limit holds on both sides, and worse evidence never earns a better word."""

import json
import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from anonymizer_udfs.evidence.figure import Figure
from conf import gates
from conf.gates import Gate
from jobs.gate import CONTROLS, Expected, judge
from jobs.verdict import Check, State, Verdict, Word
from tests.support import evidence
from tests.support.evidence import RECOGNIZERS, bounded, changed, figure, named

DEFAULT, STRICT = gates.load("default"), gates.load("strict")
EXPECTED = Expected(recognizers=RECOGNIZERS)


def verdict(figures: list[Figure], gate: Gate = DEFAULT, expected: Expected = EXPECTED) -> Verdict:
    """Return what a gate says."""
    return judge(gate, figures, expected)


def found(said: Verdict, name: str) -> Check:
    """Return one check of a verdict."""
    return next(one for one in said.checks if one.name == name)


def test_nothing_measured_is_the_weakest_word() -> None:
    """Without a figure every check is missing, and the verdict still says which."""
    said = verdict([])
    assert (said.word, said.exit_code, said.void) == (Word.OBFUSCATED, 4, False)
    assert {one.state for one in said.checks} == {State.MISSING}
    assert verdict([], expected=Expected()).word is Word.OBFUSCATED


@pytest.mark.parametrize("gate", [DEFAULT, STRICT], ids=lambda gate: gate.name)
def test_whole_evidence_earns_the_strongest_word(gate: Gate) -> None:
    """All figures just within their limits: every check passes, and nothing is left to be earned."""
    said = verdict(evidence.whole(gate, room=0.999), gate)
    assert [one.sentence for one in said.checks if not one.passed] == []
    assert (said.word, said.exit_code, said.next_word, said.lacking) == (Word.ANONYMOUS, 0, None, ())


def test_without_context_the_faces_alone_are_anonymous() -> None:
    """The middle word: what is missing for the next one is the context, and nothing else."""
    said = verdict(evidence.whole(DEFAULT, context=False))
    assert (said.word, said.exit_code) == (Word.FACE_ANONYMIZED, 0)
    assert [one.name for one in said.lacking] == ["context"]


JUST = 1e-9
LIMITS: list[tuple[str, Callable[[Figure], bool], str, float]] = [
    ("rank1", named("rank1", tier="T2", recognizer="arcface", attack="learned_linear"), "high", DEFAULT.named_most),
    ("tar", named("tar", tier="T3", recognizer="dlib_resnet", attack="deconvolved"), "high", DEFAULT.matched_most),
    ("context", named("rank1", tier="T4"), "high", DEFAULT.named_most),
    ("replay", named("rank1", tier="T5"), "high", DEFAULT.named_most),
    ("faces_visible", named("missed", kind="face"), "high", DEFAULT.visible_most),
    ("unlinkable", named("d_sys_excess", recognizer="arcface"), "high", DEFAULT.linked_most),
    ("eer", named("eer", recognizer="arcface"), "low", DEFAULT.eer_least),
]


@pytest.mark.parametrize(("name", "where", "end", "limit"), LIMITS, ids=[one[0] for one in LIMITS])
def test_each_limit_holds_on_both_sides(name: str, where: Callable[[Figure], bool], end: str, limit: float) -> None:
    """A bound just within passes, one just beyond fails that check and no other; the word falls with it."""
    beyond = limit + JUST if end == "high" else limit - JUST
    good, bad = (verdict(changed(evidence.whole(DEFAULT), where, **{end: at})) for at in (limit, beyond))
    assert found(good, name).passed
    assert good.word is Word.ANONYMOUS
    assert [one.name for one in bad.checks if not one.passed] == [name]
    assert found(bad, name).state is State.FAILED
    assert bad.word is (Word.FACE_ANONYMIZED if name == "context" else Word.OBFUSCATED)


@pytest.mark.parametrize("name", ["metadata_left", "outside_changed"])
def test_what_is_counted_over_every_image_must_be_none_of_all(name: str) -> None:
    """One is too many, and one image that nobody looked at is missing evidence."""
    whole = evidence.whole(DEFAULT)
    assert found(verdict(changed(whole, named(name), value=1.0)), name).state is State.FAILED
    cases = next(one.cases for one in whole if one.name == name)
    assert found(verdict(changed(whole, named(name), cases=cases - 1)), name).state is State.MISSING


EVIDENCE = [
    ("rank1", named("rank1", tier="T1", recognizer="arcface"), "people", DEFAULT.people_least),
    ("tar", named("tar", tier="T0", recognizer="arcface"), "people", DEFAULT.people_least),
    ("context", named("rank1", tier="T4"), "people", DEFAULT.people_least),
    ("replay", named("rank1", tier="T5"), "people", evidence.PEOPLE),
    ("faces_visible", named("missed"), "cases", DEFAULT.visible_least),
    ("unlinkable", named("d_sys_excess"), "cases", DEFAULT.mated_least),
    ("eer", named("eer", recognizer="arcface"), "cases", DEFAULT.mated_least),
]


@pytest.mark.parametrize(("name", "where", "what", "least"), EVIDENCE, ids=[one[0] for one in EVIDENCE])
def test_too_little_evidence_is_missing_evidence(
    name: str, where: Callable[[Figure], bool], what: str, least: int
) -> None:
    """As many cases as are needed pass; one fewer is missing, whatever was measured on them."""
    enough, few = (verdict(changed(evidence.whole(DEFAULT), where, **{what: n})) for n in (least, least - 1))
    assert found(enough, name).passed
    assert [one.name for one in few.checks if not one.passed] == [name]
    assert found(few, name).state is State.MISSING
    assert f"{least:,} are needed" in found(few, name).sentence


@pytest.mark.parametrize(
    ("values", "state"),
    [
        pytest.param({"confidence": 0.9}, State.MISSING, id="a-bound-of-less"),
        pytest.param({"confidence": None}, State.MISSING, id="of-no-confidence"),
        pytest.param({"confidence": math.nan}, State.MISSING, id="of-no-number"),
        pytest.param({"high": None}, State.MISSING, id="no-bound"),
        pytest.param({"people": None}, State.MISSING, id="of-nobody"),
        pytest.param({"high": math.nan}, State.FAILED, id="bound-no-number"),
        pytest.param({"value": math.nan}, State.FAILED, id="value-no-number"),
        pytest.param({"high": math.inf}, State.FAILED, id="infinite"),
        pytest.param({"value": 0.3, "high": 0.0}, State.FAILED, id="bound-below-its-estimate"),
        pytest.param({"value": 0.3, "people": 20}, State.FAILED, id="broken-on-few-people"),
    ],
)
def test_a_figure_that_is_no_evidence_does_not_pass(values: dict[str, float | None], state: State) -> None:
    """Bounds of too little confidence, of nobody, or that are no number; an attacker who clearly wins has won."""
    said = verdict(changed(evidence.whole(DEFAULT), named("rank1", tier="T0", recognizer="arcface"), **values))
    assert found(said, "rank1").state is state
    assert said.word is Word.OBFUSCATED


def test_a_bound_below_its_estimate_is_told_as_the_estimate() -> None:
    """Nobody reads of a bound that is better than what was measured."""
    odd = changed(evidence.whole(DEFAULT), named("rank1", tier="T0", recognizer="arcface"), value=0.0059, high=0.001)
    assert found(verdict(odd), "rank1").bound == 0.0059


@pytest.mark.parametrize("tier", ["T0", "T1", "T2", "T3"])
@pytest.mark.parametrize("name", ["rank1", "tar"])
def test_every_tier_must_be_there_for_every_recognizer(tier: str, name: str) -> None:
    """One attacker who did not attack by one recognizer is missing evidence, and is named."""
    attack = DEFAULT.attacks[tier][-1]
    gone = named(name, attack=attack, recognizer="dlib_resnet")
    said = verdict([one for one in evidence.whole(DEFAULT) if not gone(one)])
    assert found(said, name).state is State.MISSING
    assert found(said, name).sentence.split(": ")[1].startswith(f"{attack} by dlib_resnet was not")


def test_a_recognizer_that_was_expected_and_never_seen_is_missed() -> None:
    """And one that was seen anywhere must have everything, too."""
    one = evidence.whole(DEFAULT, who=("arcface",))
    assert verdict(one, expected=Expected(("arcface",))).word is Word.ANONYMOUS
    assert verdict(one).word is Word.OBFUSCATED
    strange = figure("control", "clear_found", 0.9, {"recognizer": "third", "passed": "yes"})
    assert verdict([*one, strange], expected=Expected(("arcface",))).word is Word.OBFUSCATED


@pytest.mark.parametrize("gallery", ["999", "100", "10000", "", "all"])
def test_another_gallery_says_nothing_of_this_one(gallery: str) -> None:
    """Chance is one in the gallery's size: figures of another size are neither evidence for nor against."""
    where = named("rank1", tier="T0", recognizer="arcface")
    moved = [
        replace(one, dimensions=tuple({**dict(one.dimensions), "gallery": gallery}.items())) if where(one) else one
        for one in evidence.whole(DEFAULT)
    ]
    assert found(verdict(moved), "rank1").state is State.MISSING


def test_an_attacker_whom_the_gate_does_not_know_must_fail_as_well() -> None:
    """Whoever attacked counts; one of no known tier counts as an attacker of faces."""
    strong = bounded("attack", "rank1", 0.4, {"attack": "new", "recognizer": "arcface", "gallery": "1000"})
    said = verdict([*evidence.whole(DEFAULT), strong])
    assert found(said, "rank1").state is State.FAILED
    assert "new by arcface" in found(said, "rank1").sentence


@pytest.mark.parametrize("name", CONTROLS)
def test_a_control_that_failed_makes_the_evaluation_void(name: str) -> None:
    """However good all figures are: the attackers were too weak. Exit code 5, and the weakest word."""
    failed = [
        replace(one, dimensions=(("recognizer", "arcface"), ("passed", "no"))) if one.name == name else one
        for one in evidence.whole(DEFAULT)
    ]
    said = verdict(failed)
    assert (said.void, said.exit_code, said.word) == (True, 5, Word.OBFUSCATED)
    gone = verdict([one for one in evidence.whole(DEFAULT) if one.name != name])
    assert (gone.void, gone.exit_code, found(gone, "controls").state) == (False, 4, State.MISSING)


@pytest.mark.parametrize("said", ["", "YES", "1", "true"])
def test_a_control_passed_only_where_it_says_so(said: str) -> None:
    """Any other word is a failure; a control without a number too."""
    odd = figure("control", "clear_found", 0.9, {"recognizer": "arcface", "passed": said})
    assert verdict([*evidence.whole(DEFAULT), odd]).void
    assert verdict([*evidence.whole(DEFAULT), *evidence.controls(("arcface",))[:1]]).word is Word.ANONYMOUS
    assert verdict(changed(evidence.whole(DEFAULT), named("clear_found"), value=None)).void


@pytest.mark.parametrize(("k", "word"), [(20, Word.ANONYMOUS), (19.999, Word.OBFUSCATED)])
def test_k_same_counts_k_in_place_of_linkability(k: float, word: Word) -> None:
    """Two releases are linked by shared faces by design; nothing else excuses a linked release."""
    rest = [one for one in evidence.whole(DEFAULT) if one.scope != "linkability"]
    shared = figure("k_same", "least_people", k, cases=12)
    said = verdict([*rest, shared], expected=Expected(RECOGNIZERS, k_same=True))
    assert said.word is word
    assert "unlinkable" not in {one.name for one in said.checks}
    assert verdict([*rest, shared]).word is Word.OBFUSCATED
    assert verdict(rest, expected=Expected(RECOGNIZERS, k_same=True)).word is Word.OBFUSCATED


def test_plates_count_where_they_were_looked_for() -> None:
    """Expected and not measured is missing; measured counts in any case."""
    whole, plates = evidence.whole(DEFAULT), Expected(RECOGNIZERS, plates=True)
    left = bounded("canary", "missed", 0.0009, {"kind": "plate"}, people=None)
    assert found(verdict(whole, expected=plates), "plates_visible").state is State.MISSING
    assert verdict([*whole, left], expected=plates).word is Word.ANONYMOUS
    assert verdict([*whole, replace(left, high=0.002)]).word is Word.OBFUSCATED
    assert "plates left legible" in verdict(whole).left_out


def grouped(value: str, people: int = 1000, room: float = 0.9) -> list[Figure]:
    """Return what every attacker reached on the people of one group."""
    out = []
    for who in RECOGNIZERS:
        for tier in gates.FACE_TIERS:
            for name in DEFAULT.attacks[tier]:
                out += evidence.attack(DEFAULT, name, tier, who, room, group="sex", of=value)
    return [replace(one, people=people) for one in out]


def test_each_group_is_held_to_the_same() -> None:
    """One group that is exposed, too small, or not measured by one attacker lets the whole fail; no value is named."""
    whole, asked = evidence.whole(DEFAULT), Expected(RECOGNIZERS, groups=("sex",))
    both = grouped("f") + grouped("m")
    assert verdict([*whole, *both], expected=asked).word is Word.ANONYMOUS
    assert found(verdict(whole, expected=asked), "groups").state is State.MISSING
    for worse, state in (
        (grouped("secret", room=1.1), State.FAILED),
        (grouped("secret", people=954), State.MISSING),
        (grouped("secret")[:-1], State.MISSING),
    ):
        said = verdict([*whole, *both, *worse], expected=asked)
        assert found(said, "groups").state is state
        assert said.word is Word.OBFUSCATED
        assert "secret" not in json.dumps(said.as_dict())


def test_the_verdict_counts_people() -> None:
    """Absolute numbers: of those looked for the best attacker's share, with its bound; of the faces those missed."""
    best = named("rank1", attack="parrot", recognizer="arcface")
    said = verdict(changed(evidence.whole(DEFAULT), best, value=0.002, high=0.0055))
    assert said.exposed.people == evidence.PEOPLE
    assert said.exposed.named == pytest.approx(0.002 * evidence.PEOPLE)
    assert said.exposed.named_most == pytest.approx(0.0055 * evidence.PEOPLE)
    assert said.exposed.by_chance == 5
    assert said.exposed.visible_most == pytest.approx(0.0009 * evidence.FACES)
    assert verdict([]).exposed.lines() == [
        "How many people can be named: not measured as the gate asks.",
        "How many faces are left visible: not measured.",
    ]


def test_a_group_that_nobody_asked_for_counts_where_it_can_tell() -> None:
    """A column that was measured beside: large groups must not be exposed; small ones are no evidence of anything."""
    whole = evidence.whole(DEFAULT)
    assert verdict([*whole, *grouped("f"), *grouped("m", people=20, room=50)]).word is Word.ANONYMOUS
    said = verdict([*whole, *grouped("f", room=1.1)])
    assert found(said, "groups").state is State.FAILED


def test_matches_of_groups_are_asked_for_where_any_group_has_them() -> None:
    """Ranks alone are enough where matches were measured of no group; of one group, then of all."""
    whole, asked = evidence.whole(DEFAULT), Expected(RECOGNIZERS, groups=("sex",))
    ranks = [one for one in grouped("f") if one.name == "rank1"]
    assert verdict([*whole, *ranks], expected=asked).word is Word.ANONYMOUS
    assert verdict([*whole, *ranks, *grouped("m")], expected=asked).word is Word.OBFUSCATED


def test_reencoded_images_need_not_be_compared() -> None:
    """Pixels outside regions may differ where the row says so; all others must have been looked at."""
    fewer = changed(evidence.whole(DEFAULT), named("outside_changed"), cases=evidence.IMAGES - evidence.GONE - 40)
    assert found(verdict(fewer), "outside_changed").state is State.MISSING
    assert found(verdict(changed(fewer, named("reencoded"), value=40.0)), "outside_changed").passed


def test_a_verdict_can_be_told_and_judged_again() -> None:
    """As JSON without what JSON has not, as lines, as figures of scope gate, and as columns of the ledger's event."""
    whole = changed(evidence.whole(DEFAULT), named("rank1", tier="T0"), high=math.nan)
    said = verdict(whole)
    json.dumps(said.as_dict(), allow_nan=False)
    lines = said.lines()
    assert lines[0].startswith("obfuscated: ")
    assert all(len(line) <= 160 for line in lines)
    figures = said.figures()
    assert {(one.of("check"), one.of("state")) for one in figures} == {(c.name, c.state.value) for c in said.checks}
    assert all(one.scope == "gate" and one.value is not None and math.isfinite(one.value) for one in figures)
    record = said.recorded()
    tree = json.loads(record["settings"])
    again = judge(gates.checked(tree["gate"], "recorded"), [*whole, *figures], Expected.recalled(tree["expected"]))
    assert (again.word, again.lines()) == (said.word, lines)
    assert (record["counts"]["failed"], tree["word"]) == (1, "obfuscated")


@pytest.mark.parametrize("people", ["canaries", "guessed"])
def test_stand_ins_that_are_found_refuse_a_lake_that_is_good_otherwise(people: str) -> None:
    """Where the bound from below is above the limit; one above it by the estimate alone may be chance."""
    whole = evidence.whole(DEFAULT)
    for low, word in ((DEFAULT.named_most - 1e-6, Word.ANONYMOUS), (DEFAULT.named_most + 1e-6, Word.OBFUSCATED)):
        said = verdict([*whole, *evidence.stood_in(DEFAULT, low, people)])
        assert said.word is word
        assert found(said, "stand_ins").passed is (word is Word.ANONYMOUS)
    assert people in found(said, "stand_ins").sentence


def test_stand_ins_never_stand_for_named_people() -> None:
    """Whatever they show, who was asked for by name is missing; and of nobody the check is left out, and said so."""
    rest = [one for one in evidence.whole(DEFAULT) if one.scope != "attack"]
    strong = [replace(one, people=5000, cases=5000) for one in evidence.stood_in(DEFAULT, 0.0)]
    assert verdict([*rest, *strong]).word is Word.OBFUSCATED
    assert found(verdict([*rest, *strong]), "rank1").state is State.MISSING
    assert "people found among canaries or guessed people" in verdict(evidence.whole(DEFAULT)).left_out


@pytest.mark.parametrize("low", [None, math.nan], ids=["no bound", "no number"])
def test_stand_ins_without_a_bound_speak_by_their_estimate(low: float | None) -> None:
    """Nothing excuses a figure that has no bound, and what is no number has failed."""
    broken = [replace(one, low=low) for one in evidence.stood_in(DEFAULT, 0.01)]
    assert found(verdict([*evidence.whole(DEFAULT), *broken]), "stand_ins").state is State.FAILED


def test_stand_ins_in_another_gallery_or_around_faces_say_nothing() -> None:
    """Among fewer people a blind guess is right more often, and context is that of another picture."""
    ranked, _ = evidence.stood_in(DEFAULT, 0.5)
    small = replace(ranked, dimensions=tuple((k, "100" if k == "gallery" else v) for k, v in ranked.dimensions))
    around = replace(ranked, dimensions=tuple((k, "T4" if k == "tier" else v) for k, v in ranked.dimensions))
    said = verdict([*evidence.whole(DEFAULT), small, around])
    assert said.word is Word.ANONYMOUS
    assert "stand_ins" not in {one.name for one in said.checks}


def test_who_consented_is_counted_apart() -> None:
    """Faces that are visible by consent change no check and no word, and the reader is told how many."""
    kept = figure("evaluation", "visible_by_consent", 12.0, {})
    with_them, without = verdict([*evidence.whole(DEFAULT), kept]), verdict(evidence.whole(DEFAULT))
    assert (with_them.word, with_them.checks) == (without.word, without.checks)
    assert with_them.exposed.consented == 12
    assert any("12 faces" in line and "by consent" in line for line in with_them.lines())
    assert not any("by consent" in line for line in without.lines())
