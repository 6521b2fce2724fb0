# make demo      the worm: 302 neurons for a second, with a picture
# make test      everything that must hold, in minutes
# make validate  against live NEURON, and long runs
# make validate-nmodl [MODS=folder]  NMODL files against live NEURON
# make bench     speed, beside NEURON and BMTK
# make gpu-check whether a GPU computes the bits of the CPU, and how fast
#
# Each installs what it misses (as root or through sudo), or says the one line to run.

CARGO ?= cargo
PACKAGES = libhdf5-dev pkg-config gcc make libopenmpi-dev openmpi-bin libclang-dev
PYTHON_PACKAGES = python3 python3-venv
TEST_PACKAGES = clang g++ slurm-wlm munge
VENV = validation/.venv
DEMO = out/demo

# NVIDIA's compiler of GPU kernels, which needs no GPU.
NVRTC = $$(ls -d $(abspath $(VENV))/lib/python3*/site-packages/nvidia/cu13/lib 2>/dev/null | head -n 1)

# Data beside the checkout that some tests compare with; they say so when it is absent.
ifneq ($(wildcard ../shared/data),)
export TIANYAN_TEST_DATA ?= $(abspath ../shared/data)
endif

.PHONY: demo build test test-tools lint validate validate-nmodl bench gpu-check install python clean

demo: build
	target/debug/tianyan run models/celegans/celegans302.toml --output $(DEMO) --overwrite
	target/debug/tianyan plot $(DEMO)/soma_v.h5 --output $(DEMO)/worm.svg --cells ASHL,AVAL,AVDL,AIBL,RIML,RIAL,AVBL,VA3,DA3,SMDVL
	@echo "look at $(DEMO)/worm.svg; the data are in $(DEMO)/*.h5"

build: install
	$(CARGO) build --workspace --all-features --quiet

# Programs and tests in one build: apart they would compile most crates twice. Python readers take part where they
# can be had.
test: lint python-readers test-tools
	$(CARGO) build --workspace --all-features --bins --tests --quiet
	TIANYAN_PYTHON=$$(test -x $(VENV)/bin/python && echo $(abspath $(VENV)/bin/python)) TIANYAN_NVRTC=$(NVRTC) \
	$(CARGO) test --workspace --all-features --no-fail-fast --quiet -- --format=terse

lint: install
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --all-features --quiet -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --all-features --no-deps --quiet

validate: build python
	$(VENV)/bin/python validation/run.py
	@.ci/install mpich libmpich-dev || echo "no MPICH: only Open MPI is tried"
	$(VENV)/bin/python validation/ranks.py
	TIANYAN_NVRTC=$(NVRTC) TIANYAN_GPU_KERNELS=all $(CARGO) test --workspace --all-features --test gpu_kernels
	TIANYAN_FUZZ_SECONDS=600 $(CARGO) test --workspace --all-features --test fuzz -- --nocapture

validate-nmodl: build python
	$(VENV)/bin/python validation/nmodl_coverage.py $(if $(MODS),--mods $(MODS))
	$(VENV)/bin/python validation/nmodl.py $(if $(MODS),--mods $(MODS))
	$(VENV)/bin/python validation/nmodl.py --tables $(if $(MODS),--mods $(MODS))

bench: build python
	$(CARGO) bench -p tianyan-benches
	$(VENV)/bin/python benches/compare.py
	$(VENV)/bin/python benches/ranks.py
	$(VENV)/bin/python validation/scaling.py
	$(VENV)/bin/python benches/sonata.py

# One program; on a machine with a GPU it may be copied and run by itself.
gpu-check: build
	target/debug/gpu-check --data models --report benches/gpu.md

install:
	@.ci/install $(PACKAGES)

test-tools:
	@.ci/install $(TEST_PACKAGES) || echo "tools of tests are missing: what needs them is skipped"

python: install
	@.ci/install $(PYTHON_PACKAGES)
	@test -x $(VENV)/bin/python || python3 -m venv $(VENV)
	@$(VENV)/bin/python -m pip install --quiet --requirement validation/requirements.txt

# Tests work without Python; with it they also ask other people's readers.
python-readers:
	@$(MAKE) --no-print-directory python || echo "no Python readers: the tests that ask them will be skipped"

clean:
	$(CARGO) clean
	rm -rf out $(VENV)
