"""Sphinx configuration: `make docs` builds the site without the internet, warnings are errors."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "insar_widgets"
author = "The insar_widgets developers"
copyright = "the insar_widgets developers, BSD-3-Clause"
release = version = installed("insar-widgets")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "numpydoc",
    "widgets_reference",
    "tables",
]
exclude_patterns = ["_build", "_ext", "README.md"]
templates_path: list[str] = []
root_doc = "index"
smartquotes = False  # quotes in helps are what Python takes
default_role = "py:obj"

myst_enable_extensions = ["colon_fence", "deflist", "attrs_inline"]
myst_heading_anchors = 3

add_module_names = False
autodoc_member_order = "groupwise"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
numpydoc_show_class_members = False
numpydoc_validation_checks: set[str] = set()

nitpicky = True
# Single backticks in docstrings name parameters and keys as well; what is documented here becomes a link.
# Types of other packages cannot be looked up without the internet.
nitpick_ignore_regex = [
    (r"py:obj", r".*"),
    (r"py:(class|data|exc|meth|attr|func)", r"(?!insar_widgets\.).*"),
    # used within the package only
    (r"py:class", r"insar_widgets\..*\._\w+\..*|insar_widgets\..*\.(StepPlan|Choice|PlannedFile|Selection)"),
]

html_theme = "pydata_sphinx_theme"
html_title = "insar_widgets"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_theme_options = {
    "show_prev_next": True,
    "navbar_align": "left",
    "header_links_before_dropdown": 5,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
ALONE = (
    "tutorial",
    "explanation",
    "troubleshooting",
    "administrators",
    "security",
    "contributing",
    "changelog",
)
html_sidebars: dict[str, list[str]] = {name: [] for name in ALONE}
