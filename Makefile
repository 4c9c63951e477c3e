# make demo: install what the program needs and run the embedded study of Weihai
# make test: install the test extras and run lint, types and tests
# make test-faults: kill, fill, shuffle, flip and fuzz; prints tried / survived / lost
# make coverage: lines and branches that tests run in travel, siting/question and siting/proof; fails below 100 %
# make mutation: small faults that their tests notice, room by room; MUTATION="siting/question/ids --most 40"
# make bench: install what a user would pick instead and measure side by side; BENCH="--only 'snap/*'" for some rows
# make bench-siting: the same for siting; BENCH="--only 'max-cover/*'" for some rows
# make country: a made country as a study, some 200,000 junctions a prefecture; PREFECTURES=20 for a large one
PYTHON ?= python3
BIN := .venv/bin

.venv/run.stamp: requirements.txt pyproject.toml
	@echo "正在下载并安装软件包（装好约 1.4 GB，只在第一次）· downloading and installing what is needed (1.4 GB, the first time only)"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q .venv/lib || true
	touch $@

.venv/test.stamp: .venv/run.stamp requirements-test.txt
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-test.txt
	touch $@

.venv/bench.stamp: .venv/run.stamp requirements-bench.txt
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-bench.txt
	touch $@

# make audit: known holes in what a release rests on (needs a network), and its licences as docs/licences.md
.venv/release.stamp: .venv/run.stamp requirements-release.txt
	$(PYTHON) -m venv .venv/release
	.venv/release/bin/python -m pip install --quiet --require-hashes -r requirements-release.txt
	touch $@

RESTS_ON := $(shell sed -n 's/^\([a-z0-9._-]*\)==.*/\1/p' requirements.txt | sort -u)
.PHONY: audit licences
audit: .venv/release.stamp licences
	.venv/release/bin/pip-audit --requirement requirements.txt --require-hashes --disable-pip

licences: .venv/release.stamp
	.venv/release/bin/python scripts/licences.py --python $(BIN)/python $(RESTS_ON)

# make docs: the book in Chinese and English, into data/processed/book, and as one file that opens without a network
BOOK := data/processed/book
MKDOCS := NO_MKDOCS_2_WARNING=1 .venv/docs/bin/mkdocs build --strict
.venv/docs.stamp: requirements-docs.txt
	$(PYTHON) -m venv .venv/docs
	.venv/docs/bin/python -m pip install --quiet --require-hashes -r requirements-docs.txt
	touch $@

docs: .venv/run.stamp .venv/docs.stamp
	$(BIN)/python docs/book/make.py source $(BOOK)
	$(MKDOCS) -f $(BOOK)/source/mkdocs.zh.yml
	$(MKDOCS) -f $(BOOK)/source/mkdocs.en.yml
	$(BIN)/python docs/book/make.py zip $(BOOK)

# make pictures: of the embedded study's page, print and papers, into data/processed/pictures
.PHONY: coverage country mutation demo docs pictures test lint test-slow test-faults bench bench-siting lock clean
demo: .venv/run.stamp
	$(BIN)/quarterhour demo --out data/processed/weihai

pictures: .venv/test.stamp demo
	PYTHONPATH=tests $(BIN)/python tests/pictures.py data/processed/weihai data/processed/pictures

test: .venv/test.stamp .venv/docs.stamp lint
	$(BIN)/python -m pytest -n 2 --dist loadgroup

lint: .venv/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test-slow: .venv/test.stamp
	$(BIN)/python -m pytest -m "(slow or hypothesis) and not faults" --hypothesis-profile=slow

test-faults: .venv/test.stamp
	$(BIN)/python -m pytest -m faults -n 2 --dist load tests/faults

# Kernels run as plain Python there, so that their branches are seen; whole numbers that wrap round are meant to.
ROOMS := travel siting/question siting/proof
coverage: .venv/test.stamp
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m coverage run -m pytest -q -m "not slow and not compiled" \
	  -W "ignore:overflow:RuntimeWarning" $(ROOMS:%=tests/%)
	for room in $(ROOMS); do \
	  echo $$room $$($(BIN)/python -m coverage report --format=total --fail-under=0 --include="*/$$room/*") %; done
	$(BIN)/python -m coverage report

mutation: .venv/test.stamp
	PYTHONPATH=coverage:tests $(BIN)/python tests/mutation.py $(MUTATION)

bench: .venv/bench.stamp
	PYTHONPATH=tests $(BIN)/python -m benchmarks --fetch $(BENCH)

bench-siting: .venv/bench.stamp
	PYTHONPATH=tests $(BIN)/python -m benchmarks.siting $(BENCH)

PREFECTURES := 1
country: .venv/run.stamp
	PYTHONPATH=tests $(BIN)/python -m benchmarks.country --prefectures $(PREFECTURES) --out data/processed/country-$(PREFECTURES)

lock: # after a change of dependencies; needs uv
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links pyproject.toml build-requirements.in -o requirements.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --extra test pyproject.toml build-requirements.in -c requirements.txt -o requirements-test.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --extra bench pyproject.toml build-requirements.in -c requirements.txt -o requirements-bench.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --extra cluster pyproject.toml build-requirements.in -c requirements.txt -o requirements-cluster.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --extra release pyproject.toml build-requirements.in -c requirements.txt -o requirements-release.txt

clean:
	rm -rf .venv data/processed/weihai data/processed/book
