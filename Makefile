# The few commands that people type; `make` alone lists them.

export PATH := $(CURDIR)/target/tools/bin:$(PATH):/usr/sbin:/sbin

# How long each fuzz target runs; `make test` gives them less.
FUZZ_SECONDS ?= 60
FUZZ_TARGETS := lexer loader expr head

.DEFAULT_GOAL := help
.PHONY: help run test test-rust test-haproxy test-container test-kubernetes test-instructions lint bench bench-rules bench-readme bench-micro \
	fuzz image release

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 24

run: ## build, start the gateway on conf/haproxy.cfg, send it a webhook, stay until Ctrl-C
	@.ci/install build
	cargo run -- demo

test: ## install what is missing from Debian, then run everything
	@.ci/install build test
	$(MAKE) test-rust
	$(MAKE) test-haproxy
	$(MAKE) test-kubernetes
	$(MAKE) test-container
	$(MAKE) fuzz FUZZ_SECONDS=5
	$(MAKE) test-instructions

test-rust: ## unit and black-box tests; benches compile
	cargo build --workspace --all-targets
	cargo test --workspace

test-haproxy: ## the black-box tests against Debian's HAProxy, of which they must be true
	cargo oracle

test-container: ## build both images and run them as a cluster would confine them
	cargo build --workspace --all-targets
	docker/test target/debug/gateway

test-kubernetes: ## the manifests: kustomize, schemas, nothing but the image changed
	conf/kubernetes/check

test-instructions: ## a request costs no more instructions than benches/instructions.tsv allows (WRITE=write: new figures)
	cargo build --release --workspace --bins
	target/release/bench instructions target/release/gateway $(WRITE)

lint: ## formatting and clippy, warnings are errors
	cargo fmt --all --check
	cargo fmt --manifest-path tests/fuzz/Cargo.toml --check
	cargo lint

bench: ## CPU time, response times and memory of gateway and its peers (WORK= ROUNDS= SECONDS= SUBJECTS=)
	@.ci/install build test bench
	cargo build --release --workspace --bins
	ulimit -n 20000 && taskset -c 1 target/release/bench compare

bench-rules: ## what rules and maps cost, beside HAProxy (WORK= ROUNDS= SECONDS= INSTRUCTIONS=)
	@.ci/install build test bench
	cargo build --release --workspace --bins
	taskset -c 1 target/release/bench rules

bench-readme: ## put the last comparison's tables and chart into the README
	target/release/bench readme

bench-micro: ## the plans on the hot path, by themselves
	cargo bench -p bench

fuzz: ## run every fuzz target (FUZZ_SECONDS=60 each)
	@for target in $(FUZZ_TARGETS); do tests/fuzz/run $$target $(FUZZ_SECONDS) || exit 1; done

image: release ## both container images, with docker, podman or buildah
	docker/build target/release/gateway

release: ## the optimised binary, target/release/gateway: trained by the bench, then built with what was learned
	@.ci/install build release
	ulimit -n 20000 && benches/release
