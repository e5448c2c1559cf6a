"""``lineage-audit compare``: exit codes, formats, where the report goes."""

from __future__ import annotations

import json
import os
import stat
import sys
import threading
from pathlib import Path

import pytest

from lineage_audit.cli import run
from lineage_audit.cli.exit_codes import ExitCode
from tests.cli.running import FINETUNE, PARENT, TWIN
from tests.models import SMALL, WIDE, llama, llama_config, noisy, repository, write

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture
def pair(tmp_path: Path) -> tuple[str, str]:
    """Two related small models on disk."""
    weights = llama(1, WIDE)
    a = write(tmp_path / "a", repository(weights, llama_config(WIDE)))
    b = write(tmp_path / "b", repository(noisy(weights, 2, 0.1), llama_config(WIDE)))
    return str(a), str(b)


@pytest.mark.parametrize(
    ("fail_on", "related", "copy"),
    [("never", 0, 0), ("identical", 0, 1), ("derived", 1, 1), ("shared-origin", 1, 1)],
)
def test_fail_on(fail_on: str, related: int, copy: int, pair: tuple[str, str]) -> None:
    assert run(["compare", *pair, "-q", "--fail-on", fail_on]) == related
    assert run(["compare", pair[0], pair[0], "-q", "--fail-on", fail_on]) == copy


def test_strangers_fail_at_no_level() -> None:
    assert run(["compare", PARENT, TWIN, "-q", "--fail-on", "shared-origin"]) == 0


def test_inconclusive_is_three_and_never_a_pass(pair: tuple[str, str], tmp_path: Path) -> None:
    small = write(tmp_path / "small", repository(llama(1, SMALL), llama_config(SMALL)))
    assert run(["compare", pair[0], str(small), "-q", "--fail-on", "shared-origin"]) == 3
    assert run(["compare", *pair, "-q", "--effort", "metadata"]) == 3


def test_errors_are_two(pair: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (
        ["compare"], ["compare", pair[0]], ["compare", *pair, "--effort", "much"], ["compare", *pair, "--nonsense"],
        ["nonsense"], ["compare", pair[0], "/nowhere"], ["compare", *pair, "-o", "/nowhere/report.json"],
        ["compare", "", pair[1]],
    ):  # fmt: skip
        assert run(arguments) == 2
        captured = capsys.readouterr()
        assert captured.err
        assert "Traceback" not in captured.err


def test_exit_codes_are_the_documented_ones() -> None:
    assert [int(code) for code in ExitCode] == [0, 1, 2, 3, 130]


def test_json_on_stdout_is_the_report_alone(pair: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compare", *pair, "--format", "json"]) == 0
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert document["verdict"]["relation"] == "derived"
    assert document["a"]["ref"] == Path(pair[0]).name
    assert captured.err == ""


def test_quiet_prints_nothing(pair: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    for extra in ([], ["--format", "json"], ["--format", "markdown"], ["-v"]):
        assert run(["compare", *pair, "-q", *extra]) == 0
        captured = capsys.readouterr()
        assert captured.out == captured.err == ""


@pytest.mark.parametrize(
    ("name", "start"), [("r.json", "{"), ("r.md", "#"), ("r.txt", " lineage-audit"), ("R.JSON", "{"), ("r", " lineage")]
)
def test_the_suffix_chooses_the_format(
    name: str, start: str, pair: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / name
    assert run(["compare", *pair, "-o", str(output)]) == 0
    assert output.read_text(encoding="utf-8").startswith(start)
    assert capsys.readouterr().out == ""


def test_a_suffix_that_names_no_format_takes_the_one_asked_for_or_is_refused(
    pair: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["compare", *pair, "-o", str(tmp_path / "r.out"), "--format", "markdown"]) == 0
    assert (tmp_path / "r.out").read_text(encoding="utf-8").startswith("#")
    assert capsys.readouterr().out == ""
    monkeypatch.setattr("lineage_audit.compare", lambda *_, **__: pytest.fail("a model was read"))
    assert run(["compare", *pair, "-o", str(tmp_path / "r.docx")]) == 2
    assert "use .txt, .json, .md, .html or .pdf" in capsys.readouterr().err


def test_several_files_and_stdout_in_one_run(
    pair: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [str(tmp_path / name) for name in ("r.json", "r.md", "r.html")]
    assert run(["compare", *pair, *(word for file in files for word in ("-o", file)), "--format", "markdown"]) == 0
    assert [Path(file).read_text(encoding="utf-8")[0] for file in files] == ["{", "#", "<"]
    assert capsys.readouterr().out.startswith("#")


def test_a_place_that_cannot_be_written_is_refused_before_the_work(
    pair: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("lineage_audit.compare", lambda *_, **__: pytest.fail("a model was read"))
    assert run(["compare", *pair, "-o", str(tmp_path / "missing" / "r.json")]) == 2
    assert "there is no folder" in capsys.readouterr().err
    assert run(["compare", *pair, "-o", str(tmp_path)]) == 2


@pytest.mark.parametrize("needed", ["r.pdf"])
def test_a_pdf_without_its_library_is_refused_before_the_work(
    needed: str,
    pair: tuple[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    monkeypatch.setattr("lineage_audit.compare", lambda *_, **__: pytest.fail("a model was read"))
    assert run(["compare", *pair, "-o", str(tmp_path / needed)]) == 2
    assert "lineage-audit[pdf]" in capsys.readouterr().err


def test_progress_goes_to_stderr_as_lines_of_json(pair: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compare", *pair, "--progress", "json", "--format", "json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["verdict"]["relation"] == "derived"
    events = [json.loads(line) for line in captured.err.splitlines()]
    assert [events[0]["event"], events[-1]["event"]] == ["begin", "end"]
    assert all(set(event) == set(events[0]) for event in events)


def test_what_the_words_mean_is_told_on_request(pair: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    run(["compare", *pair])
    assert "What the words mean" not in capsys.readouterr().out
    run(["compare", *pair, "--explain"])
    explained = capsys.readouterr().out
    assert "What the words mean" in explained
    assert "copied share" in explained


def test_a_written_report_is_whole_and_leaves_nothing_else(pair: tuple[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    output = folder / "report.json"
    output.write_text("old", encoding="utf-8")
    old = os.umask(0o027)
    try:
        assert run(["compare", *pair, "-o", str(output)]) == 0
    finally:
        os.umask(old)
    assert [path.name for path in folder.iterdir()] == ["report.json"]
    assert stat.S_IMODE(output.stat().st_mode) == 0o640
    assert json.loads(output.read_text(encoding="utf-8"))


def test_a_failed_run_leaves_an_old_report_alone(pair: tuple[str, str], tmp_path: Path) -> None:
    output = tmp_path / "report.json"
    output.write_text("old", encoding="utf-8")
    assert run(["compare", pair[0], "/nowhere", "-o", str(output)]) == 2
    assert output.read_text(encoding="utf-8") == "old"


def test_a_link_stays_a_link(pair: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "real.json").write_text("old", encoding="utf-8")
    (tmp_path / "link.json").symlink_to("real.json")
    assert run(["compare", *pair, "-o", str(tmp_path / "link.json")]) == 0
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "real.json").read_text(encoding="utf-8").startswith("{")


def test_a_pipe_is_written_to_and_not_replaced(pair: tuple[str, str], tmp_path: Path) -> None:
    """As ``-o /dev/stdout`` and ``-o /dev/null`` are: replacing the device would break the machine."""
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    received = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_text(encoding="utf-8")), daemon=True)
    reader.start()
    assert run(["compare", *pair, "-o", str(pipe)]) == 0
    reader.join(10)
    assert pipe.is_fifo()
    assert json.loads(received[0])["verdict"]["relation"] == "derived"


def test_verbose_adds_the_tables(pair: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    run(["compare", *pair])
    short = capsys.readouterr().out
    run(["compare", *pair, "-v"])
    long = capsys.readouterr().out
    assert len(long.splitlines()) > 2 * len(short.splitlines())
    assert "ffn-signs" in long


def test_ctrl_c_gives_130_in_one_line(
    pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("lineage_audit.compare", interrupted)
    assert run(["compare", *pair, "-o", str(tmp_path / "r.json")]) == 130
    assert capsys.readouterr().err.count("\n") <= 2
    assert not (tmp_path / "r.json").exists()


def test_an_internal_error_is_one_line_and_two(
    pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a\x1b[31mb\nc")

    monkeypatch.setattr("lineage_audit.compare", broken)
    monkeypatch.delenv("LINEAGE_AUDIT_TRACEBACK", raising=False)
    assert run(["compare", *pair]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "\x1b" not in error
    monkeypatch.setenv("LINEAGE_AUDIT_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        run(["compare", *pair])


@pytest.mark.parametrize("effort", ["sample", "full"])
def test_efforts_say_what_they_read(effort: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compare", PARENT, FINETUNE, "--effort", effort, "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["effort"] == effort
    assert document["verdict"]["relation"] == "derived"
    assert document["a"]["bytes_read"] > 0


def test_one_against_many(pair: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small = write(tmp_path / "small", repository(llama(1, SMALL), llama_config(SMALL)))
    listed = tmp_path / "models.txt"
    listed.write_text(f"# what we hold it against\n\n{small}\n")
    arguments = ["compare", *pair, "--list", str(listed)]
    assert run([*arguments, "--format", "json"]) == 3
    relations = [one["verdict"]["relation"] for one in json.loads(capsys.readouterr().out)["reports"]]
    assert relations == ["derived", "inconclusive"]
    assert run([*arguments, "-q", "--fail-on", "derived"]) == 1
    assert run([*arguments, "/nowhere/x", "-q", "--fail-on", "derived"]) == 2
    assert run(["compare", pair[0], pair[1], pair[0], "-q"]) == 0


@pytest.mark.parametrize(
    "option", [["--parent", "x"], ["--weights", "ema"], ["--certificate", "c.json"], ["--figures", "f"]]
)
def test_what_is_about_one_pair_is_refused_with_many(
    option: list[str], pair: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["compare", *pair, pair[0], *option]) == 2
    assert f"{option[0]} is about one pair" in capsys.readouterr().err
