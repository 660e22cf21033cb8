import json

import pytest

from classifier.config import TrainingConfig


def test_a_config_survives_json():
    config = TrainingConfig(folds=3, channels=(8, 8, 16, 16), learning_rate=0.01, augment=False)
    assert TrainingConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_an_unknown_setting_is_refused_by_name():
    with pytest.raises(ValueError, match="'epoch'"):
        TrainingConfig.from_dict({"epoch": 3})


@pytest.mark.parametrize(
    ("field", "value", "limit"),
    [
        ("folds", 1, "2 to 20"),
        ("folds", True, "2 to 20"),
        ("epochs", 0, "1 to 5000"),
        ("epochs", 2.5, "1 to 5000"),
        ("batch_size", 10**9, "2 to 1024"),
        ("learning_rate", 0, "1e-06 to 10"),
        ("learning_rate", float("nan"), "1e-06 to 10"),
        ("learning_rate", "fast", "1e-06 to 10"),
        ("dropout", 1.0, "0 to 0.9"),
        ("kernel", 4, "3 or 5"),
        ("pooling", 4, "2 to 3"),
        ("channels", (8, 8, 8), "four integers"),
        ("channels", (8, 8, 8, 10**6), "2 to 256"),
        ("augment", "yes", "true or false"),
        ("seed", -1, "0 to"),
        ("architecture", "", "registered"),
        ("members", 0, "1 to 10"),
        ("classes", 5, "3 or 4"),
        ("kernel", 3.0, "3 or 5"),
        ("balance", 1.5, "0 to 1"),
        ("balance_by", "luck", "sampling or weights"),
        ("mixup", 3, "0 to 2"),
        ("preparation", "raw", "somata or caiman"),
        ("activation", "tanh", "relu"),
        ("inputs", ("trace",), "must hold mask"),
        ("inputs", ("mask", "mask"), "must hold mask"),
        ("inputs", ["mask", "movie"], "trace and context"),
        ("inputs", "mask", "must hold mask"),
        ("layers", 5, "3"),
        ("layers", True, "3"),
    ],
)
def test_a_value_out_of_range_is_refused_with_field_and_range(field, value, limit):
    with pytest.raises(ValueError, match=field) as refusal:
        TrainingConfig.from_dict({field: value})
    assert limit in str(refusal.value)


def test_a_depth_is_one_that_the_architecture_comes_in():
    assert TrainingConfig(architecture="vgg", layers=16).depth == 16
    assert TrainingConfig(architecture="vgg").depth == 4
    with pytest.raises(ValueError, match="layers must be 10 or 18 or 34"):
        TrainingConfig(architecture="resnet", layers=16)


def test_the_default_is_somatas_own_on_everything():
    config = TrainingConfig()
    assert config.architecture == "committee"
    assert config.inputs == ("mask", "trace", "context")
    assert config.measured
    assert not TrainingConfig(architecture="cnn").measured
    assert TrainingConfig(classes=3).codes == (1, 2, 3)
