"""What this machine offers to the classifier."""

import os
import platform

import torch

from app.settings import Settings


def device() -> torch.device:
    """The GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def threads(settings: Settings) -> int:
    """CPU threads to train with."""
    return settings.worker_threads or os.cpu_count() or 1


def worker_name() -> str:
    """Which machine and process this is."""
    return f"{platform.node()}-{os.getpid()}"
