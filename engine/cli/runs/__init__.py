"""Runs on the command line: what starts, shows, ends and lands them."""
