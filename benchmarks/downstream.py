"""Does a model that is trained on the anonymized archive do as well: the whole commands, on photos with a real label.

The label is sex as first names tell it: of the people of LFW (``First_Last``) those with a name of :data:`NAMES`, as
many women as men, two photos each where there are two. Names are wrong for some, alike before and after. It is a task
that lives in the face, so what hides faces is expected to cost the most there; whether a face is there is the other.

Under each policy the photos are anonymized and ``faceveil evaluate --downstream sex`` trains every learner on clear and
on anonymized copies. Some 20 minutes a policy on two idle cores.
"""

import argparse
import csv
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import command, results
from benchmarks.attacked import people
from benchmarks.attacked.people import Photo
from benchmarks.recalls.choice import ROOT, default_photos, say

KEPT = ROOT / "build" / "downstream"
POLICIES = ("public", "partner", "internal")
FIGURES = ("accuracy", "difference", "mcnemar_p", "majority")
NAMES = {
    "woman": (
        "Adriana Adrianna Aishwarya Alanna Alberta Alessandra Alexa Alexandra Alicia Alina Alisha Alison Allison "
        "Alma Alyse Alyson Amanda Amber Amelia Amy Ana Anastasia Angela Angelica Angelina Ann Anna Anne Annette "
        "Annie Annika Aretha Audrey Barbara Barbra Beatrice Beth Bettina Betty Brenda Bridget Bridgette Brigitte "
        "Britney Brittany Brooke Camille Candace Candice Carla Carly Carol Carolina Caroline Carolyn Catherine "
        "Cathryn Cathy Cecile Cecilia Celia Charlize Charlotte Charmaine Chelsea Cheryl Christina Christine Cindy "
        "Claire Claudia Claudine Colleen Connie Cora Corinna Corinne Cristina Daniela Debbie Debra Demi Denise "
        "Desiree Diana Diane Dianne Donatella Donna Doris Edwina Elizabeth Ellen Elsa Emily Emma Erika Eunice Eve "
        "Faye Frances Gianna Gillian Gisele Gloria Gwyneth Halle Hannah Heather Helen Hilary Hillary Holly Isabella "
        "Isabelle Jane Janet Janica Jelena Jennifer Jodie Julia Julianna Julianne Julie Karen Karin Kate Katherine "
        "Kathleen Kathryn Katie Laura Lauren Lily Lina Lindsay Lindsey Lisa Liza Lucy Ludivine Lynne Madeleine "
        "Magdalena Maria Mariah Marilyn Marisa Marlene Martha Martina Mary Maureen Megan Melanie Melissa Meryl "
        "Michelle Minnie Monica Monique Nadia Nadine Nancy Naomi Natalie Nathalie Nicole Nikki Norah Olivia Oprah "
        "Patricia Patti Paula Penelope Priscilla Rachel Rita Roseanne Ruth Sally Salma Sandra Sarah Sharon Sheila "
        "Sheryl Silvia Sonia Sophia Susan Susie Suzanne Svetlana Tamara Tammy Tyra Vanessa Vicki Victoria Winona "
        "Yoko"
    ),
    "man": (
        "Aaron Abdullah Abraham Adam Adrian Alan Albert Alberto Alejandro Alexander Alfonso Allan Allen Alvaro "
        "Andre Andres Andrew Andy Anthony Antonio Arnold Arthur Barry Ben Benjamin Bernard Bill Billy Bob Bobby "
        "Boris Brad Brandon Brian Bruce Bruno Bryan Carl Carlos Charles Christopher Chuck Clint Colin Craig Darren "
        "David Dennis Derek Dick Don Donald Doug Ed Eddie Edward Eric Ernie Fernando Francisco Frank Fred Gary "
        "Geoff George Gerard Gordon Greg Gregory Guillermo Hans Harry Henrique Howard Hugh Hugo Ian Jack Jacques "
        "Jake James Jason Javier Jeffrey Jerry Jim Jimmy Joe John Jorge Jose Joseph Juan Justin Keith Kenneth Kevin "
        "Larry Luis Marc Mario Mark Martin Matt Matthew Michael Mike Mohammed Nicholas Nick Norman Oscar Patrick "
        "Paul Pedro Pete Peter Phil Philippe Pierre Ralph Raymond Ricardo Richard Rick Rob Robert Roberto Roger Ron "
        "Ronald Roy Scott Sergio Simon Stanley Stephen Steve Steven Ted Thomas Tim Todd Tom Tony Vincent Vladimir "
        "Walter Warren William"
    ),
}
"""First names that tell it with some certainty, in the order in which people are taken."""


def parser() -> argparse.ArgumentParser:
    """Return what is understood."""
    out = argparse.ArgumentParser(
        prog="python -m benchmarks.downstream",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = out.add_argument
    add("photos", type=Path, nargs="?", default=default_photos(), help="one folder a person (default: LFW)")
    add("--people", type=int, metavar="N", help="so many of each sex at most, for a trial")
    add("--policies", default=",".join(POLICIES), metavar="A,B", help="(default: %(default)s)")
    add("--scratch", type=Path, default=KEPT, help="photos, lakes and vaults (default: build/downstream)")
    add("--out", type=Path, default=KEPT, help="folder (default: build/downstream; benchmarks/results keeps)")
    return out


def main(argv: Sequence[str] | None = None) -> int:
    """Anonymize under each policy, train on both, and write the figures; return 0."""
    args = parser().parse_args(argv)
    shown = chosen(people.chosen(args.photos, least=1), args.people)
    labels = laid(shown, args.scratch)
    found = {policy: trained(args.scratch, policy, labels) for policy in args.policies.split(",")}
    counts = {sex: sum(of == sex for _, of in shown) for sex in NAMES}
    results.keep(args.out, "downstream", {"images": counts, "policies": found}, photos_given=True)
    return 0


def chosen(photos: Sequence[Photo], most: int | None = None) -> list[tuple[Photo, str]]:
    """Return the photos of people whose first names tell their sex, and it: as many people of each.

    Raises:
        SystemExit: there are none of one sex.
    """
    sexes = {name: sex for sex, names in NAMES.items() for name in names.split()}
    known = {one.person: sexes[one.person.split("_")[0]] for one in photos if one.person.split("_")[0] in sexes}
    each = min(sum(of == sex for of in known.values()) for sex in NAMES)
    if not each:
        raise SystemExit("expected folders named First_Last, with first names of women and of men; see --help")
    taken = {
        person for sex in NAMES for person in [one for one, of in known.items() if of == sex][: min(each, most or each)]
    }
    return [(one, known[one.person]) for one in photos if one.person in taken]


def laid(shown: Sequence[tuple[Photo, str]], folder: Path) -> Path:
    """Copy the photos into ``folder/photos`` and return a CSV with the columns path, person and sex."""
    people.laid([one for one, _ in shown], folder)
    labels = folder / "sexes.csv"
    with labels.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(("path", "person", "sex"))
        writer.writerows((f"{one.person}/{one.path.name}", one.person, sex) for one, sex in shown)
    return labels


def trained(scratch: Path, policy: str, labels: Path) -> list[dict[str, Any]]:
    """Return what models reached under a policy, a row for each task, learner and what it was trained on."""
    lake = scratch / policy
    if not lake.is_dir():
        done = command.anonymize(scratch / "photos", lake, "--policy", policy)
        say(f"anonymized under {policy}: {done.seconds:.0f} s")
    asked = ["--labels", str(labels), "--downstream", "sex", "--attack", "static", "--people", "20"]
    code, answer = command.faceveil("evaluate", str(lake), "--json", *asked, *command.sets())
    if code not in {0, 5}:
        raise SystemExit(f"faceveil evaluate ended with {code}")
    return told(command.answer(answer))


def told(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the figures of models, as they are kept."""
    keys = ("name", "value", "low", "high", "cases")
    mine = [one for one in answer["figures"] if one["scope"] == "downstream" and one["name"] in FIGURES]
    return [{**one["dimensions"], **{key: one[key] for key in keys}} for one in mine]


if __name__ == "__main__":
    sys.exit(main())
