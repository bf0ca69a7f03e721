"""Screens of the way to results: stack, template, accounts, run; and of what is taken home."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from .screen import Screen, copied, in_turn, press, shown

PICKER = "from insar_widgets import StackPicker\n"
# One second more for each file, to be seen while it is made
SLOW_PICKER = (
    "import importlib, time\nmodule = importlib.import_module('insar_widgets.hyp3.prepare')\nmake = module._make\n"
    "module._make = lambda *given: (time.sleep(1), make(*given))[1]\n"
) + PICKER
BUILDER = (
    "from insar_widgets import ConfigBuilder, find_stack\n"
    "builder = ConfigBuilder(find_stack('mintpy/prepared'), work_dir='copies/{name}')\nbuilder"
)
RUNNER = "from insar_widgets import StepRunner\nrunner = StepRunner('copies/{name}')\n"
EXPORTER = "from insar_widgets import Exporter\n"


def _damaged(folder: Path) -> None:
    """Products one of which is broken, one lacks a layer, and the last date of which hangs on one pair."""
    products = copied("products", "damaged")(folder)
    pairs = sorted(path for path in products.iterdir() if path.name.startswith("S1"))
    raster = next(pairs[0].glob("*_unw_phase.tif"))
    raster.write_bytes(raster.read_bytes()[:200])
    next(pairs[1].glob("*_corr.tif")).unlink()
    last = max(path.name.split("_")[2][:8] for path in pairs)
    for path in [path for path in pairs if path.name.split("_")[2].startswith(last)][1:]:
        shutil.rmtree(path)


def _new_products(folder: Path) -> None:
    """Products beside which nothing is prepared."""
    copied("products", "new/products")(folder)
    shutil.rmtree(folder / "copies" / "new" / "mintpy", ignore_errors=True)


def _prepared(page: Page) -> None:
    page.get_by_role("button", name="Prepare on one grid").click()
    shown(".sp-prepared", "on one grid")(page)


def _filter(page: Page) -> None:
    page.get_by_role("button", name="Filter dates and pairs…").click()
    page.get_by_label("Longest pair, days").fill("30")
    shown(".sp-filter-result", "pairs")(page)


STACK_PICKER = {
    "stack": Screen(".iw.sp", (".sp path.sp-outline", "img.iw-relief"), PICKER + "StackPicker('products')"),
    "empty": Screen(".iw.sp", (".sp-empty",), PICKER + "StackPicker()"),
    "findings": Screen(
        ".iw.sp", (".iw-finding", "img.iw-relief"), PICKER + "StackPicker('copies/damaged')", files=_damaged
    ),
    "folders": Screen(
        ".iw.sp", ("img.iw-relief",), PICKER + "StackPicker('products')",
        act=in_turn(press("Browse…"), shown(".iw-entry")),
    ),
    "an area": Screen(
        ".iw.sp", ("img.iw-relief",), PICKER + "StackPicker('products')", act=press("WKT or file…"),
    ),
    "filter": Screen(".iw.sp", ("img.iw-relief",), PICKER + "StackPicker('products')", act=_filter),
    "preparing": Screen(
        ".iw.sp", ("img.iw-relief",), SLOW_PICKER + "StackPicker('copies/new/products')", files=_new_products,
        act=in_turn(press("Prepare on one grid"), shown(".sp-footer button", "Cancel")), once=True,
    ),
    "prepared": Screen(
        ".iw.sp", ("img.iw-relief",), PICKER + "StackPicker('copies/new/products')", files=_new_products,
        act=_prepared,
    ),
    "no such folder": Screen(".iw.sp", (".sp [role=alert] button",), PICKER + "StackPicker('nowhere')"),
}  # fmt: skip


def _search(page: Page) -> None:
    page.get_by_role("searchbox").fill("exclude dates")
    shown(".cb-group", "exclude dates")(page)


def _wrong_values(page: Page) -> None:
    """A method without its data, and a number that is none."""
    page.locator('.cb-fields [data-option="mintpy.unwrapError.method"] select').select_option("bridging")
    shown(".cb-inl.error")(page)
    page.get_by_role("button", name="error").first.click()


def _difference(page: Page) -> None:
    ramp = page.locator('.cb-fields [data-option="mintpy.deramp"] select')
    save = page.get_by_role("button", name="Save", exact=True)
    ramp.select_option("linear")
    save.click()
    expect(save).to_be_disabled()
    ramp.select_option("quadratic")
    shown(".cb-lines .r")(page)
    shown(".cb-lines .a")(page)


def _reference_map(page: Page) -> None:
    point = page.locator('.cb-fields [data-option="mintpy.reference.lalo"]')
    point.get_by_role("button", name="On the map").click()
    point.locator("img.iw-relief").wait_for()
    box = point.locator("path.cb-outline").bounding_box() or {}
    page.mouse.click(box["x"] + 0.6 * box["width"], box["y"] + 0.4 * box["height"])
    point.locator(".cb-marker").wait_for()


def _builder(name: str) -> tuple[str, tuple[str, ...], str]:
    return ".iw.cb", (".iw.cb .cb-fields .cb-op",), BUILDER.format(name=name)


CONFIG_BUILDER = {
    "common settings": Screen(*_builder("template")),
    "all settings": Screen(*_builder("template"), act=press("All 1")),
    "search": Screen(*_builder("template"), act=_search),
    "wrong value": Screen(*_builder("template"), act=_wrong_values),
    "difference": Screen(*_builder("saved"), act=_difference),
    "reference on the map": Screen(*_builder("template"), act=_reference_map),
    "files": Screen(*_builder("template"), act=in_turn(press("Open…"), shown(".iw-entry"))),
}


def _store(token: str, word: str) -> Screen:
    def act(page: Page) -> None:
        page.get_by_label("Personal access token").fill(token)
        page.keyboard.press("Enter")
        shown(".cc-state", word)(page)

    return Screen(
        ".iw.cc", (".iw.cc .cc-account",),
        "from insar_widgets import CdsCredentials\n"
        f"CdsCredentials('copies/{word}', base_url='ACCOUNTS/api', earthdata_url='ACCOUNTS')",
        files=lambda folder: _fresh(folder, word), act=act,
    )  # fmt: skip


def _fresh(folder: Path, name: str) -> None:
    target = folder / "copies" / name
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)


CDS_CREDENTIALS = {
    "empty": Screen(
        ".iw.cc", (".iw.cc .cc-account",),
        "from insar_widgets import CdsCredentials\nCdsCredentials('home', check=False)",
    ),
    "saved": _store("b2c3d4e5-1111-2222-3333-444455556666", "Ready"),
    "refused": _store("00000000-1111-2222-3333-444455556666", "Refused"),
}  # fmt: skip


def _step(name: str) -> str:
    return f'.rn-row[data-step="{name}"]'


def _runs(page: Page) -> None:
    press("Run what is needed")(page)
    shown(".rn h2", "Step")(page)
    page.locator(".rn-line").first.wait_for()


def _ahead(name: str, *acts: Callable[[Page], object]) -> Screen:
    """A run of MintPy itself that is about to begin, or has begun."""
    return Screen(
        ".iw.rn", (_step("velocity"),),
        "from insar_widgets import StepRunner, Template, find_stack\n"
        "template = Template.for_stack(find_stack('mintpy/prepared'), name='valley')\n"
        f"StepRunner('copies/{name}', template=template, engine='mintpy')",
        files=lambda folder: shutil.rmtree(folder / "copies" / name, ignore_errors=True),
        act=in_turn(*acts), once=bool(acts),
    )  # fmt: skip


def _step_runner(name: str, more: str = "") -> tuple[str, tuple[str, ...], str]:
    return ".iw.rn", (_step("velocity"),), f"{RUNNER.format(name=name)}{more}\nrunner"


def _fails(page: Page) -> None:
    press("Run what is needed")(page)
    page.locator(".rn-failure").wait_for(timeout=120_000)


def _product(step: str, file: str, seen: str) -> Screen:
    def act(page: Page) -> None:
        page.locator(_step(step)).get_by_role("button", name=file).click()
        page.locator(seen).first.wait_for()

    return Screen(*_step_runner("finished"), files=copied("mintpy", "finished"), act=act)


def _stale(page: Page) -> None:
    page.locator(_step("deramp")).get_by_role("switch").click()
    shown(_step("velocity"), "stale")(page)


def _menu(page: Page) -> None:
    page.locator(_step("deramp")).hover()
    page.locator(_step("deramp")).get_by_role("button", name="Run deramp…").click()


STEP_RUNNER = {
    "completed, a product open": _product("velocity", "velocity.h5", "img.rn-layer"),
    "completed, the network open": _product("load_data", "ifgramStack.h5", ".rn-product .iw-chart .date"),
    "completed, a table open": _product("residual_RMS", "rms_", ".rn-table tbody tr"),
    "completed, the log": Screen(*_step_runner("finished"), files=copied("mintpy", "finished")),
    "before a run": _ahead("ahead"),
    "running": _ahead("running", _runs),
    "cancel question": _ahead("cancelled", _runs, press("Cancel run…"), shown(".rn-question", "Cancel the run?")),
    "failed": Screen(
        *_step_runner("failed", 'runner.change({"mintpy.networkInversion.minTempCoh": "0.99999"})'),
        files=copied("mintpy", "failed"), act=_fails,
    ),
    "stale, a menu open": Screen(*_step_runner("stale"), files=copied("mintpy", "stale"), act=_stale, each=_menu),
}  # fmt: skip


def _exporter(arguments: str = "", slow: bool = False) -> tuple[str, tuple[str, ...], str]:
    """An exporter; a slow one takes a second for each piece of work."""
    later = (
        "import importlib, time\njob = importlib.import_module('insar_widgets.export._job').Job\nstep = job.step\n"
        "job.step = lambda *given: (time.sleep(1), step(*given))[1]\n"
    )
    made = f"{EXPORTER}Exporter('copies/exported', {arguments})"
    return ".iw.ex", (".iw.ex .ex-folder",), later + made if slow else made


ALL = "products=['displacement', 'velocity', 'points', 'figures']"


def _export(page: Page) -> None:
    page.get_by_role("button", name="Export", exact=True).click()


def _wrong_system(page: Page) -> None:
    page.get_by_label("Reference system", exact=True).select_option("other")
    system = page.get_by_label("Reference system, such as")
    system.fill("EPSG:99999")
    system.press("Enter")
    shown(".ex-said", "reference system")(page)


def _copied(page: Page) -> None:
    page.get_by_role("button", name="Copy Python").click()
    shown(".ex-deeds, .ex-code", "Python")(page)


def _untick(page: Page) -> None:
    page.get_by_role("group", name="Rasters, GeoTIFF").get_by_label("Velocity", exact=True).press("Space")
    shown(".ex-empty")(page)


_new_exports = copied("mintpy", "exported")
EXPORTER_SCREENS = {
    "chosen": Screen(*_exporter(ALL), files=_new_exports, act=shown(".ex-file")),
    "nothing chosen": Screen(*_exporter(), files=_new_exports, act=_untick),
    "running": Screen(
        *_exporter(ALL, slow=True), files=_new_exports, once=True,
        act=in_turn(shown(".ex-file"), _export, shown(".ex-deeds button", "Cancel")),
    ),
    "done": Screen(
        *_exporter("products=['velocity', 'points']"), files=_new_exports,
        act=in_turn(shown(".ex-file"), _export, shown(".ex-file.written"), shown(".ex-deeds button", "Export")),
    ),
    "wrong reference system": Screen(
        *_exporter(ALL), files=_new_exports, act=in_turn(shown(".ex-file"), _wrong_system),
    ),
    "Python": Screen(*_exporter(ALL), files=_new_exports, act=in_turn(shown(".ex-file"), _copied)),
    "no results": Screen(".iw.ex", (".ex-none",), f"{EXPORTER}Exporter()"),
}  # fmt: skip

SCREENS = {
    "stack-picker": STACK_PICKER,
    "config-builder": CONFIG_BUILDER,
    "cds-credentials": CDS_CREDENTIALS,
    "step-runner": STEP_RUNNER,
    "exporter": EXPORTER_SCREENS,
}
