"""What the trusted side computes itself: the data set, networks rebuilt from claims, predictions and accuracy."""
