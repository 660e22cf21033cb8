"""Suite2p's pickles are read without running anything of them."""

import datetime as dt
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest

from app.formats.limits import ReadLimits
from app.formats.problems import BadContent
from app.formats.safe_pickle import load_object_array, loads
from tests.formats.builders import Boom, booming, save_objects, save_pickle
from tests.formats.shared_data import shared

LIMITS = ReadLimits()


@pytest.mark.parametrize("folder", ["inscopix", "neurofinder"])
@pytest.mark.parametrize("name", ["stat.npy", "ops.npy"])
def test_real_files_give_what_numpy_gives(folder, name):
    path = shared(f"suite2p/{folder}/plane0") / name
    ours = load_object_array(path, LIMITS)
    theirs = np.load(path, allow_pickle=True)
    theirs = [theirs.item()] if theirs.ndim == 0 else list(theirs)
    ours = ours if isinstance(ours, list) else [ours]
    for mine, their in zip(ours, theirs, strict=True):
        assert mine.keys() == their.keys()
        for key, value in their.items():
            if isinstance(value, np.ndarray):
                assert mine[key].dtype == value.dtype
                np.testing.assert_array_equal(mine[key], value)
            elif isinstance(value, (int, float, str, np.number)):
                assert mine[key] == value


@pytest.mark.parametrize("protocol", range(2, 6))
def test_every_protocol_and_type_of_number_is_read(protocol):
    value = {
        "big": np.arange(6, dtype=">f4").reshape(2, 3),
        "fortran": np.asfortranarray(np.arange(6).reshape(2, 3)),
        "flag": np.bool_(True),
        "number": np.float64(2.5),
        "text": np.str_("abc"),
        "texts": np.array(["a", "bcd"]),
        "nested": [(1, 2.5, None), {"x": np.array([{"y": 1}], dtype=object)}],
        "empty": np.zeros((0, 3)),
    }
    read = loads(pickle.dumps(value, protocol), "stat.npy")
    np.testing.assert_array_equal(read["big"], value["big"])
    np.testing.assert_array_equal(read["fortran"], value["fortran"])
    assert read["flag"]
    assert read["number"] == 2.5
    assert read["text"] == "abc"
    assert list(read["texts"]) == ["a", "bcd"]
    assert read["nested"] == [(1, 2.5, None), {"x": [{"y": 1}]}]
    assert read["empty"].shape == (0, 3)


@pytest.mark.parametrize("module", ["numpy.core", "numpy._core"])
def test_the_module_names_of_numpy_1_and_2_are_both_read(module):
    payload = pickle.dumps(np.arange(3), 2).replace(b"numpy._core", module.encode())
    assert list(loads(payload, "stat.npy")) == [0, 1, 2]


def test_dates_and_paths_are_read_as_nothing():
    value = {"when": dt.datetime(2024, 1, 1), "where": Path("/x"), "n": 1}  # noqa: DTZ001
    assert loads(pickle.dumps(value), "ops.npy")["n"] == 1


def test_a_pickle_that_would_run_code_is_refused_and_does_not_run(tmp_path):
    target = tmp_path / "owned"
    save_pickle(tmp_path / "stat.npy", booming(target))
    with pytest.raises(BadContent, match=r"builtins\.exec"):
        load_object_array(tmp_path / "stat.npy", LIMITS)
    assert not target.exists()


def test_code_deep_inside_a_real_table_does_not_run(tmp_path):
    target = tmp_path / "owned"
    rois = [{"ypix": np.arange(3), "xpix": [1, {"deep": (Boom(target),)}]}]
    save_objects(tmp_path / "stat.npy", rois, (1,))
    with pytest.raises(BadContent, match="nothing in it was run"):
        load_object_array(tmp_path / "stat.npy", LIMITS)
    assert not target.exists()


HOSTILE = {
    "os.system": b"cos\nsystem\n(S'true'\ntR.",
    "numpy's own runner": b"cnumpy.testing._private.utils\nrunstring\n(S'1'\n}tR.",
    "a dotted name": b"\x80\x04\x8c\x05numpy\x8c\x0fndarray.tofile\x93.",
    "builtins getattr": b"cbuiltins\ngetattr\n(cnumpy\nndarray\nS'tofile'\ntR.",
    "numpy.load": b"cnumpy\nload\n(S'/etc/passwd'\ntR.",
    "memmap": b"cnumpy\nmemmap\n(S'/etc/passwd'\ntR.",
    "INST": b"(S'true'\nios\nsystem\n.",
    "OBJ": b"(cnumpy\ndtype\nS'O8'\no.",
    "an extension": b"\x80\x02\x82\x01.",
    "a persistent id": b"Pabc\n.",
    "state for a permitted name": b"cnumpy\ndtype\n}S'kind'\nS'x'\nsb.",
    "a memo of gigabytes": b"I1\nr\xff\xff\xff\x7f.",
    "bytes that are not there": b"\x80\x04\x8e" + struct.pack("<Q", 1 << 62) + b"x.",
    "a list never ended": b"(((((",
    "nothing": b"",
    "calling an array class": b"cnumpy\nndarray\n((I1000000000\ntR.",
    "a structured type": pickle.dumps(np.zeros(2, dtype=[("a", "i4")])),
    "a complex type": pickle.dumps(np.zeros(2, dtype=complex)),
    "float128": pickle.dumps(np.zeros(2, dtype=np.longdouble)),
    "a masked array": pickle.dumps(np.ma.array([1])),
    "a datetime64": pickle.dumps(np.array(["2024-01-01"], dtype="M8[D]")),
}


@pytest.mark.parametrize("payload", HOSTILE.values(), ids=HOSTILE.keys())
def test_anything_but_arrays_and_plain_containers_is_refused(payload):
    with pytest.raises(BadContent, match=r"stat\.npy"):
        loads(payload, "stat.npy")


def test_a_type_with_doctored_flags_cannot_turn_bytes_into_objects():
    """Numpy's dtype.__setstate__ would believe that an object type needs no list."""
    pointers = "A" * 16
    flags = "I3\nS'|'\nNNNI-1\nI-1\nI0\n"
    doctored = (
        "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR(I1\n(I2\nt"
        f"cnumpy\ndtype\n(S'O8'\nI0\nI1\ntR({flags}tbI0\nS'{pointers}'\ntb."
    )
    with pytest.raises(BadContent, match="no list"):
        loads(doctored.encode(), "stat.npy")


def test_a_memo_number_of_gigabytes_is_refused_before_it_is_allocated():
    with pytest.raises(BadContent, match="memo number out of sequence"):
        loads(HOSTILE["a memo of gigabytes"], "stat.npy")


def test_a_deep_pickle_is_refused():
    deep: list = []
    for _ in range(300):
        deep = [deep]
    with pytest.raises(BadContent, match="nested"):
        loads(pickle.dumps(deep), "stat.npy")


def test_shared_parts_stay_shared_so_a_billion_laughs_costs_nothing():
    laughs: list = ["ha"]
    for _ in range(35):
        laughs = [laughs, laughs]
    read = loads(pickle.dumps(laughs), "stat.npy")
    assert read[0] is read[1]


def test_every_cut_of_a_real_pickle_is_refused_cleanly():
    payload = pickle.dumps([{"ypix": np.arange(5), "lam": np.float32(1.5)}], 3)
    for end in range(len(payload)):
        with pytest.raises(BadContent):
            loads(payload[:end], "stat.npy")


def test_an_array_that_claims_more_than_its_bytes_is_refused():
    payload = pickle.dumps(np.arange(3, dtype=np.int8), 2).replace(b"K\x03\x85", b"K\x7f\x85")
    with pytest.raises(BadContent, match="shape"):
        loads(payload, "stat.npy")


def test_a_table_of_numbers_is_not_taken_for_objects(tmp_path):
    np.save(tmp_path / "stat.npy", np.zeros(3))
    with pytest.raises(BadContent, match="float64 numbers"):
        load_object_array(tmp_path / "stat.npy", LIMITS)
