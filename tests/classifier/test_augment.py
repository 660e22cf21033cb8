from dataclasses import replace

import torch

from classifier.augment import AugmentationRanges, augment

STILL = AugmentationRanges(rotation_turns=0, shear=0, shift_px=0, zoom=0, flip=False, worn=0)


def blob(row: int = 20, column: int = 30) -> torch.Tensor:
    mask = torch.zeros(8, 1, 50, 50)
    mask[:, :, row - 2 : row + 3, column - 2 : column + 3] = 1
    return mask


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def centres(masks: torch.Tensor) -> torch.Tensor:
    along = torch.arange(50.0)
    total = masks.sum(dim=(1, 2, 3))
    rows = (masks.sum(dim=(1, 3)) * along).sum(1) / total
    columns = (masks.sum(dim=(1, 2)) * along).sum(1) / total
    return torch.stack([rows, columns], 1) - 24.5


def test_no_range_changes_nothing():
    torch.testing.assert_close(augment(blob(), generator(), STILL), blob())


def test_the_same_generator_gives_the_same_views():
    assert torch.equal(augment(blob(), generator(1)), augment(blob(), generator(1)))
    assert not torch.equal(augment(blob(), generator(1)), augment(blob(), generator(2)))


def test_each_mask_of_a_batch_gets_its_own_view():
    views = augment(blob(), generator())
    assert not torch.equal(views[0], views[1])


def test_rotation_and_flip_keep_the_distance_from_the_middle():
    turned = augment(blob(), generator(), replace(STILL, rotation_turns=1.0, flip=True))
    distance = centres(turned).norm(dim=1)
    torch.testing.assert_close(distance, centres(blob()).norm(dim=1), atol=0.15, rtol=0)


def test_a_flip_mirrors_left_and_right_only():
    flipped = augment(blob(), generator(), replace(STILL, flip=True))
    moved = centres(flipped)
    torch.testing.assert_close(moved[:, 0], centres(blob())[:, 0])
    assert sorted({round(float(x), 1) for x in moved[:, 1]}) == [-5.5, 5.5]


def test_a_shift_moves_by_no_more_than_its_range():
    moved = centres(augment(blob(), generator(), replace(STILL, shift_px=2.0))) - centres(blob())
    assert moved.abs().max() <= 2.01
    assert moved.abs().max() > 0.3


def test_zoom_scales_areas_by_no_more_than_its_range():
    area = augment(blob(25, 25), generator(), replace(STILL, zoom=0.2)).sum(dim=(1, 2, 3)) / 25
    assert area.max() < 1.6
    assert area.min() > 0.6
    assert area.std() > 0.05


def test_what_defines_the_class_stays_in_the_window():
    views = augment(blob(25, 25), generator())
    assert (views.sum(dim=(1, 2, 3)) > 0.7 * 25).all()


def test_all_channels_move_together():
    stacked = blob().repeat(1, 3, 1, 1)
    views = augment(stacked, generator(3), AugmentationRanges(worn=0))
    torch.testing.assert_close(views[:, 1], views[:, 0])
    torch.testing.assert_close(views[:, 2], views[:, 0])
    assert not torch.equal(views[:, :1], blob())
    worn = augment(stacked, generator(3), AugmentationRanges(worn=1.0))
    torch.testing.assert_close(worn[:, 1:], views[:, 1:])


def test_wear_takes_from_the_mask_and_leaves_the_surroundings():
    stacked = blob(25, 25).repeat(8, 3, 1, 1)
    views = augment(stacked, generator(), replace(STILL, worn=1.0))
    torch.testing.assert_close(views[:, 1:], stacked[:, 1:])
    assert (views[:, 0] <= stacked[:, 0] + 1e-6).all()
    lost = 25 - (views[:, 0] > 0).sum(dim=(1, 2))
    assert (lost > 0).float().mean() > 0.5


def test_no_mask_is_worn_to_nothing():
    dots = torch.zeros(200, 1, 50, 50)
    dots[:, :, 25, 25] = 0.3
    ranges = replace(STILL, worn=1.0, speckle=1.0, threshold=1.0, cut_px=0.0)
    views = augment(dots, generator(), ranges)
    assert (views.amax(dim=(1, 2, 3)) > 0).all()


def test_worn_or_not_most_of_a_soma_is_left_in_the_window():
    soma = blob(25, 25).repeat(50, 1, 1, 1)
    soma[:, :, 18:33, 18:33] = 1
    left = augment(soma, generator()).sum(dim=(1, 2, 3)) / 225
    assert left.min() > 0.2
    assert left.median() > 0.8
