"""The text of NMODL files, as far as validation/nmodl.py must know it: names, INCLUDEs, and another name for a mechanism.

Texts are read and written as Latin-1, which keeps every byte of every encoding.
"""
import dataclasses
import functools
import re

import compare

# Whichever begins first wins; strings are kept.
SKIPPED = re.compile(r'"[^"\n]*"|\bCOMMENT\b.*?\bENDCOMMENT\b|\bVERBATIM\b.*?\bENDVERBATIM\b|^[ \t]*TITLE[^\n]*|[:?][^\n]*',
                     re.S | re.M)
INCLUDE = re.compile(r'^[ \t]*INCLUDE\s+"([^"]+)"', re.M)
NAMED = re.compile(r"\b(SUFFIX|POINT_PROCESS|ARTIFICIAL_CELL)(\s+)(\w+)")
# Mechanisms that NEURON always has, apart from its ions.
BUILT_IN = {"morphology", "capacitance", "extracellular", "pas", "hh", "fastpas", "IClamp", "SEClamp", "VClamp", "AlphaSynapse",
            "ExpSyn", "Exp2Syn", "APCount", "NetStim", "IntFire1", "IntFire2", "IntFire4", "PatternStim", "OClamp",
            "PointProcessMark", "HalfGap", "nrntest", "na_ion", "k_ion", "ca_ion"}


def read(path):
    """The text of a file with Unix line ends."""
    return path.read_bytes().decode("latin-1").replace("\r\n", "\n").replace("\r", "\n")


def with_includes(path):
    """The text with INCLUDEs in place, and the files they name {name: text}; they may stand in each other."""
    files = {}

    def spliced(text, open_files):
        def included(found):
            other = path.parent / found[1]
            if not other.is_file() or found[1] in open_files:
                return found[0]
            files[found[1]] = read(other)
            return spliced(files[found[1]], open_files | {found[1]})

        return INCLUDE.sub(included, text)

    return spliced(read(path), {path.name}), files


def without_comments(text):
    """The text at the same length with comments, VERBATIM and TITLE blanked."""
    return SKIPPED.sub(lambda found: found[0] if found[0][0] == '"' else re.sub(r"[^\n]", " ", found[0]), text)


def mechanism_name(text):
    """The word behind SUFFIX, POINT_PROCESS or ARTIFICIAL_CELL; none if there is none."""
    found = NAMED.search(without_comments(text))
    return found[3] if found else None


def renamed(text, name):
    """The text under another mechanism name."""
    code = without_comments(text)
    for found in reversed(list(NAMED.finditer(code))):
        text = text[:found.start(3)] + name + text[found.end(3):]
    return text


@functools.cache
def taken_names():
    """Names that one of the simulators has already."""
    shipped = (compare.ROOT / "crates/tianyan-nmodl/mechanisms").rglob("*.mod")
    return BUILT_IN | {mechanism_name(read(path)) for path in shipped}


def read_list(text, ion):
    """What stands behind READ in the USEION of an ion."""
    found = re.search(rf"\bUSEION\s+{ion}\b(.*?)(?=\b(?:WRITE|VALENCE|REPRESENTED_BY|USEION|RANGE|GLOBAL|NONSPECIFIC_CURRENT|"
                      rf"ELECTRODE_CURRENT|SUFFIX|POINTER|BBCOREPOINTER|THREADSAFE|EXTERNAL|RANDOM)\b|\}})",
                      without_comments(text), re.S)
    return re.findall(r"\w+", found[1].replace("READ", " ")) if found else []


@dataclasses.dataclass
class Setter:
    """A PROCEDURE that sets the random stream behind a POINTER."""

    procedure: str
    numbers: int  # how many identifiers it takes; 0 if it takes hoc's Random
    distribution: str  # what Tianyan draws from it: random_negexp ...


def stream_setter(text, stream, diagnostics):
    """The PROCEDURE by which hoc sets a POINTER to a random stream; none if there is none."""
    said = [d["message"] for d in diagnostics if d["code"] == "nmodl-verbatim-replaced" and f"`{stream}`" in d["message"]]
    distribution = next((found[1] for message in said if (found := re.search(r"\((random_\w+)\)", message))), "random_dpick")
    for found in re.finditer(r"\bPROCEDURE\s+(\w+)\s*\(\s*\)\s*\{\s*VERBATIM(.*?)ENDVERBATIM", text, re.S):
        code = found[2]
        if f"_p_{stream}" not in code:
            continue
        made = re.search(r"nrnran123_newstream(3?)\b", code)
        if made:
            return Setter(found[1], 3 if made[1] else 2, distribution)
        if "nrn_random_arg" in code:
            return Setter(found[1], 0, distribution)
    return None


def declares_random(text, stream):
    """True if the file itself says RANDOM."""
    return re.search(rf"\bRANDOM\b[\w\s,]*\b{stream}\b", without_comments(text)) is not None


def has_table(text):
    """True if values are looked up unless usetable_<name> says otherwise."""
    return re.search(r"\bTABLE\b", without_comments(text)) is not None
