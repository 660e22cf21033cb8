"""Weights as earlier versions stored them, by the names and in the shapes that they have now."""

import torch

from classifier.training import StateDict

APART = "others."
"""What the small networks were stored under, each on its own, before they worked side by side."""


def today(state: StateDict) -> StateDict:
    """A network's weights as today's architectures want them; today's own come back as they are.

    Weights that fit nothing keep their names, and are refused where a model is built of them.
    """
    named = {_name(name): tensor for name, tensor in state.items()}
    return _side_by_side(named) if any(name.startswith(APART) for name in named) else named


def _name(name: str) -> str:
    """What the first format called the weights of the document's CNN, as they are called now."""
    if name.startswith("fc2."):
        return "head." + name.removeprefix("fc2.")
    return f"trunk.{name}" if name.startswith(("conv", "fc1.")) else name


def _side_by_side(state: StateDict) -> StateDict:
    networks = sorted({name.split(".")[1] for name in state if name.startswith(APART)})
    found = {name: tensor for name, tensor in state.items() if not name.startswith(APART)}
    try:
        for now, then in (("first", "1.0"), ("second", "3.0"), ("last", "5")):
            each = [f"{APART}{number}.{then}" for number in networks]
            weights = [state[f"{one}.weight"].T for one in each]
            found[f"networks.{now}.weight"] = torch.stack(weights).contiguous()
            found[f"networks.{now}.bias"] = torch.stack(
                [state[f"{one}.bias"][None] for one in each]
            )
        for now, then in (("0", "1.1"), ("1", "3.1")):
            each = [f"{APART}{number}.{then}" for number in networks]
            for what in ("weight", "bias", "running_mean", "running_var"):
                found[f"networks.norms.{now}.{what}"] = torch.cat(
                    [state[f"{one}.{what}"] for one in each]
                )
            counted = state[f"{each[0]}.num_batches_tracked"]
            found[f"networks.norms.{now}.num_batches_tracked"] = counted
    except (KeyError, RuntimeError, IndexError) as error:
        raise ValueError(f"The model's networks lack or misstate {error}.") from error
    return found
