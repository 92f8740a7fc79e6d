import shutil
from pathlib import Path

import pytest

from errors import ArtefactError
from retrieval import artefacts


def fill(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "data.bin").write_bytes(b"0123456789")
    (folder / "size.json").write_text("1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "index" / "abc"
    artefacts.replace_folder(path, "corpus 1", fill)
    return path


def test_a_whole_folder_is_accepted(folder: Path) -> None:
    assert artefacts.problem(folder, "corpus 1") is None
    assert [path.name for path in folder.parent.iterdir()] == ["abc"]


def test_a_stale_folder_is_not(folder: Path) -> None:
    assert artefacts.problem(folder, "corpus 2") == "由别的数据生成"


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"01234", "大小不符"), (b"0123456780", "内容不符"), (None, "缺少 sub/data.bin")],
)
def test_damage_is_named(folder: Path, content: bytes | None, problem: str) -> None:
    path = folder / "sub" / "data.bin"
    path.unlink() if content is None else path.write_bytes(content)
    assert problem in str(artefacts.problem(folder, "corpus 1"))


@pytest.mark.parametrize("manifest", [b"", b"{}", b"[]", b"\xff", b'{"made_from": 1, "files": 2}'])
def test_a_damaged_manifest_is_not_believed(folder: Path, manifest: bytes) -> None:
    (folder / artefacts.MANIFEST).write_bytes(manifest)
    assert artefacts.problem(folder, "corpus 1")


def test_a_missing_folder(tmp_path: Path) -> None:
    assert artefacts.problem(tmp_path / "nowhere", "x") == "没有清单"


def test_an_interrupted_build_leaves_the_old_folder(folder: Path) -> None:
    def broken(scratch: Path) -> None:
        (scratch / "half").write_text("x")
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        artefacts.replace_folder(folder, "corpus 2", broken)
    assert artefacts.problem(folder, "corpus 1") is None
    assert [path.name for path in folder.parent.iterdir()] == ["abc"]


def test_replacing_takes_effect_at_once(folder: Path) -> None:
    artefacts.replace_folder(folder, "corpus 2", lambda f: (f / "new").touch())
    assert artefacts.problem(folder, "corpus 2") is None
    assert not (folder / "sub").exists()


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ArtefactError, match="PUFA_HOME"):
        artefacts.replace_folder(tmp_path / "file" / "abc", "x", fill)


def test_a_builder_that_comes_second_still_ends_well(folder: Path) -> None:
    def rival(scratch: Path) -> None:
        shutil.rmtree(folder)
        artefacts.replace_folder(folder, "rival", fill)
        fill(scratch)

    artefacts.replace_folder(folder, "mine", rival)
    assert artefacts.problem(folder, "mine") is None
