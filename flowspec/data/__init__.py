"""Sources of data: numpy arrays in train, validation and test parts, found by name."""

from flowspec.data.dataset import DataError, Dataset, Labels, Parts
from flowspec.data.registry import SOURCES, load
from flowspec.data.toy2d import GENERATORS

__all__ = ["GENERATORS", "SOURCES", "DataError", "Dataset", "Labels", "Parts", "load"]
