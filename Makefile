# Everything a newcomer runs. Each target first installs what is missing; that takes under a second when all is there.

# rustup puts cargo here; a shell that was open before does not know it.
export PATH := $(HOME)/.cargo/bin:$(PATH)
# Python's caches would land in the tree.
export PYTHONDONTWRITEBYTECODE := 1
MAKEFLAGS += --no-print-directory

.PHONY: help demo test test-web test-web-short screens web-types test-api test-all bench-play bench-evidence bench-record bench-archive bench-perceive bench-forward bench-web soak chaos fuzz eval

help:
	@echo 'make demo [SECONDS=90]   a whole centre and a province on this machine, with simulated cameras'
	@echo 'make test                format, lints and all tests'
	@echo 'make test-web            the pages alone: their checks, and all that people do in a browser (15 minutes; the short set is in make test)'
	@echo 'make screens             the pictures in the README, made by a browser run'
	@echo 'make test-api            both servers asked whatever they say they take, as each role (some minutes)'
	@echo 'make test-all            the same, many more seeded disks, and short runs of soak and benchmark'
	@echo 'make bench-record        what recording 1, 16 and 64 streams costs, about 30 minutes (ARGS="--minutes 0.5 --runs 1" for a try)'
	@echo 'make bench-archive       start, time line and deletion on an archive of 90 days (made once: 8 GB, some minutes)'
	@echo 'make bench-play          how soon any moment is on the screen, and what viewers cost, about 15 minutes'
	@echo 'make bench-web           how soon the first page of 10,000 incidents is there, and a flag on it, about 2 minutes'
	@echo 'make bench-evidence      what signing, an exported hour and its check cost, about 3 minutes'
	@echo 'make eval [BOXES=FILE]   how right the flags are: every kind against labelled scenes (about an hour; ARGS=--quick for a try)'
	@echo 'make bench-perceive      what seeing and hearing 8 cameras costs, about 7 minutes'
	@echo 'make bench-forward       what the way to the province carries beside curl, about 35 minutes'
	@echo 'make chaos               10,000 events and 200 clips across a bad link while everything is killed, about 20 minutes'
	@echo 'make fuzz                a minute of fuzzing for each of: wire messages, manifest, salvage, config, papers'
	@echo 'make soak                16 disturbed cameras for 20 minutes; every frame is looked for'

# Standard output is the demo's alone: with SECONDS it ends with one line of JSON.
demo:
	@deploy/setup.sh run
	@cargo build --locked --release 1>&2
	@target/release/quaywatch demo $(if $(SECONDS),--seconds $(SECONDS))

test:
	deploy/setup.sh test
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	@if cargo nextest --version >/dev/null 2>&1; then \
		echo 'cargo nextest run --locked' && cargo nextest run --locked && cargo test --locked --doc; \
	else \
		echo 'cargo test --locked' && cargo test --locked; \
	fi
	$(MAKE) test-web-short
	$(MAKE) test-api ARGS='--examples 3'

# After the servers' answers changed: what they say of themselves, and the pages' types from it.
web-types:
	QUAYWATCH_WRITE_OPENAPI=1 cargo test --locked --lib http::docs_tests
	deploy/npm.py run --silent types

test-web test-web-short:
	@deploy/setup.sh test
	@cargo build --locked --all-targets
	deploy/npm.py run --silent check
	deploy/npm.py run --silent test
	deploy/npm.py run --silent test-browser$(@:test-web%=%)

# The pictures in the README, from the real service.
screens:
	@deploy/setup.sh test
	@cargo build --locked --all-targets
	deploy/npm.py run --silent screens

# As each role, whatever the servers say they take, and much that they do not.
test-api:
	@deploy/setup.sh test
	@cargo build --locked --all-targets
	@/usr/bin/python3 tests/api/check.py $(ARGS)

test-all: test test-web test-api
	QUAYWATCH_WORLDS=2000 cargo test --locked --lib record::model
	QUAYWATCH_WORLDS=20000 cargo test --locked --lib world::
	$(MAKE) soak ARGS='--minutes 4'
	$(MAKE) bench-record ARGS='--minutes 0.5 --runs 1'

bench-record:
	@deploy/setup.sh run
	@cargo build --locked --release 1>&2
	@/usr/bin/python3 tests/bench/record.py $(ARGS)

bench-perceive:
	@deploy/setup.sh test
	@cargo build --locked --release 1>&2
	@/usr/bin/python3 tests/bench/perceive.py $(ARGS)

bench-play:
	@deploy/setup.sh test
	@cargo build --locked --release 1>&2
	@/usr/bin/python3 tests/bench/play.py $(ARGS)

bench-web:
	@deploy/setup.sh test
	@cargo build --locked --release 1>&2
	@/usr/bin/python3 tests/bench/web.py $(ARGS)

bench-archive:
	@deploy/setup.sh run
	@cargo build --locked --release 1>&2
	@/usr/bin/python3 tests/bench/archive.py $(ARGS)

bench-evidence:
	@deploy/setup.sh run
	@cargo build --locked --release 1>&2
	@/usr/bin/python3 tests/bench/evidence.py $(ARGS)

bench-forward:
	@deploy/setup.sh test
	@cargo build --locked --release 1>&2
	@/usr/bin/python3 tests/bench/forward.py $(ARGS)

chaos:
	@deploy/setup.sh test
	@cargo build --locked --release 1>&2
	@/usr/bin/python3 tests/bench/chaos.py $(ARGS)

# cargo-fuzz is the tool, which needs no other toolchain without a sanitizer.
fuzz:
	@deploy/setup.sh test
	@cargo fuzz --version >/dev/null 2>&1 || cargo install cargo-fuzz --version 0.13.2 --locked 1>&2
	@/usr/bin/python3 tests/bench/fuzz.py $(ARGS)

soak:
	@deploy/setup.sh run
	@cargo build --locked --release 1>&2
	@/usr/bin/python3 tests/bench/soak.py $(ARGS)

eval:
	@deploy/setup.sh eval
	@cargo build --locked --release 1>&2
	@/usr/bin/python3 tests/eval/eval.py $(if $(BOXES),--boxes $(BOXES)) $(ARGS)
