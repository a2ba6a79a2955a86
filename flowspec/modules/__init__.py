"""The torch side of the vocabulary: one module per word, in a file and a class of the same name as its declaration."""
