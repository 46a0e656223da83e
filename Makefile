# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Every target makes what it needs. Versions stand in constraints.txt and nowhere else.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Nothing is written outside the checkout but below the temp folder: the tools find a home of their own here, without
# the AWS account, the Ansible settings and the collections of whoever runs them. git keeps the user's settings.
USER_HOME := $(HOME)
export GIT_CONFIG_GLOBAL ?= $(USER_HOME)/.gitconfig
export HOME := $(CURDIR)/.cache/home
export XDG_CACHE_HOME := $(CURDIR)/.cache
export ANSIBLE_HOME := $(CURDIR)/.ansible
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export LC_ALL := C.UTF-8
unexport $(filter-out ANSIBLE_HOME,$(filter AWS_% ANSIBLE_% PYTHONPATH,$(.VARIABLES)))

# A stamp carries a digest of what it stands for, this folder's name included: scripts of a venv hold its path.
digest = $(shell { echo '$(CURDIR)'; cat constraints.txt $(1); } | sha256sum | cut -c1-12)
RUN_FILES := requirements.txt requirements-run.txt roles/local_cloud/files/requirements.txt
DEV_FILES := requirements-dev.txt $(RUN_FILES)
RUN := .venv/run-$(call digest,$(RUN_FILES))
DEV := .venv/dev-$(call digest,$(DEV_FILES))
TREE := .build/ansible_collections
LOCAL_CLOUD := PYTHONPATH=roles/local_cloud/files python -m local_cloud --home .local-cloud

# The folders from which the roles' programs are imported.
PROGRAMS := roles/local_cloud/files:roles/stack/files/reader:roles/edge_gateway/files

# What make makes; the caches of tools are where the tools put them.
MADE := .ansible .bench .build .cache .hypothesis .local-cloud .mypy_cache .pytest_cache .ruff_cache .venv collections \
  changelogs/.plugin-cache.yaml importer_result.json tests/output

.PHONY: help venv demo fleet test lint types docs sanity package unit integration molecule bench scene-picture clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

$(RUN):
	@HOME='$(USER_HOME)' tests/tools/make_venv.sh requirements-run.txt
	@rm -f .venv/run-* && touch $@

$(DEV): $(RUN)
	@HOME='$(USER_HOME)' tests/tools/make_venv.sh requirements-dev.txt
	@rm -f .venv/dev-* && touch $@

.build/ready: $(RUN)
	@mkdir -p $(TREE)/amazon $(TREE)/energytwin .cache/home
	@ln -sfn ../../.. $(TREE)/energytwin/aws
	@ln -sfn "$$(realpath --relative-to=$(TREE)/amazon .venv/lib/python3.*/site-packages/ansible_collections/amazon/aws)" $(TREE)/amazon/aws
	@touch $@

READY_TO_RUN := $(RUN) .build/ready
READY := $(DEV) .build/ready

venv: $(READY) ## make the environment of all other targets

demo: $(READY_TO_RUN) ## a plant from nothing to its readings in the twin, in a cloud on this machine (ARGS="..." for ansible-playbook)
	@ansible-playbook -i inventories/local playbooks/demo.yml $(ARGS)

fleet: $(READY) ## the sheets of inventories/example_fleet: 200 sites, 2,000 gateways, 40,000 meters (ARGS="--sites 20" for fewer)
	@PYTHONPATH=.build python -m tests.tools.make_fleet $(ARGS) .cache/example_fleet

# The longest first: with --jobs=2 the short ones fill what is left of the time.
test: integration molecule unit sanity docs package types lint ## all of the checks below

lint: $(READY) ## formats, styles, playbooks, templates, changelog, shell
	ruff check
	ruff format --check
	yamllint --strict .
	ANSIBLE_COLLECTIONS_PATH=$(CURDIR)/.build ansible-lint --offline
	templates=$$(git grep --untracked -l AWSTemplateFormatVersion -- 'roles/*.yml') && cfn-lint $$templates
	antsibull-changelog lint
	shellcheck .ci/run $$(git ls-files --cached --others --exclude-standard '*.sh')

types: $(READY) ## type hints
	MYPYPATH=.build mypy --cache-dir .cache/mypy --namespace-packages --explicit-package-bases -p ansible_collections.energytwin.aws.plugins
	MYPYPATH=.build:$(PROGRAMS) mypy --cache-dir .cache/mypy --python-version 3.11 --namespace-packages --explicit-package-bases \
	  -p tests -p local_cloud -p energy_reader -m index -p meter_gateway -p meter_simulator -m build_zipapp

# antsibull-docs takes of a collection what git knows of it: nothing of amazon.aws, for .venv is ignored. So git is to find no
# repository from there.
docs: $(READY) ## what ansible-doc shows, and the documentation site
	GIT_CEILING_DIRECTORIES=$(CURDIR)/.venv ANSIBLE_COLLECTIONS_PATH=$(CURDIR)/.build \
	  antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs dependent --skip-rstcheck .
	python -m tests.tools.site_docs

sanity: $(READY) ## ansible-test's sanity tests (CORE="2.17 2.21": those that hang on the version, with other versions of ansible-core)
	python -m tests.tools.sanity $(CORE)

sanity-all: sanity ## the same, and then with all other versions of ansible-core; takes Python 3.11 and 3.12
	python -m tests.tools.sanity 2.17 2.18 2.20 2.21

package: $(READY) ## what Ansible Galaxy would say of the collection
	python -m tests.tools.package

release: $(READY) ## the tarball with its changelog, what it is made of, checksums, and the execution environment's context
	python -m tests.tools.release

unit: $(READY) ## unit tests
	python -m pytest -q --numprocesses auto --maxprocesses 4 --dist loadfile tests/unit

integration: $(READY) ## playbooks and programs against a local cloud
	python -m pytest -q --numprocesses 2 --dist loadfile --no-loadscope-reorder --durations 20 tests/integration

molecule: $(READY) ## each role: check, apply, apply again, verify
	tests/tools/molecule.sh $(ROLE)

bench: $(READY) ## measure (make bench ONLY="bench_local_cloud ..." for some), into .bench/results.json
	python -m tests.bench.run $(ONLY)

scene-picture: $(READY) ## docs/scene.png: the example plant's 3D scene in AWS's own viewer (takes npm and Chromium; 1 GB of packages)
	@PYTHONPATH=.build python -m tests.tools.draw_scene

clean: ## stop what the demo has started and remove all that make made; your plans/ and exported/ stay
	@if [ -d .cache/demo ]; then find '$(CURDIR)/.cache/demo' -name '*.pid' -exec \
	  /sbin/start-stop-daemon --stop --oknodo --quiet --retry 10 --exec '$(CURDIR)/.venv/bin/python' --pidfile {} ';'; fi
	@if [ -d .local-cloud ] && [ -x .venv/bin/python ]; then $(LOCAL_CLOUD) stop; fi
	rm -rf $(MADE)
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
