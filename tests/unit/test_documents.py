"""What the documents point at is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deployment.settings import PROJECT_ROOT

DOCUMENTS = [*PROJECT_ROOT.glob("*.md"), *(PROJECT_ROOT / "docs").rglob("*.md")]
_LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
_STEP = re.compile(r"^\d\. `([^`]+)`", re.MULTILINE)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    links = _LINK.findall(document.read_text("utf-8"))
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_the_readers_path_names_eight_files() -> None:
    files = _STEP.findall((PROJECT_ROOT / "docs" / "architecture.md").read_text("utf-8"))
    assert len(files) == 8
    assert [file for file in files if not (PROJECT_ROOT / file).is_file()] == []
