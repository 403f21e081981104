"""The output formats of `penstock check`: a report for people and three for programs."""
