# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Build the documentation site: what ansible-doc shows of modules, plugins and roles, and the guides of docs/, without a warning.

antsibull-docs writes the reference; the guides are Markdown, so that they can be read where the code is, and become pages here.
Nothing is asked of the network: what Ansible's own documentation has is linked by name.
"""

from __future__ import annotations

import collections.abc as c
import itertools
import os
import pathlib
import posixpath
import re
import shutil
import subprocess
import sys
import typing as t
import zlib

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.tools.checkout import CHECKOUT, files, read_yaml

ANSIBLE = "https://docs.ansible.com/ansible/latest/"
# Pages of Ansible's documentation that generated pages refer to, by their label.
OUTER = {
    "action_plugins": "plugins/action.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
    "callback_plugins": "plugins/callback.html",
    "common_return_values": "reference_appendices/common_return_values.html",
}
PLUGIN = re.compile(r"ansible_collections\.((?:amazon\.aws|ansible\.builtin)\.\w+)\b")
COMMENT = re.compile(r"\A<!--.*?-->\s*", re.DOTALL)
# Settings of Ansible itself that our plugins take over from their doc fragments.
VARIABLE = re.compile(r":envvar:`(ANSIBLE[\w\\]+)`")
CONFIGURATION = """project = "energytwin.aws"
copyright = "the energytwin.aws contributors"
extensions = ["sphinx.ext.intersphinx", "sphinx_antsibull_ext"]
intersphinx_mapping = {{"ansible": ("{ansible}", "ansible.inv")}}
html_theme = "sphinx_ansible_theme"
html_title = "energytwin.aws {version}"
html_copy_source = False
pygments_style = "ansible"
highlight_language = "YAML+Jinja"
default_role = "any"
nitpicky = True
"""


def outer(texts: c.Iterable[str]) -> dict[tuple[str, str], str]:
    """What of Ansible's documentation the pages may refer to: role and name, with the address there."""
    found = {("label", label): where for label, where in OUTER.items()}
    for text in texts:
        for name in PLUGIN.findall(text):
            found["label", f"ansible_collections.{name}"] = f"collections/{name.replace('.', '/')}.html"
        for name in (escaped.replace("\\", "") for escaped in VARIABLE.findall(text)):
            found["envvar", name] = f"reference_appendices/config.html#envvar-{name}"
    return found


def inventory(found: dict[tuple[str, str], str]) -> bytes:
    """Sphinx's inventory (version 2) of pages that are elsewhere."""
    head = "# Sphinx inventory version 2\n# Project: ansible\n# Version: \n# The remainder of this file is compressed using zlib.\n"
    lines = "".join(f"{name} std:{role} -1 {where} {name}\n" for (role, name), where in sorted(found.items()))
    return head.encode() + zlib.compress(lines.encode())


def address(link: str, repository: str) -> str:
    """Where a link of a guide leads on the site: to another guide's page, or to a file in the repository."""
    path, hash_, anchor = link.partition("#")
    if "://" in link or not path:
        return link
    if re.fullmatch(r"\w+\.md", path):
        return f"{path.removesuffix('.md')}.html{hash_}{anchor}"
    return f"{repository}/blob/main/{posixpath.normpath(posixpath.join('docs', path))}{hash_}{anchor}"


def walk(tokens: c.Iterable[Token]) -> c.Iterator[Token]:
    for token in tokens:
        yield token
        yield from walk(token.children or [])


def page(guide: str, repository: str) -> str:
    """A guide in Markdown, perhaps with a comment above it, as a page for Sphinx: its title, and the rest as HTML."""
    title, _newline, rest = COMMENT.sub("", guide).partition("\n")
    markdown = MarkdownIt("commonmark").enable("table")
    tokens = markdown.parse(rest)
    for token, following in itertools.pairwise(tokens):
        if token.type == "heading_open":
            token.attrSet("id", re.sub(r"[^\w-]", "", following.content.lower().replace(" ", "-")))
    for token in walk(tokens):
        for attribute in ("href", "src"):
            if link := token.attrGet(attribute):
                token.attrSet(attribute, address(str(link), repository))
    html = markdown.renderer.render(tokens, markdown.options, {})
    name = title.removeprefix("#").strip()
    return f"{name}\n{'=' * len(name)}\n\n.. raw:: html\n\n" + "".join(f"   {line}\n" for line in html.splitlines())


def write_sources(source: pathlib.Path, galaxy: dict[str, t.Any]) -> None:
    """Put the guides, Ansible's labels and Sphinx's configuration beside the reference."""
    guides = [path for path in files("docs/*.md") if len(path.parts) == 2]
    (source / "guides").mkdir()
    for path in guides:
        (source / "guides" / f"{path.stem}.rst").write_text(page((CHECKOUT / path).read_text(), galaxy["repository"]))
    listed = "".join(f"   guides/{path.stem}\n" for path in guides)
    with (source / "index.rst").open("a") as index:
        index.write(f"\n.. toctree::\n   :maxdepth: 1\n   :caption: Guides\n\n{listed}")
    found = outer(path.read_text() for path in source.rglob("*.rst"))
    (source / "ansible.inv").write_bytes(inventory(found))
    (source / "conf.py").write_text(CONFIGURATION.format(ansible=ANSIBLE, version=galaxy["version"]))


def main() -> int:
    folder = CHECKOUT / ".cache" / "site"
    shutil.rmtree(folder, ignore_errors=True)
    source = folder / "source"
    source.mkdir(parents=True, mode=0o755)
    # antsibull-docs takes of a collection what git knows of it: nothing of amazon.aws, for .venv is ignored. So git is to find no repository there.
    environment = {
        **os.environ,
        "GIT_CEILING_DIRECTORIES": str(CHECKOUT / ".venv"),
        "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".build"),
    }
    reference = ["antsibull-docs", "collection", "--use-current", "--squash-hierarchy", "--fail-on-error", "--cleanup", "everything"]
    subprocess.run([*reference, "--dest-dir", str(source), "energytwin.aws"], env=environment, check=True)
    write_sources(source, read_yaml("galaxy.yml"))
    built = subprocess.run(["sphinx-build", "-q", "-W", "--keep-going", "-b", "html", str(source), str(folder / "html")], check=False)
    if built.returncode == 0:
        print(f"{(folder / 'html').relative_to(CHECKOUT)}: {len(list((folder / 'html').rglob('*.html')))} pages")
    return built.returncode


if __name__ == "__main__":
    sys.exit(main())
