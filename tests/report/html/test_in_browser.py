"""Pages in a real browser: nothing fetched, nothing logged, nothing too wide, nothing that a name made happen."""

import re
from base64 import b64decode
from dataclasses import replace

import pytest

from lineage_audit.report import figure_files, render
from lineage_audit.report.html import summary_of
from lineage_audit.results import WeightFile
from tests.report.checks import FAILED, INCONCLUSIVE
from tests.report.hostile import NASTY, with_every_string
from tests.report.hostile_checks import with_every_string as hostile_check
from tests.report.html.browser import BINARY, Browser
from tests.report.html.samples import APART, GROWN, LEANING, MERGED, SHELVED, TREE, TUNED
from tests.report.samples import MANY

pytestmark = pytest.mark.skipif(BINARY is None, reason="no chromium here")

SCRIPT = "\"><script>window.hacked=1</script><img src=x onerror=window.hacked=1><svg onload=window.hacked=1>'"
PAGES = {
    "tuned": render(TUNED, "html"),
    "grown": render(GROWN, "html"),
    "apart": render(APART, "html"),
    "check": render(FAILED, "html"),
    "unclear-check": render(INCONCLUSIVE, "html"),
    "hostile": render(with_every_string(TUNED, SCRIPT), "html"),
    "hostile-check": render(hostile_check(FAILED, SCRIPT), "html"),
    "long": render(with_every_string(TUNED, "x" * 5000), "html"),
    "mixed": render(with_every_string(TUNED, " ".join(NASTY[:18])), "html"),
    "merged": render(with_every_string(MERGED, SCRIPT), "html"),
    "shelved": render(with_every_string(SHELVED, SCRIPT), "html"),
    "tree": render(replace(TREE, models=tuple(replace(model, ref=SCRIPT) for model in TREE.models)), "html"),
    "long-check": render(hostile_check(FAILED, "y" * 5000), "html"),
}
WINDOWS = [(360, "light"), (360, "dark"), (1280, "light"), (1280, "dark")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    for name, text in PAGES.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


def url(folder, name):
    return (folder / f"{name}.html").as_uri()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_loads_quietly_and_fits(name, folder, browser):
    for width, theme in WINDOWS if name == "tuned" else WINDOWS[1:3]:
        browser.open(url(folder, name), width, theme)
        requests = [event["request"]["url"] for event in browser.happened("Network.requestWillBeSent")]
        assert requests == [url(folder, name)]
        assert not browser.happened(
            "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded", "Page.javascriptDialogOpening"
        )
        assert browser.value("document.documentElement.scrollWidth") <= width
        assert browser.value("window.hacked === undefined && document.scripts.length === 1 && !document.images.length")


def test_dark_and_light_differ_and_paper_is_light(folder, browser):
    colour = "getComputedStyle(document.body).backgroundColor"
    browser.open(url(folder, "tuned"), 360, "light")
    assert browser.value(colour) == "rgb(255, 255, 255)"
    browser.open(url(folder, "tuned"), 360, "dark")
    assert browser.value(colour) == "rgb(20, 22, 26)"
    browser.call("Emulation.setEmulatedMedia", media="print")
    assert browser.value(colour) == "rgb(255, 255, 255)"


def test_tables_sort_both_ways_with_numbers_as_numbers(folder, browser):
    browser.open(url(folder, "tuned"), 1280, "light")
    browser.value("""(() => {
        window.table = [...document.querySelectorAll("table")].find(t => t.caption.textContent.includes("Every test"));
        window.heading = [...table.tHead.rows[0].cells].findIndex(c => c.textContent.startsWith("log10"));
        window.keys = () => [...table.tBodies[0].rows].map(r => r.cells[heading].dataset.sort);
        window.press = () => table.tHead.rows[0].cells[heading].querySelector("button").click();
    })()""")
    assert browser.value("(press(), keys())") == ["-15944.2", "-1778.6", "-612.4"]
    assert browser.value("table.tHead.rows[0].cells[heading].getAttribute('aria-sort')") == "ascending"
    assert browser.value("(press(), keys())") == ["-612.4", "-1778.6", "-15944.2"]
    browser.value("heading = [...table.tHead.rows[0].cells].findIndex(c => c.textContent.startsWith('Limit'))")
    assert browser.value("(press(), keys())") == ["0.0102", "0.0144", ""]
    assert browser.value("(press(), keys())") == ["0.0144", "0.0102", ""]
    words = "[...table.tBodies[0].rows].map(r => r.cells[0].textContent)"
    names = browser.value(f"(table.tHead.rows[0].cells[0].querySelector('button').click(), {words})")
    assert names == sorted(names)
    assert len(names) == sum(test.status == "measured" for test in TUNED.evidence)
    assert browser.value("document.querySelectorAll('[aria-sort]').length") == 1


def test_a_page_loses_nothing_without_its_script(folder, browser):
    browser.open(url(folder, "tuned"), 1280, "light")
    words = "document.querySelector('main').textContent"
    with_script = browser.value(words)
    browser.open(url(folder, "tuned"), 1280, "light", scripts=False)
    root = browser.call("DOM.getDocument", depth=0)["root"]["nodeId"]
    main = browser.call("DOM.querySelector", nodeId=root, selector="main")["nodeId"]
    outer = browser.call("DOM.getOuterHTML", nodeId=main)["outerHTML"]
    browser.call("Emulation.setScriptExecutionDisabled", value=False)
    assert "<button" not in outer
    assert all(word in outer for word in ("ffn-signs", "The recipe", "LoRA merged"))
    assert len(with_script) > 2000


@pytest.mark.parametrize("name", ["tuned", "check"])
def test_a_page_prints_with_everything_open(name, folder, browser):
    browser.open(url(folder, name), 1280, "light")
    assert browser.value("document.querySelectorAll('details:not([open])').length") > 0
    pdf = b64decode(browser.call("Page.printToPDF", preferCSSPageSize=True)["data"])
    assert pdf.startswith(b"%PDF-")
    assert len(pdf) > 20_000
    assert browser.value("document.querySelectorAll('details:not([open])').length") == 0


def sheets(browser):
    """How many sheets of paper the page takes that is open."""
    pdf = b64decode(browser.call("Page.printToPDF", preferCSSPageSize=True)["data"])
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


@pytest.mark.parametrize("result", [TUNED, GROWN, APART, FAILED, INCONCLUSIVE, MERGED, SHELVED, TREE, MANY, LEANING])
def test_a_summary_takes_one_sheet(result, tmp_path, browser):
    (tmp_path / "summary.html").write_text(summary_of(result), encoding="utf-8")
    browser.open((tmp_path / "summary.html").as_uri(), 1280, "light")
    assert sheets(browser) == 1


def test_a_summary_of_many_files_and_caveats_takes_one_sheet(tmp_path, browser):
    files = tuple(WeightFile(f"model-{n:05}-of-00030.safetensors", 1 << 32, f"{n:064x}") for n in range(30))
    caveats = tuple(f"Caveat {n}: {APART.verdict.caveats[0]}" for n in range(9))
    large = replace(TUNED, a=replace(TUNED.a, files=files), b=replace(TUNED.b, files=files))
    large = replace(large, verdict=replace(TUNED.verdict, caveats=caveats))
    (tmp_path / "summary.html").write_text(summary_of(large), encoding="utf-8")
    browser.open((tmp_path / "summary.html").as_uri(), 1280, "light")
    assert sheets(browser) == 1
    assert all(file.sha256 in render(large, "html") for file in files)


@pytest.mark.parametrize("result", [TUNED, GROWN, APART, FAILED, INCONCLUSIVE, MERGED, SHELVED, TREE, MANY, LEANING])
def test_no_table_is_cut_off_on_a_wide_screen(result, tmp_path, browser):
    (tmp_path / "page.html").write_text(render(result, "html"), encoding="utf-8")
    browser.open((tmp_path / "page.html").as_uri(), 1280, "light")
    browser.value("document.querySelectorAll('details').forEach(one => one.open = true)")
    regions = "[...document.querySelectorAll('.scroll')].filter(one => one.scrollWidth > one.clientWidth + 1)"
    assert browser.value(f"{regions}.map(one => one.getAttribute('aria-label'))") == []


def test_a_figure_opens_as_a_file(folder, browser):
    for name, text in figure_files(with_every_string(TUNED, SCRIPT)).items():
        (folder / name).write_text(text, encoding="utf-8")
        browser.open((folder / name).as_uri(), 800, "dark")
        assert browser.value("document.documentElement.tagName") == "svg"
        assert browser.value("window.hacked") is None
        assert not browser.happened("Log.entryAdded", "Runtime.exceptionThrown")
