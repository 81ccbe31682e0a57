"""``faceveil keep``: whose faces stay visible, since they consented. Needs no Spark."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from anonymizer_udfs.keeping import FMR
from anonymizer_udfs.recognition.base import Templates
from jobs import context, keeplist, options, screen, seeking
from jobs.errors import UsageError
from jobs.keeplist import Consent, KeepStore, Told
from jobs.options import Common, Parser
from jobs.placed import Placed, open_lake
from jobs.screen import Section, counted

EXAMPLES = """  faceveil keep ./lake add ./photos --person anna --consent "form 17 of 2026" --policy ./press.yaml
  faceveil keep ./lake list
  faceveil keep ./lake remove --person anna

A face stays visible only under a policy with 'keep: true', and only if every recognizer of its panel takes it for the
same person at a false match rate of 1e-6; docs/release.md. The next faceveil anonymize takes images again, whenever the
list has changed.

exit codes: 0 done, 1 failed, 2 bad arguments"""
ACTIONS = ("add", "list", "remove")
_MOST = 200


def parser() -> Parser:
    """Return the command's parser."""
    made = Parser("keep", "Say whose faces stay visible, since they consented.", EXAMPLES)
    options.add_lake(made)
    made.add_argument("action", choices=ACTIONS, help="what to do")
    made.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="photos of one person, one face on each")
    made.add_argument("--person", metavar="ID", help="what the list calls the person")
    made.add_argument("--consent", metavar="REF", help="where the consent is on record")
    made.add_argument("--policy", metavar="NAME|FILE", help="a policy with 'keep: true': its panel makes the templates")
    made.add_argument("--by", metavar="NAME", help="who decides, for the vault's record (default: the system's user)")
    options.add_common(made)
    return made


def add(placed: Placed, folder: Path, told: Told, policy: str) -> int:
    """Put a person on the list; return from how many photos.

    Args:
        placed: the lake.
        folder: photos of the person, one face on each.
        told: who, by what right, and who says so.
        policy: whose panel makes the templates.

    Raises:
        UsageError: the policy keeps nobody, no threshold is certified, or a photo does not show one face.
        VaultError: there is no vault, or no key.
    """
    settings = placed.common.settings
    treatment = context.treatment(policy, settings)
    if not treatment.policy.keep:
        raise UsageError(f"--policy: {treatment.policy.name} keeps nobody; a policy that does says 'keep: true'")
    members = keeplist.certified(treatment, settings)
    vault, key = placed.vault(), placed.key()
    files = _photos(folder)
    made: dict[tuple[str, str], list[Templates]] = {}
    for number, file in enumerate(files, 1):
        for one in members:
            where = f"photo {number} of FOLDER"
            found = seeking.of_photo(file, treatment, one.recognizer, settings.limits.max_pixels, where)
            for detector, template in found.items():
                made.setdefault((one.recognizer.name, detector), []).append(template)
    stacked = {name: np.stack(templates) for name, templates in made.items()}
    KeepStore(vault, placed.common.storage).add(told, stacked, len(files), key)
    return len(files)


def _photos(folder: Path) -> list[Path]:
    try:
        files = sorted(one for one in folder.iterdir() if one.is_file())
    except OSError as error:
        raise UsageError(f"FOLDER cannot be read: {error.strerror}; expected photos of one person") from error
    if not 1 <= len(files) <= _MOST:
        raise UsageError(f"FOLDER: expected 1 to {_MOST} photos of one person, got {len(files)}")
    return files


def main(argv: Sequence[str] | None = None) -> int:
    """Parse, do it, print; return the exit code."""
    return options.ran(parser(), _work, argv)


def _work(args: argparse.Namespace, common: Common) -> int:
    placed = open_lake(args.lake, common)
    by = options.who(args.by)
    if args.action == "add":
        if not (args.folder and (args.person or "").strip() and (args.consent or "").strip() and args.policy):
            raise UsageError("add needs FOLDER, --person ID, --consent REF and --policy NAME|FILE")
        photos = add(placed, args.folder, Told(args.person.strip(), args.consent.strip(), by), args.policy)
        said = {"person": args.person, "photos": photos, "fmr": FMR}
        lines = [f"{args.person}: on the list, by {counted(photos, 'photo')}", _NEXT]
        options.answer(said, lines, as_json=common.as_json)
        return options.DONE
    if args.folder or args.consent or args.policy:
        raise UsageError(f"FOLDER, --consent and --policy are for add, and mean nothing for {args.action}")
    store = KeepStore(placed.vault(), common.storage)
    store.sweep()
    if args.action == "remove":
        if not args.person:
            raise UsageError("remove needs --person ID")
        ended = store.remove(args.person, by)
        options.answer({"person": args.person, "entries": ended}, ["taken off the list", _NEXT], as_json=common.as_json)
        return options.DONE
    consents = store.consents()
    if common.as_json:
        options.answer([one.as_dict() for one in consents], (), as_json=True)
    else:
        screen.show(_sections(consents))
    return options.DONE


_NEXT = "next: faceveil anonymize SOURCE LAKE --policy ..., which takes images of that policy again"


def _sections(consents: Sequence[Consent]) -> list[Section]:
    said = [one.as_dict() for one in consents]
    rows = tuple(
        (s["person"], ", ".join(s["consent"]), str(s["photos"]), f"{s['at']:%Y-%m-%d %H:%M}", s["by"]) for s in said
    )
    head = ("person", "consent", "photos", "at (UTC)", "by")
    return [Section("stay visible", rows or (("nobody", "", "", "", ""),), head, right=(2,))]


if __name__ == "__main__":
    sys.exit(main())
