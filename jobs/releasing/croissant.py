"""``croissant.json``: a release as data loaders find it, in Croissant 1.0 (JSON-LD, MLCommons 2024)."""

import json
from typing import Any

from jobs.releasing.papers import MEMBERS, Papers
from jobs.releasing.place import Stored
from jobs.verdict import MEANINGS

CONFORMS = "http://mlcommons.org/croissant/1.0"
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "equivalentProperty": "cr:equivalentProperty",
    "samplingRate": "cr:samplingRate",
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_FIELDS = (
    ("image_id", "sc:Text", "Id of the image"),
    ("file", "sc:Text", "File that holds it, below the release"),
    ("format", "sc:Text", "Format of the image"),
    ("width", "sc:Integer", "Stored width in pixels"),
    ("height", "sc:Integer", "Stored height in pixels"),
    ("status", "sc:Text", "anonymized, or clean: nothing was found to change"),
    ("sha256", "sc:Text", "SHA-256 of the image"),
    ("size_bytes", "sc:Integer", "Size of the image"),
)


def card(papers: Papers) -> bytes:
    """Return the card of a release as JSON-LD with sorted keys."""
    said = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS,
        "name": papers.name,
        "description": _description(papers),
        "version": "1.0.0",
        "datePublished": papers.day,
        "license": papers.licence or "none was named",
        "citeAs": f"Release {papers.name}, Merkle root {papers.tree.root}",
        "url": f"urn:sha256:{papers.tree.root}",
        "distribution": [_list(papers.members), *(_shard(papers, one) for one in papers.shards), *_set(papers)],
        "recordSet": [_members()],
    }
    return (json.dumps(said, indent=1, sort_keys=True, allow_nan=False) + "\n").encode("ascii")


def _description(papers: Papers) -> str:
    about = f"{papers.about} " if papers.about else ""
    let = papers.override
    out = "" if let is None else f" The gate did not let it out; {let.by} did: {let.reason}."
    return f"{about}{papers.tree.images} images, {papers.word.value}: {MEANINGS[papers.word]}.{out}"


def _list(members: Stored) -> dict[str, Any]:
    return _file(members, "application/jsonlines") | {"description": "One line for each image"}


def _shard(papers: Papers, one: Stored) -> dict[str, Any]:
    return _file(one, str(papers.writer.encoding))


def _file(one: Stored, encoding: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": one.name,
        "name": one.name,
        "contentUrl": one.name,
        "contentSize": f"{one.size_bytes} B",
        "encodingFormat": encoding,
        "sha256": one.sha256,
    }


def _set(papers: Papers) -> list[dict[str, Any]]:
    """Return the images that are files of their own as one set; their digests are in the list."""
    if papers.writer.encoding is not None:
        return []
    return [
        {
            "@type": "cr:FileSet",
            "@id": "images",
            "name": "images",
            "encodingFormat": [f"image/{form}" for form, _ in papers.facts.formats] or "image/jpeg",
            "includes": papers.writer.pattern,
        }
    ]


def _members() -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": "members",
        "name": "members",
        "key": {"@id": "members/image_id"},
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"members/{name}",
                "name": name,
                "description": text,
                "dataType": kind,
                "source": {"fileObject": {"@id": MEMBERS}, "extract": {"column": name}},
            }
            for name, kind, text in _FIELDS
        ],
    }
