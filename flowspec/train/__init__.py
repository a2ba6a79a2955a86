"""Training, evaluation, and the checkpoints and folders of runs."""
