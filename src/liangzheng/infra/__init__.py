"""The outside world, one file per neighbour: database, queue, files, settings, logs, figures for operators."""
