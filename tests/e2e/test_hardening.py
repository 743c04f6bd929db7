# SPDX-License-Identifier: BSD-3-Clause
"""What protects the programs of a release build, read from the programs."""

import re
import subprocess

from harness import Skip

PROGRAMS = ("trouped", "troupectl")


def read(program, *what):
    return subprocess.run(
        ["readelf", "--wide", *what, str(program)], capture_output=True, text=True, check=True
    ).stdout


def released(t):
    """The programs; other presets are built without optimisation, or for a sanitizer."""
    cache = t.binary("trouped").parents[1] / "CMakeCache.txt"
    if cache.exists():
        text = cache.read_text()
        if "CMAKE_BUILD_TYPE:STRING=Rel" not in text or re.search(r"^TROUPE_SANITIZE:\w+=.", text, re.M):
            raise Skip("not a release build")
    return [t.binary(name) for name in PROGRAMS]


def test_stack_copies_and_containers_are_checked(t):
    for program in released(t):
        names = set(re.findall(r" UND (\w+)", read(program, "--dyn-syms")))
        assert "__stack_chk_fail" in names, f"{program.name}: no stack protector"
        assert any(re.fullmatch(r"__(?!stack)\w+_chk", x) for x in names), f"{program.name}: no _FORTIFY_SOURCE"
        assert any("glibcxx_assert_fail" in x for x in names), f"{program.name}: no _GLIBCXX_ASSERTIONS"


def test_jumps_and_the_shadow_stack_are_marked(t):
    for program in released(t):
        header = read(program, "--file-header")
        if "X86-64" not in header:
            raise Skip("of x86-64 only")
        notes = read(program, "--notes")
        assert "IBT" in notes and "SHSTK" in notes, f"{program.name}: {notes}"
        # The mark alone would be a promise; main() begins with the instruction.
        size = 4
        address = next(
            int(line.split()[1], 16) for line in read(program, "--syms").splitlines() if line.endswith(" main")
        )
        assert code_at(program, address, size) == b"\xf3\x0f\x1e\xfa", f"{program.name}: main has no endbr64"


def code_at(program, address, size):
    for line in read(program, "--sections").splitlines():
        found = re.search(r"\.text\s+PROGBITS\s+(\w+) (\w+)", line)
        if found:
            start, offset = (int(x, 16) for x in found.groups())
            with open(program, "rb") as file:
                file.seek(address - start + offset)
                return file.read(size)
    raise AssertionError(f"{program.name} has no .text")


def test_addresses_are_random_and_tables_are_sealed(t):
    for program in released(t):
        segments = read(program, "--program-headers")
        assert "GNU_RELRO" in segments, f"{program.name}: no relro"
        stack = re.search(r"GNU_STACK.* (R\S*) +0x", segments)
        assert stack and "E" not in stack[1], f"{program.name}: {stack and stack[1]} stack"
        flags = read(program, "--dynamic")
        assert re.search(r"FLAGS_1.*\bNOW\b.*\bPIE\b", flags), f"{program.name}: not bound at once, or no PIE"
