"""What an installed Node is like: what it holds at rest, and which options it needs.

All of them run ES modules, top-level await and WebAssembly in the box, from 18 on. Newer ones need
one option for that; older ones need a loader, and addresses that are never used.
"""

from __future__ import annotations

import base64
import functools
import json
import subprocess

from ..frozen import frozen

#: Seconds that a program may take to describe itself, on a busy machine.
PROBE_S = 10.0
#: The option without which a WebAssembly memory reserves 10 GiB of addresses.
NO_TRAPS_OPTION = "--disable-wasm-trap-handler"
#: Bytes of addresses for a Node that does not know it: eight WebAssembly memories.
GUARDED_ADDRESS_SPACE = 82 * 2**30
#: The first releases that detect whether a .js file is an ES module.
DETECTING_VERSIONS = {20: (20, 19), 22: (22, 7)}

#: Prints the memory that Node reserves before any code runs, in KiB, and what else we ask.
PROBE_CODE = f"""
const data = /VmData:\\s+(\\d+)/.exec(fs.readFileSync("/proc/self/status", "utf8"))[1];
const [major, minor] = process.versions.node.split(".");
const lean = process.allowedNodeEnvironmentFlags.has("{NO_TRAPS_OPTION}");
console.log(JSON.stringify({{ data: +data, major: +major, minor: +minor, lean }}));
"""

#: Says for each .js file whether it is an ES module, as newer Nodes do: it is one if it fails to
#: compile as CommonJS for a reason that would not make a module fail.
LOADER_CODE = r"""
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { compileFunction } from "node:vm";

const NAMES = ["exports", "require", "module", "__filename", "__dirname"];
const MODULE = /import statement outside|Unexpected token 'export'|'import\.meta' outside/;
const compiles = (code) => {
  try {
    return Boolean(compileFunction(code, NAMES));
  } catch (error) {
    return MODULE.test(error.message) ? null : false;
  }
};
const isModule = (code) => {
  const plain = compiles(code);
  return plain === null || (!plain && compiles(`async () => {${code}\n}`));
};
export async function load(url, context, next) {
  if (context.format === "commonjs" && url.startsWith("file:")) {
    const source = readFileSync(fileURLToPath(url), "utf8").replace(/^#!.*/, "");
    if (isModule(source)) return { format: "module", source, shortCircuit: true };
  }
  return next(url, context);
}
"""


@frozen
class Node:
    """What a Node says about itself: data at rest (bytes), version, and if it needs no traps."""

    data: int
    version: tuple[int, int]
    lean: bool

    @property
    def detects(self) -> bool:
        """Whether it detects that a .js file is an ES module."""
        return self.version >= DETECTING_VERSIONS.get(self.version[0], (22, 7))

    @property
    def options(self) -> tuple[str, ...]:
        """Return the options that it needs."""
        loader = base64.b64encode(LOADER_CODE.encode()).decode()
        words = ("--no-warnings", "--experimental-loader", f"data:text/javascript;base64,{loader}")
        return (*((NO_TRAPS_OPTION,) if self.lean else ()), *(() if self.detects else words))


#: A Node that does not start.
SILENT_NODE = Node(data=0, version=(0, 0), lean=False)


@functools.cache
def probed(node: str) -> Node:
    """Ask a Node what it is like; `SILENT_NODE` where it does not start."""
    try:
        said = subprocess.run(  # noqa: S603 (a path that we found, no shell)
            [node, "-e", PROBE_CODE], capture_output=True, text=True, timeout=PROBE_S, cwd="/"
        )
        told = json.loads(said.stdout)
        return Node(told["data"] * 1024, (told["major"], told["minor"]), told["lean"])
    except (OSError, subprocess.TimeoutExpired, ValueError, LookupError):
        return SILENT_NODE


def data_at_rest(node: str) -> int:
    """Return the bytes that a Node counts as data before any code runs (RLIMIT_DATA).

    Node 20 and 22 take 48 MiB. In 24, V8 makes the space for its machine code writable, which
    counts although hardly any of it is ever touched: 560 MiB, and 512 for each thread. 0 where it
    does not start.
    """
    return probed(node).data
