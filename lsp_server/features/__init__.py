"""One module for each thing an editor can ask for; each is pure: a document and parameters in, protocol values out."""
