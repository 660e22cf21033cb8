"""Plain numpy arrays: .npz, .npy and folders."""

import io
import struct
import zipfile

import numpy as np
import pytest

from app.domain.errors import FileTooLarge, InvalidInput, UnreadableFile
from app.formats.limits import MB, ReadLimits
from app.formats.reading import read_recording
from tests.formats.builders import booming, disc, discs, npz, save_pickle, some_traces
from tests.formats.shared_data import shared


def crops(n: int = 3) -> np.ndarray:
    return np.stack([disc(25, 25, 4 + index, (50, 50)) for index in range(n)])


def test_caimans_own_result_is_read_whole():
    recording = read_recording(shared("arrays/caiman_sue2x.npz"))
    stored = np.load(shared("arrays/caiman_sue2x.npz"))
    np.testing.assert_array_equal(recording.masks, stored["masks"])
    np.testing.assert_array_equal(recording.traces, stored["traces"])
    np.testing.assert_array_equal(recording.centroids_px, stored["centroid"])
    assert recording.frame_rate_hz == 30.0
    assert recording.field_shape_px == (170, 170)
    assert set(recording.summary_images) == {"footprints"}


def test_the_simulated_components_are_read_with_their_annotators():
    recording = read_recording(shared("simulated/public_small.npz"))
    assert len(recording) == 600
    assert recording.traces is not None
    assert recording.traces.shape == (600, 1500)
    assert [labels.annotator for labels in recording.imported_labels] == [
        "initial_label",
        "annotator 1",
        "annotator 2",
        "annotator 3",
    ]


def test_masks_of_50x50_are_taken_as_they_are(tmp_path):
    masks = np.roll(crops(), 5, axis=2)
    recording = read_recording(npz(tmp_path / "a.npz", masks=masks, field_shape=[200, 300]))
    np.testing.assert_array_equal(recording.masks, masks)
    assert recording.field_shape_px == (200, 300)


def test_a_field_of_50x50_is_cropped_like_any_other(tmp_path):
    footprints = np.stack([disc(10, 40, 4, (50, 50))])
    recording = read_recording(npz(tmp_path / "a.npz", masks=footprints, field_shape=[50, 50]))
    np.testing.assert_allclose(recording.centroids_px, [[10, 40]], atol=0.01)
    assert recording.masks[0, 25, 25] == recording.masks.max()


def test_footprints_are_cropped_and_give_the_field(tmp_path):
    recording = read_recording(npz(tmp_path / "a.npz", masks=discs(), traces=some_traces()))
    assert recording.field_shape_px == (60, 80)
    np.testing.assert_allclose(recording.centroids_px[:2], [[20, 30], [40, 50]], atol=1e-5)
    assert recording.summary_images["footprints"].shape == (60, 80)


def test_a_folder_of_arrays_is_read_like_an_npz(tmp_path):
    folder = tmp_path / "cells"
    folder.mkdir()
    np.save(folder / "masks.npy", discs())
    np.save(folder / "traces.npy", some_traces())
    np.save(folder / "labels.npy", np.array([1, 0, 4]))
    recording = read_recording(folder)
    archive = npz(tmp_path / "a.npz", masks=discs(), traces=some_traces())
    assert recording.content_hash() == read_recording(archive).content_hash()
    assert recording.imported_labels[0].labels.tolist() == [1, 0, 4]


def test_one_npy_of_masks_is_enough(tmp_path):
    np.save(tmp_path / "my_masks.npy", discs())
    assert len(read_recording(tmp_path / "my_masks.npy")) == 3


def test_components_last_and_frames_first_are_turned(tmp_path):
    upright = npz(tmp_path / "a.npz", masks=discs(), traces=some_traces())
    turned = npz(tmp_path / "b.npz", masks=np.moveaxis(discs(), 0, 2), traces=some_traces().T)
    assert read_recording(turned).content_hash() == read_recording(upright).content_hash()
    assert "turned" in " ".join(read_recording(turned).notes)


def test_flat_masks_need_the_field(tmp_path):
    flat = discs().reshape(3, -1)
    down = np.stack([mask.ravel(order="F") for mask in discs()], axis=1)
    upright = read_recording(npz(tmp_path / "a.npz", masks=discs()))
    for masks in (flat, down):
        recording = read_recording(npz(tmp_path / "b.npz", masks=masks, field_shape=[60, 80]))
        np.testing.assert_array_equal(recording.masks, upright.masks)
    with pytest.raises(UnreadableFile, match="field_shape"):
        read_recording(npz(tmp_path / "c.npz", masks=flat))


def test_a_background_beside_the_cells_is_no_component_and_traces_skip_it(tmp_path):
    background = np.full((60, 80), 0.5)
    masks = np.concatenate([background[None], discs()])
    recording = read_recording(npz(tmp_path / "a.npz", masks=masks, traces=some_traces()))
    assert recording.source_indices.tolist() == [1, 2, 3]
    assert recording.rejected[0].source_index == 0
    assert "background" in recording.rejected[0].reason
    np.testing.assert_array_equal(recording.traces, some_traces())


def test_an_uneven_background_of_a_large_field_is_no_component(tmp_path):
    """Most of it dim, a few vessels bright: less than a tenth of the field is bright."""
    rows, columns = np.mgrid[:200, :200]
    background = np.where((rows % 40 < 2) & (columns % 3 == 0), 1.0, 0.05)
    masks = np.stack([background, disc(90, 40, 5, (200, 200))])
    recording = read_recording(npz(tmp_path / "a.npz", masks=masks))
    assert recording.source_indices.tolist() == [1]


def test_a_cell_over_a_faint_floor_is_kept(tmp_path):
    masks = np.stack([disc(90, 40, 5, (200, 200)) + 0.02])
    assert len(read_recording(npz(tmp_path / "a.npz", masks=masks))) == 1


def test_a_finer_summary_image_is_resampled_to_the_masks_grid(tmp_path):
    image = np.kron(discs().sum(0), np.ones((2, 2)))
    recording = read_recording(npz(tmp_path / "a.npz", masks=discs(), summary_image=image))
    resampled = recording.summary_images["mean"]
    assert resampled.shape == (60, 80)
    assert int(resampled.argmax()) in {20 * 80 + 30, 40 * 80 + 50, 5 * 80 + 70}
    assert "resampled" in " ".join(recording.notes)


def test_a_transposed_summary_image_is_turned(tmp_path):
    image = discs().sum(0)
    recording = read_recording(npz(tmp_path / "a.npz", masks=discs(), summary_image=image.T))
    np.testing.assert_array_equal(recording.summary_images["mean"], image)


def test_nan_frames_are_filled_and_a_trace_of_nothing_is_zero(tmp_path):
    traces = some_traces()
    traces[0, 3] = np.nan
    traces[1] = np.inf
    recording = read_recording(npz(tmp_path / "a.npz", masks=discs(), traces=traces))
    assert recording.traces is not None
    assert recording.traces[0, 3] == 3.0
    assert not recording.traces[1].any()
    assert any(note.startswith("1 traces had frames that were NaN") for note in recording.notes)
    assert any(note.startswith("1 traces held nothing but") for note in recording.notes)


def test_labels_out_of_range_name_index_and_value(tmp_path):
    with pytest.raises(InvalidInput, match=r"'labels' has 1 values .* 7 at index 1"):
        read_recording(npz(tmp_path / "a.npz", masks=discs(), labels=[1, 7, 2]))


def test_missing_labels_are_0_or_nan(tmp_path):
    recording = read_recording(npz(tmp_path / "a.npz", masks=discs(), labels=[np.nan, 0, 2]))
    assert recording.imported_labels[0].labels.tolist() == [0, 0, 2]


def test_labels_of_another_length_are_left_out_with_a_note(tmp_path):
    recording = read_recording(npz(tmp_path / "a.npz", masks=discs(), labels=[1, 2]))
    assert recording.imported_labels == ()
    assert "2 labels for 3" in " ".join(recording.notes)


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, [1.0, 2.0]])
def test_a_frame_rate_that_is_none_is_left_out(tmp_path, value):
    assert read_recording(npz(tmp_path / "a.npz", masks=discs(), fps=value)).frame_rate_hz is None


@pytest.mark.parametrize(
    ("masks", "words"),
    [
        (np.zeros((3, 60, 80)), "no weight above 0|empty"),
        (np.full((3, 60, 80), np.nan), "NaN"),
        (np.zeros((0, 60, 80)), "no components"),
        (np.zeros((3, 0, 80)), "shape"),
        (np.zeros((3, 4, 5, 6)), "shape"),
        (np.zeros(5), "shape"),
        (np.ones((2, 60, 80), dtype=complex), "complex"),
        (np.ones((2, 60, 80), dtype=np.longdouble), "type"),
        (np.full((2, 60, 80), "x"), "type"),
    ],
)
def test_masks_of_the_wrong_kind_are_refused_with_the_reason(tmp_path, masks, words):
    with pytest.raises(UnreadableFile, match=words):
        read_recording(npz(tmp_path / "a.npz", masks=masks))


def test_objects_in_an_npz_are_never_unpickled(tmp_path):
    target = tmp_path / "owned"
    save_pickle(tmp_path / "masks.npy", booming(target))
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.write(tmp_path / "masks.npy", "masks.npy")
    for name in ("a.npz", "masks.npy"):
        with pytest.raises(UnreadableFile, match="never loaded"):
            read_recording(tmp_path / name)
    assert not target.exists()


def header(shape: tuple[int, ...], descr: str = "<f4") -> bytes:
    stream = io.BytesIO()
    declared = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, declared)
    return stream.getvalue()


@pytest.mark.parametrize("shape", [(10**9, 50, 50), (2**62, 2**62), (-1, 50, 50), (10**30,)])
def test_a_header_that_declares_the_impossible_allocates_nothing(tmp_path, shape):
    (tmp_path / "masks.npy").write_bytes(header(shape) + b"\0" * 100)
    with pytest.raises((UnreadableFile, FileTooLarge)):
        read_recording(tmp_path / "masks.npy")


def test_a_header_that_promises_more_than_is_there_says_so(tmp_path):
    (tmp_path / "masks.npy").write_bytes(header((1000, 50, 50)) + b"\0" * 100)
    with pytest.raises(UnreadableFile, match="cut short: it has 100 of 10,000,000 bytes"):
        read_recording(tmp_path / "masks.npy")


def test_a_member_that_unpacks_past_the_limit_stops(tmp_path):
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("masks.npy", header((4000, 50, 50)) + b"\0" * 40_000_000)
    with pytest.raises(FileTooLarge, match=r"masks\.npy is larger than 8 MB"):
        read_recording(path, limits=ReadLimits(max_unpacked_bytes=8 * MB))


def test_a_member_that_lies_about_its_size_is_no_way_round_the_limit(tmp_path):
    """The directory says 200 bytes; the header and the data say 40 MB."""
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("masks.npy", header((4000, 50, 50)) + b"\0" * 40_000_000)
        size = archive.infolist()[0].file_size
    path.write_bytes(path.read_bytes().replace(struct.pack("<I", size), struct.pack("<I", 200)))
    with pytest.raises((FileTooLarge, UnreadableFile)):
        read_recording(path, limits=ReadLimits(max_unpacked_bytes=8 * MB))


def test_every_cut_of_an_npz_is_refused_cleanly(tmp_path):
    data = npz(tmp_path / "a.npz", masks=discs()[:, :20, :30]).read_bytes()
    for end in range(0, len(data), 97):
        (tmp_path / "b.npz").write_bytes(data[:end])
        with pytest.raises(UnreadableFile, match=r"b\.npz") as caught:
            read_recording(tmp_path / "b.npz")
        assert str(tmp_path) not in str(caught.value)


def test_a_flipped_bit_in_packed_data_is_noticed(tmp_path):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, masks=np.random.default_rng(1).random((3, 60, 80)))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(bytes(data))
    with pytest.raises(UnreadableFile, match="damaged"):
        read_recording(path)


def test_an_npz_without_masks_says_what_it_has(tmp_path):
    with pytest.raises(UnreadableFile, match=r"no array 'masks' \(found: traces"):
        read_recording(npz(tmp_path / "a.npz", traces=some_traces()))


def test_a_radius_in_the_file_rescales_unless_the_caller_gives_one(tmp_path):
    path = npz(tmp_path / "a.npz", masks=discs(), neuron_radius_px=16.0)
    assert read_recording(path).mask_scale == 0.5
    assert read_recording(path, neuron_radius_px=4.0).mask_scale == 2.0


def test_too_many_components_are_refused(tmp_path):
    with pytest.raises(UnreadableFile, match="more than 2 components"):
        read_recording(npz(tmp_path / "a.npz", masks=discs()), limits=ReadLimits(max_components=2))
