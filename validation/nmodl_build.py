"""Compiles one NMODL file for NEURON with NEURON's own translator and makefile, and keeps the result by content.

nrnivmodl puts all files of a folder in one library: a file that fails would take the others with it, and one that
changed would cost all. Here each file has a library of its own, which is loaded beside those of its helpers.
"""
import functools
import hashlib
import importlib.metadata
import importlib.util
import os
import pathlib
import re
import resource
import shutil
import subprocess

import compare

WORK = compare.WORK / "nmodl"
TIMEOUT_S = 120
MEMORY_BYTES = 2 << 30
# Lower than NEURON's -O2 to save time; the arithmetic is the same.
OPTIMISATION = "-O1 -std=c++17"
INCLUDED = """{name}.cpp: {name}.mod
\t(MODLUNIT=$(NRNUNITS) $(NOCMODL) {name}.mod)
./{name}.o: {name}.cpp
\t$(CXXCOMPILE) $(INCLUDES) -fPIC -c {name}.cpp -o ./{name}.o
"""
REGISTER = 'extern "C" void _{name}_reg(void);\nextern "C" void modl_reg() {{ _{name}_reg(); }}\n'


@functools.cache
def root():
    """The folder of the installed NEURON."""
    spec = importlib.util.find_spec("neuron")
    if spec is None:
        raise compare.Failed("NEURON is not installed in this Python; `make python` does")
    return pathlib.Path(spec.submodule_search_locations[0]) / ".data"


def environment():
    """What NEURON's programs expect."""
    return {"CXX": "g++", "CC": "gcc", **os.environ, "MODLUNIT": str(root() / "share/nrn/lib/nrnunits.lib")}


def limit_memory():
    """nocmodl takes all memory there is for some files, before it fails."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def refusal(path):
    """NEURON's complaint about a file as it stands; none if nocmodl takes it."""
    out = WORK / "nocmodl" / hashlib.sha256(str(path).encode()).hexdigest()[:16]
    out.mkdir(parents=True, exist_ok=True)
    try:
        done = subprocess.run([root() / "bin/nocmodl", path.name, "-o", out], cwd=path.parent, env=environment(),
                              capture_output=True, timeout=TIMEOUT_S, preexec_fn=limit_memory)
    except subprocess.TimeoutExpired:
        return f"nocmodl takes more than {TIMEOUT_S} s"
    finally:
        shutil.rmtree(out, ignore_errors=True)
    words = done.stderr.decode("latin-1").strip().splitlines()
    return (words or [f"nocmodl ends with {done.returncode}"])[-1].strip() if done.returncode else None


def library(name, text, includes):
    """The library of a mechanism, whose INCLUDEs name `includes` {name: text}, or the words of what went wrong."""
    version = importlib.metadata.version("neuron")
    content = "\0".join([version, OPTIMISATION, name, text, *(f"{key}\0{includes[key]}" for key in sorted(includes))])
    digest = hashlib.sha256(content.encode("latin-1")).hexdigest()[:24]
    folder = WORK / "libraries" / digest[:2] / digest
    made, failed = folder / "mechanism.so", folder / "failed.txt"
    if not made.exists() and not failed.exists():
        build(folder, name, {f"{name}.mod": text, **includes}, made, failed)
    return (made, None) if made.exists() else (None, failed.read_text(encoding="latin-1"))


def build(folder, name, sources, made, failed):
    """Leaves one of the two files `made` and `failed`."""
    scratch = folder.with_suffix(f".{os.getpid()}")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    for file, text in sources.items():
        (scratch / file).parent.mkdir(parents=True, exist_ok=True)
        (scratch / file).write_text(text, encoding="latin-1")
    (scratch / "makemod2c_inc").write_text(INCLUDED.format(name=name), encoding="utf-8")
    (scratch / "mod_func.cpp").write_text(REGISTER.format(name=name), encoding="utf-8")
    command = ["make", "-f", root() / "bin/nrnmech_makefile", f"ROOT={root()}", f"MODOBJFILES=./{name}.o",
               f"CXXFLAGS={OPTIMISATION}", "UserLDFLAGS=-s", "./libnrnmech.so"]
    try:
        done = subprocess.run(command, cwd=scratch, env=environment(), capture_output=True, timeout=TIMEOUT_S)
        log = (done.stdout + done.stderr).decode("latin-1")
    except subprocess.TimeoutExpired:
        log = f"error: the C++ compiler takes more than {TIMEOUT_S} s"
    folder.mkdir(parents=True, exist_ok=True)
    library_file = scratch / "libnrnmech.so"
    if library_file.exists():
        library_file.replace(made)
    else:
        failed.write_text(first_error(log), encoding="latin-1", errors="replace")
    shutil.rmtree(scratch)


def first_error(log):
    """The line of a compiler's log that says most."""
    for words in (r"\berror:", r"multiple definition|undefined reference", r"error|undefined"):
        for line in log.splitlines():
            if re.search(words, line, re.I):
                return re.sub(r"^\S*\.(cpp|mod):", "", line.strip())[:200]
    return log.strip()[-200:]
