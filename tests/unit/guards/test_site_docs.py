# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documentation site: guides become pages, and Ansible's own pages are found by their names."""

from __future__ import annotations

import io
import posixpath

from sphinx.util.inventory import InventoryFile

from tests.tools import site_docs
from tests.tools.checkout import CHECKOUT, files, read_yaml

REPOSITORY = "https://github.com/energytwin/energytwin.aws"
GUIDE = """# Wiring a meter

See [faults](troubleshooting.md#no-reading), the [README](../README.md#on-aws) and [AWS](https://aws.amazon.com).

## Two wires & a shield

| A | B |
| --- | --- |
| 1 | 2 |

```yaml
a:
  b: 1
```
"""


def test_a_guide_becomes_a_page_whose_links_lead_on() -> None:
    page = site_docs.page("<!--\nA licence.\n-->\n\n" + GUIDE, REPOSITORY)
    assert page.startswith("Wiring a meter\n==============\n")
    for link in ("troubleshooting.html#no-reading", f"{REPOSITORY}/blob/main/README.md#on-aws", "https://aws.amazon.com"):
        assert f'href="{link}"' in page
    assert '<h2 id="two-wires--a-shield">' in page
    assert "<table>" in page
    assert '<code class="language-yaml">a:\n     b: 1' in page, "what is indented stays so"


def test_ansibles_pages_are_found_by_their_labels() -> None:
    text = "see :ref:`x <ansible_collections.amazon.aws.cloudformation_info_module>` and :envvar:`ANSIBLE\\_CACHE\\_PLUGIN`"
    found = InventoryFile.load(io.BytesIO(site_docs.inventory(site_docs.outer([text]))), "https://docs", posixpath.join)
    page = found["std:label"]["ansible_collections.amazon.aws.cloudformation_info_module"][2]
    assert page == "https://docs/collections/amazon/aws/cloudformation_info_module.html"
    assert found["std:label"]["common_return_values"][2].endswith("/reference_appendices/common_return_values.html")
    assert found["std:envvar"]["ANSIBLE_CACHE_PLUGIN"][2].endswith("/config.html#envvar-ANSIBLE_CACHE_PLUGIN")


def test_a_label_of_our_own_is_not_looked_for_elsewhere() -> None:
    assert len(site_docs.outer(["ansible_collections.energytwin.aws.no_such_module"])) == len(site_docs.OUTER)


def test_every_guide_begins_with_its_title() -> None:
    guides = [path for path in files("docs/*.md") if len(path.parts) == 2]
    assert guides
    assert not [path for path in guides if not site_docs.COMMENT.sub("", (CHECKOUT / path).read_text()).startswith("# ")]


def test_every_guide_is_named_in_the_readme_and_on_the_site() -> None:
    readme, site = ((CHECKOUT / path).read_text() for path in ("README.md", "docs/docsite/rst/guides.rst"))
    for path in (path for path in files("docs/*.md") if len(path.parts) == 2):
        assert f"]({path})" in readme, path
        assert f"<{REPOSITORY}/blob/main/{path}>" in site, path


def test_what_antsibull_says_of_the_repository_is_what_galaxy_says() -> None:
    links = read_yaml("docs/docsite/links.yml")
    galaxy = read_yaml("galaxy.yml")
    assert galaxy["repository"].endswith(links["edit_on_github"]["repository"])
    assert links["extra_links"][0]["url"].startswith(galaxy["issues"])
    assert galaxy["repository"] in (CHECKOUT / "docs" / "docsite" / "rst" / "guides.rst").read_text()
