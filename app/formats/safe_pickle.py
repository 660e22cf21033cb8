"""Object arrays in .npy files (Suite2p's stat.npy and ops.npy) without running anything.

Nothing that a pickle names is ever imported. The few names that such files need are answered by
inert stand-ins, and even numpy's own reconstruction is not used: `dtype.__setstate__` accepts
flags that make it take raw bytes for object pointers. The stand-ins keep what was said about an
array, and `_plain` builds it from a type and bytes that were checked.
"""

import io
import pickle
import pickletools
from pathlib import Path
from typing import Any, Final, Never

import numpy as np

from app.formats.limits import ReadLimits
from app.formats.npy import MAX_ITEM_BYTES, NUMBER_KINDS, read_header
from app.formats.problems import BadContent, check_size

MAX_DEPTH = 40
FORBIDDEN_OPCODES = frozenset(
    {
        *("EXT1", "EXT2", "EXT4", "PERSID", "BINPERSID", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX"),
        *("NEXT_BUFFER", "READONLY_BUFFER", "DUP"),
    }
)


class _StandIn:
    """Something a pickle may hold; BUILD can change nothing on it."""

    __slots__ = ()

    def __setstate__(self, state: object) -> None:
        raise pickle.UnpicklingError("a state where none belongs")


class _Name(_StandIn):
    """The global `numpy.ndarray`: only ever an argument."""

    __slots__ = ()


class _Dtype(_StandIn):
    __slots__ = ("byte_order", "code")

    def __init__(self, code: object) -> None:
        if not isinstance(code, str) or code[:1] not in tuple(NUMBER_KINDS + "OUS"):
            raise pickle.UnpicklingError(f"arrays of type {str(code)[:20]!r}")
        self.code = code
        self.byte_order = "="

    def __setstate__(self, state: object) -> None:
        # (version, byte order, subdtype, names, fields, ...): no structures, no sub-arrays.
        if not isinstance(state, tuple) or len(state) < 5 or any(state[2:5]):
            raise pickle.UnpicklingError("a structured array")
        if state[1] not in ("<", ">", "=", "|"):
            raise pickle.UnpicklingError("an unknown byte order")
        self.byte_order = state[1]

    def resolve(self) -> "np.dtype[Any]":
        code = self.code if self.byte_order in "=|" else self.byte_order + self.code
        dtype = np.dtype(code)
        if dtype.kind in NUMBER_KINDS and dtype.itemsize > MAX_ITEM_BYTES:
            raise BadContent(f"has an array of type {dtype}.")
        return dtype


class _Array(_StandIn):
    __slots__ = ("data", "dtype", "fortran_order", "shape")

    def __init__(self) -> None:
        self.shape: object = None
        self.dtype: object = None
        self.fortran_order: object = False
        self.data: object = None

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, tuple) or len(state) != 5:
            raise pickle.UnpicklingError("an array state of unknown layout")
        _, self.shape, self.dtype, self.fortran_order, self.data = state


class _Builder(_StandIn):
    """What a permitted name is answered with; called by REDUCE."""

    __slots__ = ("kind",)

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __call__(self, *arguments: object) -> object:
        match self.kind, arguments:
            case "dtype", (code, *_):
                return _Dtype(code)
            case "reconstruct", (_Name(), *_):
                return _Array()
            case "scalar", (_Dtype() as dtype, bytes() as data):
                return _filled(dtype, (), False, data)
            case "frombuffer", (data, _Dtype() as dtype, shape, order):
                return _filled(dtype, shape, order == "F", data)
            case "encode", (str() as text, *_):
                return text.encode("latin1")  # how protocol 2 writes bytes
            case "bytes", ():
                return b""  # how protocol 2 writes an empty array's data
            case "inert", _:
                return None  # dates and paths of the analysis: not used, so not built
        raise pickle.UnpicklingError(f"a call of {self.kind} with unusual arguments")


def _filled(dtype: _Dtype, shape: object, fortran_order: object, data: object) -> _Array:
    array = _Array()
    array.shape, array.dtype, array.fortran_order, array.data = shape, dtype, fortran_order, data
    return array


def _permitted() -> dict[tuple[str, str], _StandIn]:
    names: dict[tuple[str, str], _StandIn] = {
        ("numpy", "ndarray"): _Name(),
        ("numpy", "dtype"): _Builder("dtype"),
        ("_codecs", "encode"): _Builder("encode"),
        ("__builtin__", "bytes"): _Builder("bytes"),
        ("builtins", "bytes"): _Builder("bytes"),
    }
    for core in ("numpy.core", "numpy._core"):
        names[f"{core}.multiarray", "_reconstruct"] = _Builder("reconstruct")
        names[f"{core}.multiarray", "scalar"] = _Builder("scalar")
        names[f"{core}.numeric", "_frombuffer"] = _Builder("frombuffer")
    for inert in ("datetime", "date", "time", "timedelta"):
        names["datetime", inert] = _Builder("inert")
    for inert in ("PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath", "Path"):
        names["pathlib", inert] = _Builder("inert")
        names["pathlib._local", inert] = _Builder("inert")
    return names


PERMITTED: Final = _permitted()


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        stand_in = PERMITTED.get((module, name))
        if stand_in is None:
            raise pickle.UnpicklingError(f"the name {module}.{name}"[:100])
        return stand_in

    def persistent_load(self, pid: Any) -> Never:
        raise pickle.UnpicklingError("a reference to something outside the file")


def load_object_array(path: Path, limits: ReadLimits) -> Any:
    """The content of an .npy file of Python objects, as plain lists, dicts, numbers and arrays.

    A 0-dimensional array gives its one object, a 1-dimensional one a list.
    Raises BadContent for anything but numpy's arrays and scalars and plain containers, before
    or without any code of the file being run; FileTooLarge past the limits.
    """
    check_size(path.stat().st_size, limits.max_unpacked_bytes, path.name)
    with path.open("rb") as stream:
        shape, _, dtype = read_header(stream, path.name)
        if not dtype.hasobject:
            raise BadContent(f"{path.name} holds {dtype} numbers where a table was expected.")
        payload = stream.read()
    loaded = loads(payload, path.name)
    items = loaded if isinstance(loaded, list) else [loaded]
    if len(shape) > 1 or (not shape and len(items) != 1) or (shape and shape[0] != len(items)):
        raise BadContent(f"{path.name} declares shape {shape} but holds {len(items)} objects.")
    return items if shape else items[0]


def loads(payload: bytes, what: str) -> Any:
    """Unpickle bytes into plain values. Raises BadContent as `load_object_array` does."""
    try:
        _check_opcodes(payload)
        graph = _Unpickler(io.BytesIO(payload), encoding="latin1").load()
        return _Plainer().plain(graph, 0)
    except BadContent as cause:
        raise BadContent(f"{what} {cause}") from cause
    except pickle.UnpicklingError as cause:
        raise BadContent(
            f"{what} contains {cause}. Only numpy arrays, numbers, text, lists and dicts are "
            "read from a pickle; nothing in it was run."
        ) from cause
    except (EOFError, ValueError, LookupError, TypeError, AttributeError, OverflowError) as cause:
        raise BadContent(f"{what} is damaged or cut short ({cause}). Copy it again.") from cause
    except (MemoryError, RecursionError) as cause:
        raise BadContent(f"{what} is nested or sized beyond any real file.") from cause


def _check_opcodes(payload: bytes) -> None:
    """Refuse opcodes that no such file needs, and memo numbers that would allocate gigabytes."""
    for seen, (opcode, argument, _) in enumerate(pickletools.genops(payload)):
        if opcode.name in FORBIDDEN_OPCODES:
            raise pickle.UnpicklingError(f"the instruction {opcode.name}")
        if opcode.name in ("PUT", "BINPUT", "LONG_BINPUT") and not 0 <= int(str(argument)) <= seen:
            raise pickle.UnpicklingError("a memo number out of sequence")


class _Plainer:
    """Replaces stand-ins by arrays. Shared parts stay shared, so nothing grows."""

    def __init__(self) -> None:
        self.done: dict[int, Any] = {}
        self.alive: list[object] = []

    def plain(self, value: Any, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise BadContent("is nested deeper than any real file.")
        if isinstance(value, (str, bytes, bool, int, float, complex, type(None))):
            return value
        if id(value) in self.done:
            return self.done[id(value)]
        self.alive.append(value)
        result = self._convert(value, depth)
        self.done[id(value)] = result
        return result

    def _convert(self, value: Any, depth: int) -> Any:
        if isinstance(value, _Array):
            return self._array(value, depth)
        if isinstance(value, (list, tuple, set, frozenset)):
            items = [self.plain(item, depth + 1) for item in value]
            return tuple(items) if isinstance(value, tuple) else items
        if isinstance(value, dict):
            return {
                key: self.plain(item, depth + 1)
                for key, item in value.items()
                if isinstance(key, (str, int))
            }
        if isinstance(value, bytearray):
            return bytes(value)
        if isinstance(value, _Dtype):
            return value.code
        raise BadContent(f"contains a {type(value).__name__} where data belongs.")

    def _array(self, array: _Array, depth: int) -> Any:
        shape, dtype, data = array.shape, array.dtype, array.data
        if not isinstance(shape, tuple) or not all(
            isinstance(side, int) and side >= 0 for side in shape
        ):
            raise BadContent("has an array without a proper shape.")
        if not isinstance(dtype, _Dtype):
            raise BadContent("has an array without a type.")
        if dtype.code.startswith("O"):
            if not isinstance(data, list) or len(shape) > 1:
                raise BadContent("has an object array that holds no list.")
            return self.plain(data, depth + 1)
        if isinstance(data, str):
            data = data.encode("latin1")
        if not isinstance(data, (bytes, bytearray)):
            raise BadContent("has an array without data.")
        return _from_bytes(dtype.resolve(), shape, bool(array.fortran_order), bytes(data))


def _from_bytes(
    dtype: "np.dtype[Any]", shape: tuple[int, ...], fortran_order: bool, data: bytes
) -> Any:
    count = 1
    for side in shape:
        count *= side
    if count * dtype.itemsize != len(data):
        raise BadContent(f"has an array of shape {shape} with {len(data)} bytes.")
    if not dtype.itemsize:
        return np.zeros(shape if count else 0, dtype="<U1")
    flat = np.frombuffer(data, dtype=dtype)
    if not shape:
        return flat[0]
    return flat.reshape(shape, order="F" if fortran_order else "C")
